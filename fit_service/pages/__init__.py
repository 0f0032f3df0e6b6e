"""People who write apps read the documentation here. What it says comes from the OpenAPI document."""
