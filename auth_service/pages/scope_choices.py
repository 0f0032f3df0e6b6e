"""Every page that asks for consent says each scope in words, and how long access lasts at most."""

from collections.abc import Iterable, Mapping

from babel.units import format_unit
from flask_babel import get_locale

from auth_service.models.resource_server import Scope


def described(scopes: Iterable[str], known: Mapping[str, Scope]) -> list[tuple[str, str]]:
    """Return each scope's name and what its resource server says it means, without those that it gave up meanwhile."""
    return [(scope, known[scope].description) for scope in scopes if scope in known]


def in_words(seconds: int) -> str:
    """Say a duration in the largest unit of which it has two, in the language of the page."""
    units = (("day", 86_400), ("hour", 3_600), ("minute", 60))
    unit, size = next(((unit, size) for unit, size in units if seconds >= 2 * size), ("second", 1))
    return format_unit(seconds // size, f"duration-{unit}", locale=get_locale())
