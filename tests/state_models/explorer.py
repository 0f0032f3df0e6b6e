"""A breadth-first explorer of finite models: every interleaving, each state once, the shortest way to each violation.

Fifty lines of our own: model checkers (TLA+'s, Spin) want the model in a language of theirs, which nobody here would
keep in step with the code; hypothesis, which is used elsewhere, tries some ways and not all.
"""

import time
from collections import deque
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from typing import Any

Steps = Callable[[Any], Iterable[tuple[str, Any, str | None]]]
"""From a state: what may happen next, the state after it, and what is wrong about that."""
_LIMIT = 1_200_000


@dataclass(frozen=True)
class Case:
    """A model with its bounds, and what is expected of it."""

    name: str
    initial: Hashable
    steps: Steps
    limits: frozenset[str] = frozenset()
    """What goes wrong by the documents, too. Nothing: every property holds."""
    mutant: bool = False
    """A fault was put in: some property has to fail, else the properties see nothing."""
    symmetric: Callable[[Any], Any] = field(default=lambda state: state)
    """Gives states that differ only in names the same name."""


@dataclass(frozen=True)
class Outcome:
    """What was found."""

    case: Case
    states: int
    seconds: float
    found: dict[str, list[str]]
    """Complaints, each with the shortest trace that leads to it."""

    @property
    def as_expected(self) -> bool:
        return bool(self.found) if self.case.mutant else set(self.found) == self.case.limits

    def __str__(self) -> str:
        said = ", ".join(sorted(self.found)) or ("NOT CAUGHT" if self.case.mutant else "every property holds")
        kind = "mutant, caught: " if self.case.mutant and self.found else ""
        verdict = "" if self.as_expected else "  <-- NOT AS EXPECTED"
        return f"{self.case.name}: {self.states:,} states, {self.seconds:.0f} s: {kind}{said}{verdict}"


def explore(case: Case) -> Outcome:
    """Visit every state within the case's bounds; of a mutant, until something is wrong."""
    began, first = time.monotonic(), case.symmetric(case.initial)
    parents: dict[Any, tuple[Any, str] | None] = {first: None}
    queue, found = deque([first]), {}

    def trace(state: Any, label: str) -> list[str]:
        labels = [label]
        while (parent := parents[state]) is not None:
            state, label = parent
            labels.insert(0, label)
        return labels

    while queue and not (case.mutant and found):
        state = queue.popleft()
        for label, after, complaint in case.steps(state):
            if complaint and complaint not in found:
                found[complaint] = trace(state, label)
            named = case.symmetric(after)
            if named not in parents:
                assert len(parents) < _LIMIT, f"{case.name} has too many states"
                parents[named] = (state, label)
                queue.append(named)
    return Outcome(case, len(parents), time.monotonic() - began, found)
