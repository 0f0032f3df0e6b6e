"""What a view says about itself beside what decorators do: bodies, headers, refusals. `document.py` writes it down."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

Schema = Mapping[str, object]
"""JSON Schema, 2020-12, as in OpenAPI 3.1."""

V = TypeVar("V", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Content:
    """What a body consists of."""

    schema: Schema
    media_type: str = "application/json"
    example: object = None
    """Where the schema has none."""


@dataclass(frozen=True, slots=True)
class Header:
    """A header of a request or of an answer."""

    name: str
    description: str
    schema: Schema = field(default_factory=lambda: {"type": "string"})
    always: bool = False
    """Whether no answer comes without it."""


@dataclass(frozen=True, slots=True)
class Trait:
    """What a view has in common with others: headers, and the answers that come with them."""

    request_headers: Sequence[Header] = ()
    answer_headers: Sequence[Header] = ()
    """Of the answer to a request that succeeded, and of `unchanged`."""
    unchanged: bool = False
    """Whether 304 may come in its place."""
    problems: Mapping[int, str | None] = field(default_factory=dict)
    """By status, each with what such a refusal says, where it isn't what most of that status say."""


LOCATED = Trait(
    answer_headers=[Header("Location", "Its address.", {"type": "string", "format": "uri-reference"}, always=True)]
)
"""The answer to a request that creates something."""


@dataclass(frozen=True, slots=True)
class Description:
    """What one view takes and answers, apart from what follows from its scope and parameters."""

    statuses: Sequence[int]
    """Of success; the first is the usual one."""
    answers: Sequence[Content]
    """By media type; without one there is no body."""
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
