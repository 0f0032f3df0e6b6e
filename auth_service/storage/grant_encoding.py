"""Grants and their access tokens are written to Redis in one of two encodings, and read in both.

As hashes they are what every release reads. Compact, each is one string of lines without names, which takes less than
half of the memory: a hash with a value of more than 64 bytes costs two allocations for each of its fields. What repeats
the grant is left out of its access tokens, and digests are cut to 132 bits. A client's own grant and tokens (RFC 6749
§4.4) are hashes in either case: each client has one such grant.

Packing libraries don't help: scripts have to read it, also in fakeredis, whose Lua knows no MessagePack.
"""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import unquote

from redis.exceptions import ResponseError

from auth_service.storage.redis_exchange import Command, Exchange, without_errors

_ASKED_BY_INTROSPECTION = (
    "client_id",
    "subject",
    "username",
    "scopes",
    "audience",
    "auth_time",
    "amr",
    "acr",
    "access_digest",
    "unused",
)
GRANT_FIELDS = (
    *_ASKED_BY_INTROSPECTION,
    "used_at",
    "expires_at",
    "generation",
    "current",
    "previous",
    "nonce",
    "key_id",
    "rotated_at",
    "access_expires_at",
    "access_scope",
    "access_jkt",
    "jkt",
    "bound_since",
    "idempotency_key",
    "parameters",
    "code_challenge",
    "redirect_uri",
    "id_token_nonce",
    "dpop_jkt",
    "first_use",
    "uses",
)
"""The lines of a compact grant are these, in this order. What is added comes last: so older ones stay readable.

None of them can have a line break, but for a client's nonce: in its line that is %0A, and a per cent sign %25.
"""

GRANT_FIELDS_IN_LUA = f"local GRANT_FIELDS = {{{', '.join(map(json.dumps, GRANT_FIELDS))}}}\n"
"""Scripts know them by this."""

_LEADING = len(_ASKED_BY_INTROSPECTION)
_HASH_QUESTION = (*_ASKED_BY_INTROSPECTION, "born")
_ATTEMPTS = 3
"""A grant changes its encoding when it is rotated, perhaps between two questions."""


class GrantValues(NamedTuple):
    """Introspection asks this of a grant, each as it is stored; what is missing is empty."""

    client_id: str
    subject: str
    username: str
    """It is in JSON, so that it has no line break."""
    scopes: str
    audience: str
    auth_time: str
    amr: str
    acr: str
    access_digest: str
    unused: str
    born: str | None
    """It marks the birth of a client's own grant; a person's has none."""


def grant_question(key: str) -> tuple[Command, Command]:
    """Return the commands that ask for a grant's `GrantValues`, compact and of a hash."""
    return ("GET", key), ("HMGET", key, *_HASH_QUESTION)


def read_grant_values(answer: Any) -> GrantValues | None:
    """Return what either command answered; None of a grant that isn't there."""
    if isinstance(answer, str):
        lines = answer.split("\n", _LEADING)[:_LEADING]
        return GrantValues._make([*lines, *[""] * (_LEADING - len(lines)), None])
    if answer is None or answer[0] is None:
        return None
    *values, born = answer
    return GrantValues._make([*(value or "" for value in values), born])


def ask_grants(exchange: Exchange, grant_keys: Sequence[str], *, is_compact: bool) -> list[dict[str, str]]:
    """Return all fields of some grants, without those that are empty; nothing of one that isn't there."""
    questions: list[tuple[Command, Command]] = [(("GET", key), ("HGETALL", key)) for key in grant_keys]
    return [_all_fields(answer) for answer in ask_either(exchange, questions, is_compact=is_compact)]


def ask_either(exchange: Exchange, questions: Sequence[tuple[Command, Command]], *, is_compact: bool) -> list[Any]:
    """Return the answers to questions that are given for both encodings, asked first as it is probably written.

    Raises redis.RedisError.
    """
    asked = 0 if is_compact else 1
    answers = exchange.answers(*(question[asked] for question in questions))
    for _ in range(_ATTEMPTS):
        others = [number for number, answer in enumerate(answers) if _is_of_other_type(answer)]
        if not others:
            break
        asked = 1 - asked
        again = exchange.answers(*(questions[number][asked] for number in others))
        for number, answer in zip(others, again, strict=True):
            answers[number] = answer
    return without_errors(answers)


def _is_of_other_type(answer: Any) -> bool:
    return isinstance(answer, ResponseError) and str(answer).startswith("WRONGTYPE")


def _all_fields(answer: Any) -> dict[str, str]:
    if answer is None:
        return {}
    fields = _from_lines(answer) if isinstance(answer, str) else answer
    return {name: value for name, value in fields.items() if value}


def _from_lines(text: str) -> dict[str, str]:
    fields = dict(zip(GRANT_FIELDS, text.split("\n"), strict=False))
    return {**fields, "id_token_nonce": unquote(fields.get("id_token_nonce", ""))}
