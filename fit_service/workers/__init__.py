"""Beside requests runs the process that delivers what webhooks have to be told."""
