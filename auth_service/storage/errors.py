"""What storage refuses. Outages are not here: redis and sqlalchemy raise their own, which `errors.py` makes 503."""


class AlreadyExistsError(Exception):
    """Something of this name is there already; the message says what."""


class NameSettledError(Exception):
    """The client can't be renamed: somebody has decided about it under the name that it has."""


class NotFoundError(Exception):
    """Nothing of this name is there; the message says what was looked for."""
