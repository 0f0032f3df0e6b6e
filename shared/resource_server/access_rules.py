"""What a request needs to be let through: a rule of the application's decides, by method and path.

Servers and frameworks do not read a request alike: a target in absolute form, a root path, dot segments, doubled
slashes, what follows a semicolon, a line feed at the end (which `$` in a pattern passes over), a method in small
letters. Where several readings are possible a request needs what the rule demands of each, and is open only if all of
them are.
"""

import logging
import posixpath
import re
from collections.abc import Callable, Collection, Iterator
from enum import Enum
from typing import Final, Literal

from .needs import Need, is_collection


class _Openness(Enum):
    OPEN = "open"
    OPTIONAL = "optional"


OPEN: Final = _Openness.OPEN
"""A rule returns this for what anybody may see without a token."""

OPTIONAL: Final = _Openness.OPTIONAL
"""A rule returns this for what anybody may see, but differently with a token: one that is sent has to be good."""

Optional = Literal[_Openness.OPTIONAL]
Needs = Collection[Need] | Literal[_Openness.OPEN] | Optional | None
"""A rule returns the scopes that a request needs, an empty set if any good token will do, OPEN or OPTIONAL. Among the
scopes may stand a `needed_authentication(…)`. None means that the rule doesn't name the request, and then nobody is let
through.
"""

RequiredScopes = Callable[[str, str], Needs]
"""A rule is given the method and the path, which is relative to the application, percent-decoded, without the query."""

NOBODY: Final = ("",)
"""What no rule names needs this scope, which no token has (RFC 6749 §3.3)."""

_SCHEME_AND_HOST = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/]*")
_CUT_OFF_BY_SOME = re.compile(r"[;?#\x00-\x1f\x7f].*", re.DOTALL)

_log = logging.getLogger(__name__)


def needed_scopes(
    rule: RequiredScopes, method: str, path: str, root_path: str = ""
) -> Collection[Need] | Optional | None:
    """Return what a request needs, however its path is read; None if nobody looks at a token.

    `root_path` is what a server or a mount says to have been before the application's own path; where the path doesn't
    begin with it, somebody has cut it off already. Raises TypeError for a rule that answers with a text.
    """
    if root_path and _begins_with(path, root_path):
        path, root_path = path[len(root_path) :] or "/", ""
    if not root_path and method.isupper() and _has_one_reading(path):
        return _answer(rule, method, path)
    readings = _readings(path, root_path)
    answers = [_answer(rule, spelled, reading) for spelled in {method, method.upper()} for reading in readings]
    closed = [answer for answer in answers if answer is not None and answer is not OPTIONAL]
    if not closed:
        return OPTIONAL if OPTIONAL in answers else None
    return {scope for answer in closed for scope in answer}


def _answer(rule: RequiredScopes, method: str, path: str) -> Collection[Need] | Optional | None:
    needs = rule(method, path)
    if needs is None:
        _log.info("no rule names %s %s: it has to say which scopes that needs, or OPEN", method, path)
        return NOBODY
    if needs is OPEN or needs is OPTIONAL:
        return None if needs is OPEN else needs
    if not is_collection(needs):
        raise TypeError(f"a rule has to answer with a collection of scopes, not with {needs!r}")
    return needs


def _has_one_reading(path: str) -> bool:
    """These are plain searches: a regular expression takes three times as long, at each call."""
    return (
        path[:1] == "/"
        and "//" not in path
        and "/." not in path
        and "\\" not in path
        and ";" not in path
        and "?" not in path
        and "#" not in path
        and path.isprintable()
    )


def _readings(path: str, root_path: str) -> set[str]:
    """Return the paths that a framework may read here."""
    whole = set(_relative(path, root_path))
    cut = {_CUT_OFF_BY_SOME.sub("", reading) for reading in whole}
    return whole | cut | {_normal(reading) for reading in cut}


def _relative(path: str, root_path: str) -> Iterator[str]:
    path = _origin_form(path)
    if root_path and _begins_with(path, root_path):
        yield _origin_form(path[len(root_path) :])
        return
    yield path
    if root_path and root_path in path:  # there are frameworks that cut at the first place where it stands
        yield _origin_form(path.partition(root_path)[2])


def _begins_with(path: str, root_path: str) -> bool:
    return path.startswith(root_path) and path[len(root_path) : len(root_path) + 1] in {"", "/"}


def _origin_form(path: str) -> str:
    """Return the path without scheme and host (RFC 9112 §3.2.2), and with a slash at its beginning."""
    path = _SCHEME_AND_HOST.sub("", path, count=1) if _SCHEME_AND_HOST.match(path) else path
    return path if path.startswith("/") else f"/{path}"


def _normal(path: str) -> str:
    """Return the path without dot segments and doubled slashes; a slash at the end stays."""
    path = path.replace("\\", "/")
    normal = posixpath.normpath(path).replace("//", "/")
    return f"{normal}/" if path.endswith(("/", "/.", "/..")) and normal != "/" else normal
