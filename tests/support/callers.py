"""Load on a protected service, and the record of it: who was let through when, and what had been revoked by then."""

import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Self

from tests.support.polling import eventually
from tests.support.protected_service import Call, Connection, ProtectedService

BOUND = 3.0
"""Seconds after which a revocation is in force, whatever fails. A call counts from when it was sent."""


class Record:
    """Calls, and when the revocation of some of their tokens was acknowledged."""

    def __init__(self, revoked: dict[str, float]) -> None:
        self.calls: list[Call] = []
        self._revoked = revoked

    def accepted_late(self) -> list[Call]:
        """What must not be: calls let through that were sent more than BOUND after their token's revocation."""
        return [call for call in self.calls if call.status == 200 and self._age(call) > BOUND]

    def sent_late(self, worker: int) -> list[Call]:
        """Calls that the worker had to refuse."""
        return [call for call in self.calls if call.worker == worker and self._age(call) > BOUND]

    def last_acceptance(self) -> float:
        """Seconds from the acknowledgement of a revocation to the sending of the last call that was let through."""
        return max((self._age(call) for call in self.calls if call.status == 200), default=float("-inf"))

    def statuses(self, tokens: Collection[str], since: float = 0.0, until: float = float("inf")) -> set[int]:
        """What calls with these tokens got that were sent in this time."""
        return {call.status for call in self.calls if call.token in tokens and since < call.sent_at < until}

    def took(self, tokens: Collection[str], since: float, until: float = float("inf")) -> Counter[str]:
        """How calls with these tokens that were sent in this time were decided."""
        return Counter(call.took for call in self.calls if call.token in tokens and since < call.sent_at < until)

    def workers(self) -> set[int]:
        return {call.worker for call in self.calls}

    def remembered_after(self, moment: float, tokens: Collection[str]) -> float:
        """Seconds from a moment until every worker had let each of these tokens through from memory; or infinity."""
        first = {(worker, token): float("inf") for worker in self.workers() for token in tokens}
        for call in self.calls:
            if call.token in tokens and call.sent_at > moment and from_memory(call):
                first[call.worker, call.token] = min(first[call.worker, call.token], call.answered_at - moment)
        return max(first.values())

    def _age(self, call: Call) -> float:
        return call.sent_at - self._revoked.get(call.token, float("inf"))


_last_acceptances: list[float] = []


def note_last_acceptance(record: Record) -> None:
    """For the line at the end of the run, over all runs in it."""
    _last_acceptances.append(record.last_acceptance())


def longest_acceptance() -> float | None:
    """Seconds, of all that was noted; None if nothing was."""
    return max(_last_acceptances, default=None)


def acceptances(record: Record) -> list[float]:
    """Seconds from the acknowledgement of a revocation to the sending of each later call that was let through."""
    return [age for call in record.calls if call.status == 200 and (age := record._age(call)) > 0]


class Callers:
    """Some on each worker, one call after the other, each going round all tokens."""

    def __init__(self, service: ProtectedService, tokens: Sequence[str], revoked: dict[str, float]) -> None:
        self.service = service
        self.record = Record(revoked)
        self._tokens = tokens
        self._stopped = threading.Event()

    @classmethod
    @contextmanager
    def calling(
        cls,
        service: ProtectedService,
        tokens: Sequence[str],
        revoked: dict[str, float],
        *,
        per_worker: int = 2,
        pause: float = 0.05,
    ) -> Iterator[Self]:
        """Call until the block ends. In `revoked`, the test writes when each revocation was acknowledged."""
        callers = cls(service, tokens, revoked)
        service.wait_until_ready()
        with service.connections(per_worker) as by_worker, ThreadPoolExecutor(99) as pool:
            connections = [connection for some in by_worker.values() for connection in some]
            at_work = [pool.submit(callers._call, connection, pause) for connection in connections]
            try:
                yield callers
            finally:
                callers._stopped.set()
                for caller in at_work:
                    caller.result(90)

    def wait_until(
        self, happened: Callable[[Call], bool], tokens: Collection[str], since: float, within: float = 30.0
    ) -> None:
        """Until with every one of these tokens, every worker has answered a call that was sent since then so."""
        missing = {(worker, token) for worker in self.service.process.workers() for token in tokens}
        read = 0

        def nothing_is_missing() -> bool:
            nonlocal read
            for call in self.record.calls[read:]:
                read += 1
                if call.sent_at > since and happened(call):
                    missing.discard((call.worker, call.token))
            return not missing

        eventually(nothing_is_missing, within)

    def _call(self, connection: Connection, pause: float) -> None:
        while True:
            for token in self._tokens:
                if self._stopped.wait(pause):
                    return
                self.record.calls.append(self.service.call(connection, token))


def from_memory(call: Call) -> bool:
    """Let through without a question."""
    return (call.status, call.took) == (200, "hit")


def refused(call: Call) -> bool:
    """The token isn't good."""
    return call.status == 401


def anyhow(_call: Call) -> bool:
    """Answered."""
    return True
