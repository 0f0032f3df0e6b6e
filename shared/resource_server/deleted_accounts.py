"""Erases what an API keeps of people whose accounts are gone, and tells the authorization server that it did.

The revocation feed is about minutes, and forgets after a day. This survives every outage of either side: each deleted
account is told until it is acknowledged. So what is erased may be told once more, and erasing nothing must be no error.
"""

import json
import logging
import ssl
import threading
from collections.abc import Callable, Iterator
from typing import Any

from .back_channel.channel import BackChannel
from .errors import CannotValidateError, UnusableAnswerError

DEADLINE = 5.0
"""An exchange may take so many seconds: nobody waits for it."""
EVERY = 60.0
"""So many seconds lie between questions, unless an application says otherwise."""
_PATH = "/deleted-accounts"

_log = logging.getLogger(__name__)


class DeletedAccounts:
    """It asks as one resource server. It opens no connection before the first question, so a fork may follow.

    Several processes may do the same work at once, and die at any moment.
    """

    def __init__(
        self,
        *,
        issuer: str,
        client_id: str,
        client_secret: str,
        auth_url: str | None = None,
        tls: ssl.SSLContext | None = None,
        proxy: str | None = None,
    ) -> None:
        """Take what `connect` takes under the same names."""
        self._channel = BackChannel(auth_url or issuer, client_id, client_secret, tls=tls, proxy=proxy)

    def pending(self) -> Iterator[str]:
        """Return the `sub` of each deleted account that this resource server has not acknowledged, page by page.

        Raises CannotValidateError.
        """
        after, more = "", True
        while more:
            answer = self._channel.get(_PATH, {"after": after} if after else {}, within=DEADLINE)
            page, more = _read(answer.body)
            if page and page[-1][0] == after:
                raise UnusableAnswerError("the question for deleted accounts was answered with the same page again")
            for _, sub in page:
                yield sub
            after = page[-1][0] if page else ""

    def acknowledge(self, sub: str) -> None:
        """Say that nothing of this person is left, durably. Raises CannotValidateError; then it is told once more."""
        self._channel.post(_PATH, {"sub": sub}, within=DEADLINE)

    def erase_all(self, erase: Callable[[str], None]) -> int:
        """Call `erase` with each pending `sub`, and acknowledge what it returns from: how many there were.

        It must have committed before it returns. What it raises is logged, and that account is tried again next time.
        Raises CannotValidateError.
        """
        erased = 0
        for sub in self.pending():
            try:
                erase(sub)
            except Exception:
                _log.exception("what there is of a deleted account could not be erased; it is tried again")
                continue
            self.acknowledge(sub)
            erased += 1
        return erased

    def run(self, erase: Callable[[str], None], stop: threading.Event, *, every: float = EVERY) -> None:
        """Do that until `stop` is set, with so many seconds in between. An outage is logged once and outlived."""
        lost = False
        while not stop.is_set():
            try:
                if erased := self.erase_all(erase):
                    _log.info("erased what there was of %d deleted accounts", erased)
            except CannotValidateError as outage:
                if not lost:
                    _log.warning("deleted accounts can't be asked for: %s", outage)
                lost = True
            else:
                lost = False
            stop.wait(every)

    def close(self) -> None:
        """Close the connections that are not in use."""
        self._channel.close()


def _read(body: bytes) -> tuple[list[tuple[str, str]], bool]:
    """Return id and `sub` of each account, and whether there are more. Raises UnusableAnswerError for anything else."""
    try:
        answer: dict[str, Any] = json.loads(body)
        page = [(_word(each["id"]), _word(each["sub"])) for each in answer["deleted_accounts"]]
        more = answer["more"]
        if type(more) is not bool or (more and not page):
            raise TypeError
    except (ValueError, RecursionError, KeyError, TypeError):
        raise UnusableAnswerError("the question for deleted accounts was answered with nonsense") from None
    return page, more


def _word(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError
    return value
