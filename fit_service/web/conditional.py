"""What is shown has a version, its `ETag`: 304 for whoever has it already, 412 for whoever would overwrite a newer one.

All tags are strong. They come from the number of the last change, so that knowing a version costs one row. A proxy that
compresses makes others of them: weak ones, which only GET takes back, or ones with a suffix, which is passed over.
"""

import re
from collections.abc import Callable, Iterator

from flask import Response, current_app, request
from werkzeug.datastructures import ETags

from fit_service.rules.body_weight_entry import BodyWeightEntry, version_of
from fit_service.rules.refusals import ChangedMeanwhileError
from fit_service.web.errors import ProblemError
from fit_service.web.openapi.description import Header, Trait
from shared.resource_server import ActiveToken
from shared.service.hashing import sha256

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


_HEX = re.compile("[0-9a-f]*")
_MADE = re.compile("[0-9a-f]{16}-[0-9a-f]{8}(?![0-9a-zA-Z])")


def version_tag(token: ActiveToken, change: int, address: str | None = None, of: object = "") -> str:
    """Name the version that this change made, as it is shown to this app at `address`, or at the one of this request.

    First comes the version, as in the body of an entry, which alone `If-Match` compares; then the view: what is shown
    in pounds is not what is shown in kilograms, and what an app calls an entry is shown to no other. It differs
    from person to person, because caches know addresses only.
    """
    view = f"{address or request.full_path.removesuffix('?')} {token.client_id} {of}"
    return f"{version_of(token.subject, change)}-{sha256(view.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def entry_tag(token: ActiveToken, entry: BodyWeightEntry, address: str | None = None) -> str:
    """Name the version of one entry. Its app's own version may rise without a change that others are told of."""
    return version_tag(token, entry.change, address, entry.record.version if entry.record else "")


def tagged(answer: Response, tag: str) -> Response:
    """Name the version in an answer. Caches of one person may keep it, and have to ask whether it is still the one.

    Whoever passes it on must not compress it, which would make another version of it (RFC 9110 §8.8.3.3, RFC 9111
    §5.2.2.6).
    """
    answer.set_etag(tag)
    answer.headers["Cache-Control"] = "private, no-cache, no-transform"
    return answer


def unless_known(tag: str, make: Callable[[], Response]) -> Response:
    """Answer what `make` makes, or 304 if the client names its version in `If-None-Match` (RFC 9110 §13.1.2)."""
    return unchanged(tag) if is_known(tag) else tagged(make(), tag)


def is_known(tag: str) -> bool:
    """Say whether the client names this version in `If-None-Match`."""
    known = request.if_none_match
    return known.star_tag or any(_without_suffix(each) == tag for each in _tags(known, weak=True))


def unchanged(tag: str) -> Response:
    """Answer 304: the client has this version."""
    return tagged(current_app.response_class(status=304), tag)


def check_preconditions(entry: BodyWeightEntry) -> None:
    """Raise ChangedMeanwhileError or ProblemError where `If-Match` or `If-None-Match` forbids it (RFC 9110 §13.1)."""
    wanted, unwanted = request.if_match, request.if_none_match
    if "If-Match" in request.headers and not (wanted.star_tag or entry.version in _versions(wanted, weak=False)):
        raise ChangedMeanwhileError
    if unwanted.star_tag or entry.version in _versions(unwanted, weak=True):
        raise ProblemError(412, "The entry is one of the versions that If-None-Match excludes.")


def _tags(tags: ETags, *, weak: bool) -> Iterator[str]:
    """Return the tags that were sent. Of `""`, which names nothing of ours, Werkzeug makes None."""
    return (tag for tag in tags.as_set(include_weak=weak) if tag)


def _versions(tags: ETags, *, weak: bool) -> Iterator[str]:
    return (_HEX.match(tag)[0] for tag in _tags(tags, weak=weak))  # type: ignore[index]  # it matches anything


def _without_suffix(tag: str) -> str:
    """Return the tag that we made it of: `-gzip` and the like stand behind the view."""
    made = _MADE.match(tag)
    return made[0] if made else tag
