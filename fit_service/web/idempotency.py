"""With an `Idempotency-Key` a request whose answer was lost can be repeated, and happens once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from flask import Response, current_app, request

from fit_service.rules.refusals import InvalidValueError
from fit_service.storage.body_weights import BodyWeightStore
from fit_service.storage.entry_changes import EntryChanges
from fit_service.storage.kept_answers import Answer, OtherRequestError, RepeatableRequest
from fit_service.web.conditional import tagged
from fit_service.web.errors import ProblemError
from fit_service.web.openapi.description import Header, Trait
from shared.resource_server import ActiveToken
from shared.service.hashing import sha256
from shared.service.idempotency_key import KEY_PATTERN, KEY_PROBLEM, idempotency_key

HEADER, REPLAYED = "Idempotency-Key", "Idempotent-Replayed"

REPEATABLE = Trait(
    request_headers=[
        Header(
            HEADER,
            "For 24 hours the same request with the same key gets the same answer and does nothing more.",
            {"type": "string", "pattern": KEY_PATTERN},
        )
    ],
    answer_headers=[Header(REPLAYED, "`true` on an answer that was given before, to this key.", {"const": "true"})],
)
"""A request whose answer was lost may be repeated."""


def change_once(
    store: BodyWeightStore, token: ActiveToken, body_digest: str, work: Callable[[EntryChanges], Response]
) -> Response:
    """Answer what `work` does, or what this request was answered the first time.

    Raises ProblemError if the key is none, and InvalidValueError if it stands for another request.
    """
    request = repeatable_request(token, body_digest)
    with other_requests_refused():
        answer = store.change_once(token.subject, request, lambda changes: _kept(work(changes)), token.client_id)
    response = current_app.response_class(answer.body, answer.status, mimetype="application/json")
    if answer.location is not None:
        response.location = answer.location
    if not answer.body:
        del response.headers["Content-Type"]
    if answer.etag is not None:
        tagged(response, answer.etag)
    return marked(response, is_replay=answer.is_replay)


@contextmanager
def other_requests_refused() -> Iterator[None]:
    """Raise InvalidValueError where a key stands for another request."""
    try:
        yield
    except OtherRequestError:
        raise InvalidValueError(HEADER, f"This {HEADER} was used for another request.") from None


def marked(response: Response, *, is_replay: bool) -> Response:
    """Mark an answer that was given before."""
    if is_replay:
        response.headers[REPLAYED] = "true"
    return response


def digest(data: bytes) -> str:
    """Return the digest by which a body is compared with another."""
    return sha256(data).hexdigest()


def repeatable_request(token: ActiveToken, body_digest: str = "") -> RepeatableRequest | None:
    """Return what this request is known by, if it carries a key. Raises ProblemError if that is none."""
    header = request.headers.get(HEADER)
    if header is None:
        return None
    key = idempotency_key(header)
    if key is None:
        raise ProblemError(400, KEY_PROBLEM, field=HEADER)
    guards = [f"{name}: {request.headers[name]}" for name in ("If-Match", "If-None-Match") if name in request.headers]
    asked_for = (request.method, request.full_path, request.mimetype, body_digest, *guards)
    return RepeatableRequest(
        key=_digest_of(token.subject, token.client_id, key), digest=_digest_of(*asked_for), sent_at=datetime.now(UTC)
    )


def _digest_of(*parts: str) -> str:
    return digest("\0".join(parts).encode("utf-8", "surrogatepass"))


def _kept(response: Response) -> Answer:
    etag, _ = response.get_etag()
    return Answer(response.status_code, response.get_data(as_text=True), response.location, etag)
