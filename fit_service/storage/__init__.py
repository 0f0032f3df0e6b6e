"""The only folder that talks to SQL or Redis."""
