"""Clients of the product, for reading and for trying out. They talk to it over HTTP only."""
