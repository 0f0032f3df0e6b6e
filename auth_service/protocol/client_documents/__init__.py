"""A client may be called by the address of a document that describes it (client ID metadata documents, -02).

`address.py` says which addresses are taken, `reading.py` reads what lies there, `description.py` makes a client of it,
and `known_clients.py` decides when, and what is remembered.
"""
