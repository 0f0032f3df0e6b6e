"""Which scopes a request needs: all that are named, and of each choice at least one."""

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AnyOf:
    """It stands among scopes where one of several is enough."""

    choice: tuple[str, ...]
    """They are in the order in which they were named."""


Scope = str | AnyOf


def any_of(*scopes: str) -> AnyOf:
    """One of these is enough: `require_token(any_of("journal:read", "journal:write"))`.

    A refusal asks for the first, so name first what gives a client least.
    """
    if not scopes:
        raise TypeError("any_of needs at least one scope")
    return AnyOf(scopes)


def are_met(required: Collection[Scope], granted: frozenset[str]) -> bool:
    """Return whether a token with the granted scopes has all that is required."""
    return all(
        scope in granted if isinstance(scope, str) else not granted.isdisjoint(scope.choice) for scope in required
    )


def asked_for(required: Collection[Scope]) -> str:
    """Return the `scope` of a challenge (RFC 6750 §3)."""
    return " ".join(scope if isinstance(scope, str) else scope.choice[0] for scope in required)
