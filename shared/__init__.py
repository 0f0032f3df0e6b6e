"""What the services have in common, by subject; `resource_server` is the kit that any third API may import as well."""
