"""Storage refuses with these errors. An outage is one of redis' or sqlalchemy's own; `web/errors.py` makes it 503."""

from redis import RedisError

from shared.service.sql_engine import SQL_OUTAGES

OUTAGES = (RedisError, *SQL_OUTAGES)
"""The stores raise these when they can't be asked or can't be written."""


class AlreadyExistsError(Exception):
    """Something of this name is there already; the message says what."""


class NameSettledError(Exception):
    """The client can't be renamed: somebody has decided about it under the name that it has."""


class NotFoundError(Exception):
    """There is no such `kind` of thing of this name."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"there is no {kind} {name}")
        self.kind = kind
