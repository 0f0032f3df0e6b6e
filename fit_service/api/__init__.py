"""These are the endpoints of the HTTP API. Each view says by its decorators what it takes and answers."""
