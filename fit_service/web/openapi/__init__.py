"""The OpenAPI document: what views say about themselves, the objects and the refusals, and how it is made of them."""
