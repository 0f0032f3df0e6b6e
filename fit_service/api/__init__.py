"""The HTTP API: which endpoints there are, which scope each needs, how parameters and answers look."""
