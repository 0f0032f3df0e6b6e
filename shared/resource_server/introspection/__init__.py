"""How the authorization server is asked about a token (RFC 7662), and what its answer says."""
