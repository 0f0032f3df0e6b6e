"""Makes the OpenAPI 3.1 document of the API from its routes and from what each view says about itself."""

import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flask import Flask
from werkzeug.routing import Rule

from fit_service.web.access import SCOPES
from fit_service.web.openapi.description import Content, Description, Header, Schema
from fit_service.web.openapi.entry_schemas import ENTRY_SCHEMAS
from fit_service.web.openapi.exported_files import EXPORT_SCHEMAS
from fit_service.web.openapi.file_schemas import FILE_SCHEMAS
from fit_service.web.openapi.problems import PROBLEM_SCHEMAS, PROBLEMS, problem_response
from fit_service.web.openapi.schema_parts import ID
from fit_service.web.openapi.summary_schemas import SUMMARY_SCHEMAS
from fit_service.web.openapi.webhook_messages import HEADERS, MESSAGES, message_example, message_schema
from fit_service.web.openapi.webhook_schemas import WEBHOOK_SCHEMAS
from fit_service.web.parameters import Parameter

_PREFIX = "/api/"
_SECURITY = "moogle"
_TAGS = {
    "Entries": ("Body weights, one by one and many at once.", ("body_weight", "body_weight_batch")),
    "Charts": ("What a chart shows.", ("summary",)),
    "Files": ("Everything, as CSV, JSON, FHIR or Open mHealth.", ("transfer",)),
    "Webhooks": ("Where an app wants to be told of changes.", ("webhooks",)),
}
"""Each tag has a description, and stands for these blueprints."""
_PATH_VARIABLES: Mapping[str, tuple[str, Schema]] = {
    "entry_id": ("The `id` of an entry.", ID),
    "webhook_id": ("The `id` of a webhook.", ID),
}
_ON_EVERY_ANSWER = [Header("X-Request-Id", "Name it when you report a problem; send one to choose it.", always=True)]
_ON_COUNTED_ANSWERS = [
    Header("RateLimit", "How many requests are left, and for how many seconds (draft-ietf-httpapi-ratelimit-headers)."),
    Header("RateLimit-Policy", "How many requests a client may make for one person, and in how many seconds."),
]
_ABOUT = """\
A person's body weight over time, for apps that the person allowed. Every call carries an access token that stands for a
person, as `Authorization: Bearer` (or `DPoP`, with a proof); everything it reads and writes is that person's.

- **Weights** are exact decimals in strings, in the `unit` in which they were entered, or in the one that is asked for.
- **Instants** are RFC 3339 timestamps with an offset; answers are in UTC.
- **401** `invalid_token`: refresh the token once and repeat. **429**, **503**: wait for the seconds in `Retry-After`.
"""

Document = dict[str, Any]


def openapi_document(app: Flask, origin: str, issuer: str) -> Document:
    """Make the document. `origin` is where the API is, `issuer` the authorization server as clients see it."""
    paths: dict[str, Document] = {}
    for rule, view in _described_routes(app):
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            paths.setdefault(path, {})[method.lower()] = _operation(rule, view)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Moogle Fit API",
            "version": "1",
            "description": _ABOUT,
        },
        "servers": [{"url": origin}],
        "tags": [{"name": name, "description": description} for name, (description, _) in _TAGS.items()],
        "paths": paths,
        "webhooks": {kind: {"post": _message(kind)} for kind in MESSAGES},
        "components": {
            "schemas": {
                **ENTRY_SCHEMAS,
                **SUMMARY_SCHEMAS,
                **FILE_SCHEMAS,
                **EXPORT_SCHEMAS,
                **WEBHOOK_SCHEMAS,
                **PROBLEM_SCHEMAS,
            },
            "responses": {
                problem.name: problem_response(status) for status, problem in PROBLEMS.items() if problem.detail
            },
            "securitySchemes": {_SECURITY: _security_scheme(issuer)},
        },
    }


def _described_routes(app: Flask) -> Iterator[tuple[Rule, Any]]:
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        if rule.rule.startswith(_PREFIX) and hasattr(view, "description"):
            yield rule, view


