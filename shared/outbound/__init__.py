"""Connections to where strangers say, who must not reach what only we can reach (server-side request forgery).

`destination.py` says which addresses are taken at all, `addresses.py` where their names may lead, and `connection.py`
connects to nothing but what was checked.
"""
