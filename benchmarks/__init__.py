"""How fast the product is, measured on pinned cores: `make bench`. Nothing here is a test; no test depends on speed."""
