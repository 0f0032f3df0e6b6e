"""Workers run beside requests."""
