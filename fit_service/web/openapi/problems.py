"""The OpenAPI document shows the refusals of the API by status, with what one of them really says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from werkzeug.http import HTTP_STATUS_CODES

from fit_service.web.openapi.description import Header, Schema
from fit_service.web.openapi.schema_parts import PLACE, array_of, object_of, ref

PROBLEM_SCHEMAS: Mapping[str, Schema] = {
    "Problem": object_of(
        {
            "type": {"type": "string", "format": "uri-reference"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string", "description": "What is wrong, for whoever writes the app."},
            "errors": array_of(ref("Fault"), description="What is at fault, where that can be named."),
            "violated-policies": array_of({"type": "string"}, description="With 429: which quota was used up."),
        },
        optional=("errors", "violated-policies"),
        description="RFC 9457.",
    ),
    "Fault": object_of(
        {
            "field": {"type": "string", "description": "A member of the body, a parameter or a header."},
            "detail": {"type": "string"},
            **PLACE,
        },
        optional=tuple(PLACE),
    ),
}
_RETRY_AFTER = Header("Retry-After", "Seconds to wait.", {"type": "integer", "minimum": 0}, always=True)
_CHALLENGE = Header("WWW-Authenticate", "What is wrong with the token, and where to get one (RFC 6750 §3, RFC 9728).")
_NONCE = Header("DPoP-Nonce", "The nonce for the next DPoP proof, if one is wanted (RFC 9449 §9).")


@dataclass(frozen=True, slots=True)
class Problem:
    """It describes all refusals of one status."""

    name: str
    """The response has this name in the document."""
    description: str
    detail: str | None
    """Such a refusal says this, unless the view says something else; None: each view does."""
    headers: Sequence[Header] = ()
    members: Mapping[str, object] = field(default_factory=dict)
    """The example has these, beside those that each has or in their place."""


PROBLEMS: Mapping[int, Problem] = {
    400: Problem("BadRequest", "The request is malformed.", "The body can't be read as JSON. It is not valid JSON."),
    401: Problem(
        "Unauthorized",
        "There is no token, or it is expired, revoked or not valid here: refresh it once and repeat.",
        "Send an access token in the Authorization header.",
        [_CHALLENGE, _NONCE],
    ),
    403: Problem(
        "Forbidden",
        "The token lacks the scope, or stands for an app and not for a person.",
        "The access token does not have the scope that this needs.",
        [_CHALLENGE],
    ),
    404: Problem("NotFound", "This person and app have nothing there.", "There is no such entry."),
    409: Problem("Conflict", "It can't be done in the present state.", None),
    410: Problem("Gone", "It is no longer known.", None),
    412: Problem(
        "PreconditionFailed",
        "It is no longer the version that `If-Match` names.",
        "The entry was changed meanwhile: read it again.",
    ),
    413: Problem("ContentTooLarge", "The body is too long.", "The body must have at most 65536 bytes."),
    415: Problem("UnsupportedMediaType", "The body is of another media type.", "The body must be application/json."),
    422: Problem(
        "UnprocessableContent",
        "A member of the body, a parameter or a header has a value that can't be used; `errors` names it.",
        "unit must be lbs or kg.",
        members={"errors": [{"field": "unit", "detail": "unit must be lbs or kg."}]},
    ),
    429: Problem(
        "TooManyRequests",
        "The quota of this client for this person is used up, or too many invalid tokens came from this address.",
        "More than 600 requests in 60 s.",
        [_RETRY_AFTER],
        {
            "type": "https://iana.org/assignments/http-problem-types#quota-exceeded",
            "violated-policies": ["default"],
        },
    ),
    503: Problem(
        "ServiceUnavailable",
        "Something is away. The token is still good and nothing was changed.",
        "Access tokens can't be validated at the moment. The token is still good; try again.",
        [_RETRY_AFTER],
    ),
}


def problem_response(status: int, detail: str | None = None) -> dict[str, object]:
    """Make the response object of a refusal that says `detail`."""
    problem = PROBLEMS[status]
    example = {
        "type": "about:blank",
        "title": HTTP_STATUS_CODES[status],
        "status": status,
        "detail": detail or problem.detail,
        **problem.members,
    }
    headers = {
        header.name: {"description": header.description, "required": header.always, "schema": header.schema}
        for header in problem.headers
    }
    return {
        "description": problem.description,
        **({"headers": headers} if headers else {}),
        "content": {"application/problem+json": {"schema": ref("Problem"), "example": example}},
    }
