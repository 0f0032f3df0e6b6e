"""Whose request is under way, and from where it came: what is recorded says so without being told by each caller."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from typing import NamedTuple


class Who(StrEnum):
    """Somebody of this kind sent the request."""

    PERSON = "person"
    """They sat at a browser, at one of our pages."""
    STRANGER = "stranger"
    """They sat at a browser too, and had not proved who they are."""
    CLIENT = "client"
    """A program called one of the endpoints for programs."""
    OPERATOR = "operator"
    """Somebody was at the command line."""
    SERVICE = "service"
    """Nobody asked for it."""


class Acting(NamedTuple):
    """A request is under way. What a record keeps of address and program, `caller.py` says."""

    who: Who = Who.SERVICE
    address: str = ""
    user_agent: str | None = None
    request_id: str | None = None
    language: str | None = None
    """The page that is asked for speaks it; None: no page is."""


_NOBODY = Acting()
_acting: ContextVar[Acting] = ContextVar("acting", default=_NOBODY)


def acting() -> Acting:
    """Return whose request this thread is answering."""
    return _acting.get()


def begin_acting(
    who: Who, address: str, user_agent: str | None, request_id: str | None, language: str | None = None
) -> None:
    """Note whose request this thread answers until it answers another."""
    _acting.set(Acting(who, address, user_agent, request_id, language))


def speak(language: str) -> None:
    """Note that the page speaks another language than it was thought to."""
    _acting.set(_acting.get()._replace(language=language))


@contextmanager
def acting_as(who: Who) -> Iterator[None]:
    """Do something that no request asked for."""
    before = _acting.set(Acting(who))
    try:
        yield
    finally:
        _acting.reset(before)
