"""A view says what bodies, headers and refusals it has, beside its scope and parameters."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

Schema = Mapping[str, object]
"""It is JSON Schema, 2020-12, as in OpenAPI 3.1."""

V = TypeVar("V", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Content:
    """A body consists of this."""

    schema: Schema
    media_type: str = "application/json"
    example: object = None
    """It is needed where the schema has no example."""


@dataclass(frozen=True, slots=True)
class Header:
    """A request or an answer has this header."""

    name: str
    description: str
    schema: Schema = field(default_factory=lambda: {"type": "string"})
    always: bool = False
    """If true, no answer comes without it."""


@dataclass(frozen=True, slots=True)
class Trait:
    """A view has this in common with others: headers, and the answers that come with them."""

    request_headers: Sequence[Header] = ()
    answer_headers: Sequence[Header] = ()
    """The answer to a request that succeeded has these, and so has `unchanged`."""
    unchanged: bool = False
    """If true, 304 may come in its place."""
    problems: Mapping[int, str | None] = field(default_factory=dict)
    """Each status comes with what such a refusal says; None: what most of that status say."""


LOCATED = Trait(
    answer_headers=[Header("Location", "Its address.", {"type": "string", "format": "uri-reference"}, always=True)]
)
"""The answer to a request that creates something."""


@dataclass(frozen=True, slots=True)
class Description:
    """One view takes and answers this, apart from what follows from its scope and parameters."""

    statuses: Sequence[int]
    """These are the statuses of success; the first is the usual one."""
    answers: Sequence[Content]
    """An answer is one of these, by media type; without one it has no body."""
    sends: Sequence[Content]
    traits: Sequence[Trait]


def describe(
    *traits: Trait,
    answers: Sequence[Content] = (),
    status: int = 200,
    also: Sequence[int] = (),
    sends: Sequence[Content] = (),
    problems: Mapping[int, str | None] | None = None,
) -> Callable[[V], V]:
    """Say what the view takes and answers. Its docstring says what it does: a line, then more."""
    description = Description((status, *also), answers, sends, (*traits, Trait(problems=problems or {})))

    def decorate(view: V) -> V:
        view.description = description  # type: ignore[attr-defined]
        return view

    return decorate
