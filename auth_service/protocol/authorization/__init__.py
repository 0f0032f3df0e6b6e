"""Authorization requests are checked, pushed and answered here."""
