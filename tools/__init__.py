"""What runs the product on this machine: `make up`, `make down`, `make demo`. Nothing here is part of the services."""
