"""The OpenAPI document is made of this: what views say of themselves, the objects of the API, and its refusals."""
