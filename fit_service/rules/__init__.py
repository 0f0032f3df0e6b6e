"""Rules say what entries, weights, files and webhooks are and may become. They know no HTTP and no store."""
