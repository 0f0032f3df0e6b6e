"""Clients that nobody registered: a document at the address that is their id describes them."""
