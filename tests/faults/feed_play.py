"""One play for all faults between a resource server and the authorization server, each on a service of its own: good
and doomed tokens are used all the time, the faults begin, tokens are revoked, the faults end.
"""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.callers import BOUND, Callers, Record, anyhow, from_memory
from tests.support.gunicorn_stack import GunicornStack
from tests.support.protected_service import run_protected_service
from tests.support.spoiled_back_channel import FEED, Fault, SpoiledBackChannel, cut, late, swallow


@dataclass(frozen=True)
class Scene:
    """What goes wrong for one service."""

    fault: Fault | None = None
    paths: tuple[str, ...] = ()
    """What it spoils; nothing named: everything."""
    deadline: float = 10.0
    """Seconds that a validation may take. While introspection works, this slow machine must not make an outage."""
    settings: dict[str, str] = field(default_factory=dict)


NO_FAULT, STOPPED = "no fault", "a stopped process"
GULLIBLE = "the feed a black hole, and a kit that believes its memory for an hour"
SCENES = {
    NO_FAULT: Scene(),
    STOPPED: Scene(),
    "the feed cut": Scene(cut, (FEED,)),
    "the feed a black hole": Scene(swallow, (FEED,)),
    "the feed a second late": Scene(late(1), (FEED,)),
    "the feed three seconds late": Scene(late(3), (FEED,)),
    "everything late": Scene(late(0.4)),
    "everything cut": Scene(cut, deadline=1.0),
    "everything a black hole": Scene(swallow, deadline=1.0),
    GULLIBLE: Scene(swallow, (FEED,), settings={"PLANS_PROVEN_FOR": "3600"}),
}


@dataclass(frozen=True)
class Scale:
    """How much of everything."""

    doomed: int
    fault_lasts: float
    per_worker: int
    pause: float


@dataclass(frozen=True)
class Play:
    """What was recorded in each scene, and when the faults began and ended. Then all should have become normal."""

    records: dict[str, Record]
    good: list[str]
    doomed: list[str]
    began: float
    ended: float
    settled: float


class Stage:
    """Everything that takes part."""

    def __init__(self, stack: GunicornStack, scale: Scale, folder: Path, running: ExitStack) -> None:
        self._stack = stack
        self._scale = scale
        self._granted = [stack.tokens() for _ in range(scale.doomed)]
        self.good = [stack.tokens()["access_token"] for _ in range(2)]
        self.doomed = [tokens["access_token"] for tokens in self._granted]
        self._revoked: dict[str, float] = {}
        self._channels = {name: running.enter_context(SpoiledBackChannel.to(stack.port)) for name in SCENES}
        self._services = {
            name: running.enter_context(
                run_protected_service(
                    folder,
                    stack,
                    auth_url=self._channels[name].url,
                    deadline=scene.deadline,
                    **scene.settings,
                )
            )
            for name, scene in SCENES.items()
        }
        load = {"per_worker": scale.per_worker, "pause": scale.pause}
        self._callers = {
            name: running.enter_context(Callers.calling(service, self.good + self.doomed, self._revoked, **load))
            for name, service in self._services.items()
        }
        self._stopped = min(self._services[STOPPED].process.workers())
        by_worker = running.enter_context(self._services[STOPPED].connections(scale.doomed))
        self._waiting_line = by_worker[self._stopped]

    def perform(self) -> Play:
        curtain_up = time.monotonic()
        for callers in self._callers.values():
            callers.wait_until(from_memory, self.good + self.doomed, since=curtain_up)
        self._revoke(0)  # it depends whether this is told before the faults begin
        began = time.monotonic()
        for name, scene in SCENES.items():
            if scene.fault is not None:
                self._channels[name].spoil(scene.fault, *scene.paths)
        with self._a_stopped_process():
            self._revoke_most(began)
            self._revoke(-1)  # it depends whether this is told before the faults end
            ended = time.monotonic()
            for channel in self._channels.values():
                channel.recover()
        for callers in self._callers.values():
            with suppress(AssertionError):  # whoever did not recover is a test's to say
                callers.wait_until(from_memory, self.good, since=ended)
        self._wait_until_all_are_long_revoked()
        settled = time.monotonic()
        for callers in self._callers.values():
            callers.wait_until(anyhow, self.good + self.doomed, since=settled)
        records = {name: callers.record for name, callers in self._callers.items()}
        return Play(records, self.good, self.doomed, began, ended, settled)

    def _revoke(self, number: int) -> None:
        """One token or, by turns, the grant that it came from."""
        tokens = self._granted[number]
        self._stack.revoke(tokens["refresh_token" if number % 2 else "access_token"])
        self._revoked[tokens["access_token"]] = time.monotonic()

    def _revoke_most(self, began: float) -> None:
        """All but the first and the last, and wait until they are long revoked."""
        between = (self._scale.fault_lasts - BOUND - 0.5) / self._scale.doomed
        for number in range(1, self._scale.doomed - 1):
            self._revoke(number)
            time.sleep(between)
        self._wait_until_all_are_long_revoked()
        time.sleep(max(0.0, began + self._scale.fault_lasts - time.monotonic()))

    def _wait_until_all_are_long_revoked(self) -> None:
        time.sleep(max(0.0, max(self._revoked.values()) + BOUND + 0.2 - time.monotonic()))

    @contextmanager
    def _a_stopped_process(self) -> Iterator[None]:
        """When it goes on, calls wait for it: with tokens of whose end it has not read yet."""
        os.kill(self._stopped, signal.SIGSTOP)
        try:
            yield
            service = self._services[STOPPED]
            waiting = [
                (connection, token, service.send(connection, token))
                for connection, token in zip(self._waiting_line, self.doomed, strict=True)
            ]
        finally:
            os.kill(self._stopped, signal.SIGCONT)
        self._callers[STOPPED].record.calls.extend(service.receive(*call) for call in waiting)
