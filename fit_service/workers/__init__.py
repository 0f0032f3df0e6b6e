"""What runs beside requests: the process that delivers what webhooks have to be told."""
