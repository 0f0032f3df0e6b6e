"""Other servers, measured beside ours in one run."""
