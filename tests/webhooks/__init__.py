"""The worker's parts: to whom it may connect, how it sends, what it hears of consent, how many it serves at once."""
