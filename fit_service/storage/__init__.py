"""The only folder that talks to SQL."""
