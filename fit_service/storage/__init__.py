"""Only this folder talks to SQL or Redis."""
