"""The only folder that talks to SQL or Redis. It holds no rules: it answers questions and keeps what it is told."""
