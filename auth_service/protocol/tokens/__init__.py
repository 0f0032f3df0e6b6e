"""Tokens are issued here, bound to keys, looked up, ended, and reported as ended."""
