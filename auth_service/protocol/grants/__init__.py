"""Each grant of the token endpoint has its file here; `creation.py` is how one that a person allows begins."""
