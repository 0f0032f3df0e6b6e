"""Clients of the product and APIs that it protects, for reading and for trying out."""
