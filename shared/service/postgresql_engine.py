"""The engine for PostgreSQL leaves a server that has become read-only, and of several takes the one that is not."""

from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DisconnectionError

from shared.service.postgresql_connection import ANSWER, Connecting

_WRITABLE = "read-write"
"""Of several hosts the first that can be written is meant, unless the URL's `target_session_attrs` says otherwise."""


def postgresql_engine(url: str, *, pool_size: int, pool_wait: float, pgbouncer: bool) -> Engine:
    """Return an engine whose pool has so many connections, for which a caller waits so many seconds."""
    engine = create_engine(
        url,
        hide_parameters=True,
        pool_pre_ping=True,
        pool_timeout=pool_wait,
        pool_size=pool_size,
        connect_args={
            "client_encoding": "utf8",  # else it is the database's own
            "tcp_user_timeout": int(ANSWER * 1000),
            "keepalives_idle": 5,
            "keepalives_interval": 1,
            "keepalives_count": 3,
        },
    )
    connecting = Connecting(pgbouncer=pgbouncer)
    given = engine.dialect.create_connect_args(engine.url)[1]
    wanted = {"target_session_attrs": _WRITABLE} if "," in str(given.get("host")) else {}

    def connect(_dialect: object, _record: object, _positional: object, parameters: dict[str, Any]) -> Any:
        return connecting.connect({**wanted, **parameters})

    event.listen(engine, "do_connect", connect)
    if {**wanted, **given}.get("target_session_attrs") == _WRITABLE:
        event.listen(engine, "checkout", _leave_what_is_read_only)
    return engine


def _leave_what_is_read_only(connection: Any, _record: object, _fairy: object) -> None:
    """A primary that an operator demotes says so to open connections, and before this it was asked for a sign of life.

    The pool makes another one then, to whichever host is writable.
    """
    if connection.info.parameter_status("default_transaction_read_only") == "on":
        raise DisconnectionError("this PostgreSQL has become read-only")
