"""Every page that asks for consent says each scope in words, and how long access lasts at most."""

from collections.abc import Iterable, Mapping

from auth_service.models.resource_server import Scope


def described(scopes: Iterable[str], known: Mapping[str, Scope]) -> list[tuple[str, str]]:
    """Return each scope's name and what its resource server says it means, without those that it gave up meanwhile."""
    return [(scope, known[scope].description) for scope in scopes if scope in known]


def in_words(seconds: int) -> str:
    """Say a duration in the largest unit of which it has two."""
    for unit, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} seconds"
