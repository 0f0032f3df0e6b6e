"""What our two services have in common: settings, SQL, Redis, outages, and how a request is received.

Nothing here knows the rules, tables or scope names of either service.
"""
