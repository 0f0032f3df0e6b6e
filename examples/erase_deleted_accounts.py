"""Erase what an API keeps of people whose accounts are gone, in a process of its own: `AUTH=… SECRET=… python …`."""

import os
import sqlite3
import threading
from contextlib import closing

from shared.resource_server.deleted_accounts import DeletedAccounts

deleted = DeletedAccounts(issuer=os.environ["AUTH"], client_id="journal", client_secret=os.environ["SECRET"])


def erase(sub: str) -> None:
    """Commit before it returns: then it is acknowledged. It may be called again for the same person."""
    with closing(sqlite3.connect(os.environ["DATABASE"])) as database, database:
        database.execute("DELETE FROM journals WHERE owner = ?", (sub,))


if __name__ == "__main__":
    deleted.run(erase, threading.Event())  # may be killed at any moment: who was not acknowledged is told again
