"""The endpoints of the HTTP API. Each view says by its decorators who may call it, what it takes and answers."""
