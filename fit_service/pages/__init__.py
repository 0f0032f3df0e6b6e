"""HTML for the people who write apps: the documentation. What it says comes from the OpenAPI document."""