def _operation(rule: Rule, view: Any) -> Document:
    blueprint, _, name = rule.endpoint.partition(".")
    summary, _, more = (inspect.getdoc(view) or "").partition("\n\n")
    description: Description = view.description
    operation: Document = {
        "operationId": name,
        "tags": [tag for tag, (_, blueprints) in _TAGS.items() if blueprint in blueprints],
        "summary": summary.removesuffix("."),
        "description": re.sub(r"\s*\n(?!\n)\s*", " ", more),
        "security": [{_SECURITY: [view.scope]}],
        "parameters": [
            *(_path_variable(variable) for variable in sorted(rule.arguments)),
            *(_query_parameter(parameter) for parameter in getattr(view, "parameters", ())),
            *(_header_parameter(header) for trait in description.traits for header in trait.request_headers),
        ],
    }
    if description.sends:
        operation["requestBody"] = {
            "required": True,
            "description": f"At most {view.max_body} bytes.",
            "content": _contents(description.sends),
        }
    operation["responses"] = _responses(rule, view)
    return {name: value for name, value in operation.items() if value}


def _responses(rule: Rule, view: Any) -> Document:
    description: Description = view.description
    headers = [
        *(header for trait in description.traits for header in trait.answer_headers),
        *_ON_COUNTED_ANSWERS,
        *_ON_EVERY_ANSWER,
    ]
    success: Document = {"description": "Done.", "headers": {header.name: _header(header) for header in headers}}
    if description.answers:
        success["content"] = _contents(description.answers)
    answers = dict.fromkeys(description.statuses, success)
    if any(trait.unchanged for trait in description.traits):
        answers[304] = {**success, "description": "The app has this version already."}
        answers[304].pop("content")
    return {str(status): answer for status, answer in sorted({**answers, **_problems(rule, view)}.items())}


def _problems(rule: Rule, view: Any) -> dict[int, Document]:
    """List the refusals that anything may meet, those that follow from what the view takes, and its own."""
    description: Description = view.description
    statuses: dict[int, str | None] = dict.fromkeys((400, 401, 403, 422, 429, 503))
    if rule.arguments:
        statuses[404] = None
    if description.sends:
        statuses |= dict.fromkeys((413, 415))
    for trait in description.traits:
        statuses |= trait.problems
    return {
        status: {"$ref": f"#/components/responses/{PROBLEMS[status].name}"}
        if detail is None
        else problem_response(status, detail)
        for status, detail in statuses.items()
    }


def _message(kind: str) -> Document:
    summary, data, example = MESSAGES[kind]
    content = Content(message_schema(kind, data), example=message_example(kind, example))
    return {
        "operationId": kind.replace(".", "_"),
        "tags": ["Webhooks"],
        "summary": summary,
        "security": [],
        "parameters": [{**_header_parameter(header), "required": True} for header in HEADERS],
        "requestBody": {"required": True, "content": _contents([content])},
        "responses": {"2XX": {"description": "Taken. Whatever else is answered, it is sent again."}},
    }


def _path_variable(name: str) -> Document:
    description, schema = _PATH_VARIABLES[name]
    return {"name": name, "in": "path", "required": True, "description": description, "schema": schema}


def _query_parameter(parameter: Parameter[Any]) -> Document:
    default = parameter.default
    schema = dict(parameter.reader.schema)
    if default is not None and not parameter.required:
        schema["default"] = default if isinstance(default, int) else str(default)
    required = {"required": True} if parameter.required else {}
    return {"name": parameter.name, "in": "query", **required, "description": parameter.description, "schema": schema}


def _header_parameter(header: Header) -> Document:
    return {"name": header.name, "in": "header", "description": header.description, "schema": header.schema}


def _header(header: Header) -> Document:
    return {"description": header.description, "required": header.always, "schema": header.schema}


def _contents(contents: Sequence[Content]) -> Document:
    return {
        content.media_type: {
            "schema": content.schema,
            **({"example": content.example} if content.example is not None else {}),
        }
        for content in contents
    }


def _security_scheme(issuer: str) -> Document:
    return {
        "type": "oauth2",
        "description": "Tokens are opaque, live for minutes and can be revoked at any time. PKCE (S256) is required.",
        "flows": {
            "authorizationCode": {
                "authorizationUrl": f"{issuer}/authorize",
                "tokenUrl": f"{issuer}/token",
                "refreshUrl": f"{issuer}/token",
                "scopes": SCOPES,
            }
        },
    }
