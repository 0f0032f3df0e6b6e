"""These are the rules of OAuth as we keep them. Only they subclass Authlib, and they know no Flask, SQL or Redis."""
