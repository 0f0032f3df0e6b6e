"""What becomes of tokens: how they are issued, bound to keys, looked up, ended and reported as ended."""
