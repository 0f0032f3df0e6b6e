"""What operators see of a service: its log, its metrics, its health, the ids of its requests, and how it stops."""
