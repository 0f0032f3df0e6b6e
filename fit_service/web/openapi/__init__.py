"""The OpenAPI document is made of what views say about themselves, of the objects of the API, and of its refusals."""
