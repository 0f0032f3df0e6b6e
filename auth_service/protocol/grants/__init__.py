"""The grants of the token endpoint, one file each, and how a grant that a person allows begins."""
