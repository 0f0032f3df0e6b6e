"""One poll of the revocation feed, and what its answer says, read strictly: anything unexpected is no answer."""

import json
from dataclasses import dataclass
from typing import Any

from ..back_channel.channel import BackChannel
from ..errors import UnusableAnswerError
from ..wire import FeedAnswer

WAIT = 1
"""The authorization server may hold an answer for so many seconds while there is nothing to tell."""
GRACE = 1.0
"""The exchange itself may take so many seconds more."""


@dataclass(frozen=True, slots=True)
class Batch:
    """It is one answer of the feed."""

    cursor: str
    reset: bool
    """If it is True, the position was lost and anything may have been revoked."""
    ended: frozenset[str]
    """These ended: tokens by `jti` and grants by `grant_id`."""
    narrowed: dict[str, frozenset[str]]
    """These grants go on, by `grant_id`, with no more than these scopes."""
    more: bool
    """If it is True, there is more to tell at once, so this answer proves nothing."""
    issuer: str | None
    """It is who answers."""
    resource: str | None
    """It is whom it answers. Like `issuer` it is None from a server that doesn't say so."""


def read_feed(channel: BackChannel, cursor: str, *, wait: int = WAIT, grace: float = GRACE) -> Batch:
    """Return what was revoked since `cursor`, which is empty the first time. Raises CannotValidateError.

    The answer may be held for `wait` seconds while there is nothing to tell, and may take `grace` seconds more.
    """
    parameters = {"wait": str(wait)} | ({"after": cursor} if cursor else {})
    return read_batch(channel.get("/revocations", parameters, within=wait + grace).body)


def read_batch(body: bytes) -> Batch:
    """Return an answer of the feed. Raises UnusableAnswerError for anything else."""
    try:
        answer: FeedAnswer = json.loads(body)
        events = [_a(dict, event) for event in _a(list, answer["events"])]
        batch = Batch(
            cursor=_a(str, answer["cursor"]),
            reset=_a(bool, answer["reset"]),
            ended=frozenset(_a(str, name) for event in events if "scope" not in event for name in event.values()),
            narrowed={_a(str, event["grant_id"]): _words(event["scope"]) for event in events if "scope" in event},
            more=_a(bool, answer["more"]),
            issuer=_a(str, answer["issuer"]) if "issuer" in answer else None,
            resource=_a(str, answer["resource"]) if "resource" in answer else None,
        )
    except (ValueError, RecursionError, KeyError, TypeError):
        raise UnusableAnswerError("the revocation feed answered nonsense") from None
    if not batch.cursor:
        raise UnusableAnswerError("the revocation feed answered without a cursor")
    return batch


def _words(value: Any) -> frozenset[str]:
    return frozenset(_a(str, value).split())


def _a(kind: type, value: Any) -> Any:
    if type(value) is not kind:
        raise TypeError
    return value
