"""The life of a grant of which a credential came twice, as a picture, a table and JSON: all of the same moments."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from flask_babel import gettext

from auth_service.models.caller import network_prefix
from auth_service.models.security_event import SecurityEvent
from auth_service.storage.token_reuses import ReuseStory
from auth_service.web.languages import program_named

_CHAIN, _BRANCH = 22, 54
"""So far from the left are uses, and what came again."""
_TOP, _STEP, _LONGEST_PAUSE, _UNKNOWN = 26, 48, 40, 20
_PLACES = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Kind(StrEnum):
    """What happened at a moment. The picture's style sheet knows these names."""

    USE = "use"
    TWICE = "twice"
    """It is the first use of a credential that came again."""
    AGAIN = "again"
    LATE = "late"
    """Another one came after the end."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A credential of the grant was used, or came again, or too late."""

    kind: Kind

    generation: int
    at: datetime
    network: str
    program: str
    missing: int
    """So many uses before it are no longer known."""
    place: str
    """A letter stands for each network and program together, in the order in which they appear."""

    @property
    def label(self) -> str:
        """Name the credential. A code is how the app was connected; the keys that follow are refresh tokens."""
        match self.kind, self.generation:
            case Kind.AGAIN, 0:
                return gettext("Code again")
            case Kind.AGAIN, number:
                return gettext("Key %(number)d again", number=number)
            case Kind.LATE, 0:
                return gettext("Code too late")
            case Kind.LATE, number:
                return gettext("Key %(number)d too late", number=number)
            case _, 0:
                return gettext("Connected")
            case _, number:
                return gettext("Key %(number)d", number=number)

    @property
    def whence(self) -> str:
        """Say in words where it came from."""
        return ", ".join(filter(None, (program_named(self.program), self.network))) or gettext("not known")


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment has its place in the picture, in units of which the picture is 320 wide."""

    moment: Moment
    x: int
    y: int
    previous_y: int | None
    """A line leads there from the use before."""
    branches_from: int | None
    """A line leads there from the use of the same credential."""


@dataclass(frozen=True, slots=True)
class Picture:
    """The marks from top to bottom, and where the end of the grant is."""

    marks: Sequence[Mark]
    last_use_y: int
    end_y: int
    height: int


def moments(story: ReuseStory) -> list[Moment]:
    """Return what is known, in time."""
    reused = {_generation(event) for event in story.conflicts}
    letters: dict[tuple[str, str], str] = {}
    found: list[Moment] = []
    previous = -1
    for use in story.reuse.uses:
        generation, network, program = use["generation"], use["network"], use["program"]
        kind = Kind.TWICE if generation in reused else Kind.USE
        at, place = datetime.fromtimestamp(use["at"], UTC), _letter(letters, network, program)
        found.append(Moment(kind, generation, at, network, program, generation - previous - 1, place))
        previous = generation
    for kind, events in ((Kind.AGAIN, story.conflicts), (Kind.LATE, story.late)):
        for event in events:
            network, program = network_prefix(event.network or ""), event.program or ""
            place = _letter(letters, network, program)
            found.append(Moment(kind, _generation(event), event.at, network, program, 0, place))
    return found


def picture(found: Sequence[Moment]) -> Picture:
    """Lay the moments out: the more time passes, the longer the way."""
    marks: list[Mark] = []
    of_generation: dict[int, int] = {}
    y, last_use, unknown, end, before = _TOP, None, None, None, None
    for moment in found:
        if before is not None:
            y += _STEP + _pause(before.at, moment.at) + (_UNKNOWN if moment.missing else 0)
        match moment.kind:
            case Kind.AGAIN:
                marks.append(Mark(moment, _BRANCH, y, None, of_generation.get(moment.generation, unknown)))
            case Kind.LATE:
                end = y if end is None else end
                y = max(y, end + _STEP)
                marks.append(Mark(moment, _BRANCH, y, None, None))
            case _:
                marks.append(Mark(moment, _CHAIN, y, last_use, None))
                if moment.missing and last_use is not None:
                    unknown = (last_use + y) // 2
                of_generation[moment.generation] = last_use = y
        before = moment
    end = y + _STEP if end is None else end
    return Picture(marks, _TOP if last_use is None else last_use, end, max(y, end) + 30)


def as_json(story: ReuseStory) -> dict[str, object]:
    """Return the same for programs."""
    found = moments(story)
    return {
        "grant_id": story.reuse.grant_id,
        "client_id": story.reuse.client_id,
        "client_name": story.client_name,
        "connected_at": _iso(story.connected_at),
        "reused_generation": story.reuse.generation,
        "ended_at": _iso(story.ended_at),
        "uses": [_moment_as_json(moment) for moment in found if moment.kind in {Kind.USE, Kind.TWICE}],
        "conflicting_uses": [_moment_as_json(moment) for moment in found if moment.kind is Kind.AGAIN],
        "late_uses": [_moment_as_json(moment) for moment in found if moment.kind is Kind.LATE],
        "answer": story.reuse.answer,
        "answered_at": _iso(story.reuse.answered_at),
    }


def _moment_as_json(moment: Moment) -> dict[str, object]:
    return {
        "generation": moment.generation,
        "at": moment.at.isoformat(),
        "network": moment.network or None,
        "program": moment.program or None,
    }


def _letter(letters: dict[tuple[str, str], str], network: str, program: str) -> str:
    return letters.setdefault((network, program), _PLACES[min(len(letters), len(_PLACES) - 1)])


def _pause(before: datetime, after: datetime) -> int:
    seconds = max(0.0, (after - before).total_seconds())
    return min(_LONGEST_PAUSE, round(8 * math.log10(1 + seconds)))


def _iso(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None


def _generation(event: SecurityEvent) -> int:
    return int((event.detail or "0").partition(" ")[0])
