"""Versions of what is shown: `ETag`, 304 for whoever has it already, 412 for whoever would overwrite something newer.

All tags are strong. They come from the number of the last change, so that knowing a version costs one row.
"""

from collections.abc import Callable
from hashlib import sha256

from flask import Response, current_app, request
from werkzeug.datastructures import ETags

from fit_service.api.description import Header, Trait
from fit_service.body_weight_entry import BodyWeightEntry
from fit_service.errors import ProblemError

_ETAG = Header("ETag", "The version of what is shown.", always=True)
TAGGED = Trait(answer_headers=[_ETAG])
"""The answer names its version."""
VERSIONED = Trait(
    request_headers=[Header("If-None-Match", "Versions that the app has: 304 if one of them is the present one.")],
    answer_headers=[_ETAG],
    unchanged=True,
)
"""Whoever has the version already gets 304."""
GUARDED = Trait(
    request_headers=[
        Header("If-Match", "Versions that may be overwritten: 412 if the present one is another."),
        Header("If-None-Match", "Versions that must not be overwritten: 412 if the present one is among them."),
    ],
    problems={412: None},
)
"""Nothing newer is overwritten."""


def version_tag(subject: str, change: int, address: str | None = None) -> str:
    """Of what this change made, as it is shown at `address`, or at the one of this request.

    Before the first `-` stands the version, which `If-Match` compares, after it the view: what is shown in pounds is
    not what is shown in kilograms. Differs from person to person, because caches know addresses only.
    """
    view = address or request.full_path.removesuffix("?")
    return f"{_version(subject, change)}-{sha256(view.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def tagged(answer: Response, tag: str) -> Response:
    """With its version. Caches of one person may keep it, and have to ask whether it is still the one."""
    answer.set_etag(tag)
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer


def unless_known(tag: str, make: Callable[[], Response]) -> Response:
    """What `make` makes, or 304 if the client names its version in `If-None-Match` (RFC 9110 §13.1.2)."""
    if request.if_none_match.contains_weak(tag):
        return tagged(current_app.response_class(status=304), tag)
    return tagged(make(), tag)


def check_preconditions(subject: str, entry: BodyWeightEntry) -> None:
    """Raise ProblemError if `If-Match` or `If-None-Match` forbids to change this version (RFC 9110 §13.1)."""
    version = _version(subject, entry.change)
    if "If-Match" in request.headers and not _names(request.if_match, version, weak=False):
        raise ProblemError(412, "The entry was changed meanwhile: read it again.")
    if "If-None-Match" in request.headers and _names(request.if_none_match, version, weak=True):
        raise ProblemError(412, "The entry is one of the versions that If-None-Match excludes.")


def _version(subject: str, change: int) -> str:
    return sha256(f"{subject} {change}".encode()).hexdigest()[:32]


def _names(tags: ETags, version: str, *, weak: bool) -> bool:
    return tags.star_tag or any(tag.partition("-")[0] == version for tag in tags.as_set(include_weak=weak))
