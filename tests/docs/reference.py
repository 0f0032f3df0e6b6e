"""What docs/reference.md and docs/events.md have to say, made of the code: `python -m tests.docs.reference` writes it.

Meanings are written here. Which commands, errors, statuses and metadata there are, and the numbers, come from the code.
"""

import importlib
import pkgutil
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

import click
import requests
from authlib.oauth2 import OAuth2Error
from flask import Flask
from gunicorn.config import Config

import auth_service
import buffering_worker
import shared.resource_server as kit
from auth_service.cli.command import MAX_OVERLAP
from auth_service.models import password
from auth_service.models.client import LONGEST_HOME_PAGE, LONGEST_NAME
from auth_service.models.security_event import EventKind
from auth_service.protocol.authorization.pushed_requests import PUSHED_REQUEST_LIFETIME
from auth_service.protocol.client_documents import address, reading
from auth_service.protocol.client_documents.known_clients import AT_ONCE, KEPT_STALE
from auth_service.protocol.clients import assertion
from auth_service.protocol.device.authorization import DEVICE_CODE_LIFETIME
from auth_service.protocol.grants import token_exchange
from auth_service.protocol.openid import authentication_request
from auth_service.protocol.registration import rules
from auth_service.protocol.registration.keys import MAX_KEYS
from auth_service.routes import routes
from auth_service.storage import document_attempts, exchanged_tokens, grants, throttle
from auth_service.storage.password_hashing import HasherInTurns
from auth_service.web.browser_requests import MAX_ADDRESS
from auth_service.web.protocol_app import MAX_PARAMETERS
from auth_service.web.route import MAX_BODY, Route
from buffering_worker.queue_probe import SHORT_QUEUE
from buffering_worker.request_head import LONGEST_HEAD
from buffering_worker.worker import BufferingWorker
from fit_service.api import body_weight_batch
from fit_service.rules import body_weight_entry, entry_batch, entry_import, exact_json, summary, weight
from fit_service.rules.formats import csv_rows
from fit_service.rules.webhooks import schedule, status
from fit_service.settings import Settings as FitSettings
from fit_service.storage import entry_changes, kept_answers, webhook_events
from fit_service.web import access
from fit_service.workers import webhook_sender
from shared.outbound import destination
from shared.service.postgresql_connection import ANSWER, CONNECT
from tests.support.actions import TIMEOUT
from tests.support.servers import fake_redis
from tests.support.stack import Stack, run_stack

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference.md"
EVENTS_PAGE = PAGE.with_name("events.md")
Row = tuple[str, ...]

THROTTLES = {
    "SIGN_INS_OF_ACCOUNT_IN_NETWORK": "wrong passwords for one account from one network",
    "SIGN_INS_IN_NETWORK": "wrong passwords from one network",
    "SIGN_INS_OF_ACCOUNT_BY_STRANGERS": "wrong passwords for one account from networks new to it, together",
    "FAILURES_OF_CLIENT_IN_NETWORK": "failed authentications of one client from one network",
    "FAILURES_IN_NETWORK": "failed authentications of clients from one network",
    "USER_CODES_OF_ACCOUNT": "wrong user codes typed by one account at `/device`",
    "USER_CODES_IN_NETWORK": "wrong user codes typed in one network",
    "UNPROVEN_REQUESTS_IN_NETWORK": "requests of public clients to `/par` and `/device_authorization` from one network",
    "KEPT_REQUESTS_IN_NETWORK": "requests that wait for somebody to sign in, from one network",
    "KEPT_REQUESTS_OF_ACCOUNT": "requests that wait for the decision of one account",
    "CODES_OF_ACCOUNT_IN_NETWORK": "wrong codes after the password of one account from one network",
    "CODES_IN_NETWORK": "wrong codes after a password from one network",
    "CODES_OF_ACCOUNT_BY_STRANGERS": "wrong codes after one password from where the account never signed in",
    "PASSKEY_CHALLENGES_IN_NETWORK": "challenges for passkeys that sign-in pages in one network ask for",
    "MAILS_FOR_ONE_IN_NETWORK": "links mailed for one name or address, asked for from one network",
    "MAILS_FOR_ONE": "links mailed for one name or address",
    "MAILS_IN_NETWORK": "links mailed that one network asks for",
    "REGISTRATIONS_IN_NETWORK": "attempts to register a client from one network",
    "DOCUMENTS_IN_NETWORK": "documents that are read because somebody in one network wants to connect an app",
    "RECORDED_FAILURES": "failed sign-ins that are recorded, of names that nobody has and of those that were throttled",
}
OAUTH_ERRORS = {
    "access_denied": "the person said no, or what the yes was based on has changed meanwhile",
    "authorization_pending": "nobody has decided yet: ask again after `interval` seconds",
    "consent_required": "`prompt=none`, and the person would have to be asked",
    "expired_token": "the device code ran out before anybody decided: begin again",
    "invalid_client": "401: unknown client or wrong proof; what exactly is never said",
    "invalid_client_metadata": "a client can't be registered so; the description says why",
    "invalid_dpop_proof": "the description says what is wrong with the proof. Nothing was spent",
    "invalid_grant": "code, device code or refresh token are not good (any more): the person has to connect again",
    "invalid_redirect_uri": "a client can't be registered with one of its addresses",
    "invalid_request": "a parameter is missing, malformed or there twice; 404, 405 and 413 carry it too",
    "invalid_request_uri": "no pushed request of this name waits for this client",
    "invalid_scope": "of all scopes that were asked for, the client may have none",
    "invalid_target": "`resource` names nobody who has the scopes, or may not be asked for",
    "invalid_token": "401: the token that the request brought doesn't allow it",
    "login_required": "`prompt=none`, and nobody is signed in, or too long ago",
    "server_error": "500: our mistake, and noted in the log",
    "slow_down": "a device asks too often, or during a short outage: its interval is five seconds longer now",
    "temporarily_unavailable": "503: a store can't be asked, or too much is asked; 429: too many from there. "
    "`Retry-After` says until when",
    "unapproved_software_statement": "software statements are not accepted",
    "unauthorized_client": "the client may not use this grant or endpoint",
    "unmet_authentication_requirements": "nobody can, or did, sign in in one of the ways that `acr_values` names",
    "unsupported_grant_type": "there is no such grant",
    "unsupported_response_type": "`code` is the only one",
    "unsupported_token_type": "`token_type_hint` at `/revoke` names a kind that there isn't",
    "use_dpop_nonce": "make the proof again with the nonce in `DPoP-Nonce`",
}
FROM_AUTHLIB = {"unsupported_grant_type", "unsupported_response_type", "unsupported_token_type", "server_error"}
"""Raised by Authlib's own code, or named by `errors.py`, without a class of ours."""
TOKEN_ERRORS = {
    "invalid_request": "400: the token is there twice, or in a form",
    "invalid_token": "401: expired, revoked or for somebody else. Refresh once and repeat",
    "invalid_dpop_proof": "401: the proof is missing or not good; the token is still good",
    "use_dpop_nonce": "401: make the proof again with the nonce in `DPoP-Nonce`",
    "insufficient_scope": "403: the token is good, and lacks the scope that the challenge names",
    "insufficient_user_authentication": "401: the person has to sign in again, as the challenge says",
}
STATUSES = {
    "200": "done, or found",
    "201": "stored, at the address in `Location`",
    "202": "will be sent",
    "204": "done; there is nothing to say",
    "304": "nothing has changed since the version that was sent",
    "400": "the request can't be read",
    "401": "no token, or one that is not good",
    "403": "the token lacks a scope, or stands for an app and not for a person",
    "404": "nothing there, or not yours",
    "405": "no such method here; `Allow` names those that there are",
    "408": "the request was not whole within {request_time}",
    "409": "it can't be done as things stand; the detail says why",
    "410": "the position is too old: begin again",
    "412": "the version that was sent is not the present one",
    "413": "the body is longer than this address takes",
    "414": "the first line of the request is too long",
    "415": "a body of another media type than this address takes",
    "417": "an expectation other than `100-continue`",
    "422": "what was sent can be read and is not good; `errors` names what is at fault",
    "429": "too many requests; `Retry-After` says when to come back",
    "431": "the head of the request is too long",
    "500": "our mistake, and noted in the log",
    "501": "a method that no HTTP server knows, or a transfer coding other than `chunked`",
    "503": "a store or the authorization server can't be asked. Nothing was decided about the token; try again",
}
OF_THE_WORKER = {405} | {
    HTTPStatus[name].value
    for file in Path(buffering_worker.__file__).parent.glob("*.py")
    for name in re.findall(r"HTTPStatus\.([A-Z_]+)", file.read_text())
}
"""Beside what the OpenAPI document has."""
METADATA = {
    "issuer": "who we are: what clients compare with `iss`",
    "authorization_endpoint": "where browsers are sent",
    "token_endpoint": "where codes, refresh tokens and proofs of identity become tokens",
    "introspection_endpoint": "where resource servers ask what a token is worth",
    "revocation_endpoint": "where tokens are handed back",
    "device_authorization_endpoint": "where devices without a browser begin",
    "pushed_authorization_request_endpoint": "where clients leave a request before the browser comes",
    "registration_endpoint": "where clients register themselves; missing if `AUTH_REGISTRATION` is `closed`",
    "client_id_metadata_document_supported": "`true`; missing if `AUTH_CLIENT_ID_METADATA_DOCUMENTS` is `off`",
    "userinfo_endpoint": "who signed in",
    "end_session_endpoint": "where apps send people to sign out",
    "jwks_uri": "the public keys of ID tokens and signed introspection answers",
    "scopes_supported": "every scope that a resource server has registered, `openid` and `profile`",
    "response_types_supported": "`code` alone",
    "response_modes_supported": "`query` alone",
    "grant_types_supported": "which grants there are; which of them a client has is its registration's",
    "token_endpoint_auth_methods_supported": "how clients prove who they are ([clients.md](clients.md))",
    "token_endpoint_auth_signing_alg_values_supported": "with which algorithms assertions may be signed",
    "revocation_endpoint_auth_methods_supported": "the same at `/revoke`",
    "revocation_endpoint_auth_signing_alg_values_supported": "the same at `/revoke`",
    "introspection_endpoint_auth_methods_supported": "how resource servers prove who they are",
    "introspection_signing_alg_values_supported": "how introspection answers are signed for who asks for that",
    "code_challenge_methods_supported": "`S256` alone; PKCE is for every client",
    "dpop_signing_alg_values_supported": "with which algorithms DPoP proofs may be signed ([dpop.md](dpop.md))",
    "authorization_response_iss_parameter_supported": "every authorization response has `iss`: compare it",
    "require_pushed_authorization_requests": "false: only clients that are registered so must push",
    "subject_types_supported": "every client sees the same `sub`",
    "id_token_signing_alg_values_supported": "how ID tokens are signed; a client has one of them",
    "claims_supported": "what an ID token or `/userinfo` may say",
    "acr_values_supported": "classes of sign-ins that `acr_values` may name ([openid_connect.md](openid_connect.md))",
    "prompt_values_supported": "values of `prompt` that are understood ([openid_connect.md](openid_connect.md))",
    "ui_locales_supported": "which languages pages speak, for `ui_locales` ([languages.md](languages.md))",
    "claims_parameter_supported": "false",
    "request_parameter_supported": "false: no request objects",
    "request_uri_parameter_supported": "false: only what was pushed has a `request_uri`",
}


def _count(number: float, unit: str) -> str:
    return f"{number:,g} {unit}"


def _bytes(number: int) -> str:
    for size, unit in ((1024 * 1024, "MiB"), (1024, "KiB")):
        if number % size == 0:
            return f"{number // size} {unit}"
    return f"{number:,} bytes"


def limits() -> Iterator[Row]:
    """What is bounded, by what number, and what happens beyond it."""
    gunicorn, worker = Config(), BufferingWorker
    yield "first line of a request", _bytes(gunicorn.limit_request_line), "414"
    yield (
        "header field, and their number",
        f"{_bytes(gunicorn.limit_request_field_size)}, {gunicorn.limit_request_fields}",
        "431",
    )
    yield "head of a request", _bytes(LONGEST_HEAD), "431"
    yield "time for a whole request to arrive", _count(worker.request_timeout, "s"), "408"
    yield "time to take each part of an answer", _count(worker.send_timeout, "s"), "the connection ends"
    yield (
        "wait for a thread of a worker, while requests queue",
        f"{worker.longest_wait:g} s, and behind at least {SHORT_QUEUE} others",
        "503, before it is begun",
    )
    yield (
        "memory of a worker for requests and answers under way",
        _bytes(worker.max_buffered),
        "503, or the connection ends",
    )
    yield "wait for PostgreSQL: a connection, an answer", f"{CONNECT:g} s, {ANSWER:g} s", "503"
    yield "body, authorization server", _bytes(MAX_BODY), "413"
    yield "parameters of a request to an endpoint for programs", f"{MAX_PARAMETERS:,}", "`invalid_request`"
    yield "`Idempotency-Key`", "16 to 255 visible ASCII characters, or a string of so many in double quotes", "400"
    yield (
        "repetition of a token request by its `Idempotency-Key`",
        _count(grants.REPLAY_WINDOW, "s"),
        "reuse: the grant ends",
    )
    turns = HasherInTurns
    waiting = f"{turns.at_a_time} at a time, {turns.in_line - turns.at_a_time} more for {turns.patience:g} s"
    yield "passwords that a process looks at", waiting, "503, and the attempt doesn't count"
    yield "password", f"{password.MIN_LENGTH} to {password.MAX_LENGTH:,} characters", "refused"
    yield "name of a client, and of its publisher, each", _count(LONGEST_NAME, "characters"), "refused"
    yield "address of a client's home page", _count(LONGEST_HOME_PAGE, "characters"), "refused"
    yield "redirect addresses of a client, each kind", f"{rules._MAX_URIS}", "refused"
    yield "redirect address", _count(rules._MAX_URI, "characters"), "refused"
    yield "keys of a client", f"{MAX_KEYS}", "refused"
    yield "life of a client's assertion", _count(assertion.MAX_LIFETIME, "s"), "401 `invalid_client`"
    yield "form at `/authorize`, as an address", _bytes(MAX_ADDRESS), "`invalid_request`: push the request"
    yield "`nonce`", _count(authentication_request._LONGEST_NONCE, "characters"), "`invalid_request`"
    yield "pushed request", _count(PUSHED_REQUEST_LIFETIME, "s"), "`invalid_request_uri`"
    yield "device code", _count(DEVICE_CODE_LIFETIME, "s"), "`expired_token`"
    yield "services in a row that exchange a token", f"{token_exchange.MAX_ACTORS}", "`invalid_request`"
    yield "tokens exchanged for one token", f"{exchanged_tokens.MAX_EXCHANGES:,}", "`invalid_request`"
    yield "overlap of an old secret", _count(MAX_OVERLAP // 86_400, "days"), "refused"
    for name, item in vars(throttle).items():
        if isinstance(item, throttle.RateLimitItem):
            window = _count(item.get_expiry() // 60, "min")
            yield THROTTLES[name], f"{item.amount} in {window}", "429"
    yield "address of a client's document", _count(address.LONGEST, "characters"), "refused"
    yield "document of a client, and its keys, each", _bytes(reading.MAX_BODY), "refused"
    yield "reading of a document with its keys", _count(reading.DEADLINE, "s"), "refused, or the last good one holds"
    fresh = f"{reading.SHORTEST_FRESH // 60} min to {_hours(reading.LONGEST_FRESH)}, as its host says"
    yield "a document is fresh for", f"{fresh}; else {_count(reading.USUALLY_FRESH, 's')}", "it is read again"
    yield "a document that can't be read again holds for", _hours(KEPT_STALE.total_seconds()) + " more", "503"
    yield "time between two attempts to read a document", _count(document_attempts.PAUSE, "s"), "the last outcome"
    yield "documents that a process reads at a time", f"{AT_ONCE}", "503, or the last good one holds"
    yield "weight", f"{weight.LIGHTEST_KG} to {weight.HEAVIEST_KG} kg, {weight.MAX_DECIMALS} decimals", "422"
    ahead = _hours(body_weight_entry.MAX_AHEAD.total_seconds())
    yield "instant of an entry", f"from {body_weight_entry.FIRST_YEAR} to {ahead} from now", "422"
    yield "number in JSON", _count(exact_json.MAX_NUMBER_LENGTH, "characters"), "400"
    yield "body, Fit API", _bytes(access.MAX_BODY), "413"
    yield "batch", f"{entry_batch.MAX_ENTRIES} entries, {_bytes(body_weight_batch.MAX_BODY)}", "422, 413"
    yield "imported file", f"{_bytes(FitSettings.model_fields['import_limit'].default)} (`FIT_IMPORT_LIMIT`)", "413"
    yield "entries and columns of an imported file", f"{entry_import.MAX_ENTRIES:,} and {csv_rows.MAX_COLUMNS}", "422"
    yield "rows of an imported file that are marked deleted, or no weighings", f"{entry_import.MAX_SKIPPED:,}", "422"
    yield "mistakes that are named of an imported file", f"{entry_import.MAX_ERRORS}", "the rest is not read"
    yield "buckets of a summary", f"{summary.MAX_BUCKETS:,}; {summary.DEFAULT_BUCKETS} without `start`", "422"
    yield (
        "repetition of a POST by its `Idempotency-Key`",
        _hours(kept_answers.LIFETIME.total_seconds()),
        "it is done anew",
    )
    yield "memory of deleted entries", _days(entry_changes.TOMBSTONE_LIFETIME.total_seconds()), "410"
    yield "webhooks of one app and person", f"{status.MAX_PER_PERSON}", "409"
    yield "address of a webhook", _count(destination.MAX_LENGTH, "characters"), "422"
    yield "entries that one message names", f"{webhook_events.MAX_IDS}", "another message"
    yield "answer of a webhook's receiver", _count(webhook_sender.DEADLINE, "s"), "a failure"
    yield "failing of a webhook's receiver", _days(schedule.PATIENCE), "the webhook is disabled, what waited is dropped"


def _hours(seconds: float) -> str:
    return _count(seconds / 3600, "h")


def _days(seconds: float) -> str:
    return _count(seconds / 86_400, "days")


def oauth_errors() -> set[str]:
    """Every code that the authorization server can answer."""
    codes = set(FROM_AUTHLIB)
    for module in pkgutil.walk_packages(auth_service.__path__, "auth_service."):
        if ".migrations" not in module.name and not module.name.endswith(".wsgi"):
            for value in vars(importlib.import_module(module.name)).values():
                if isinstance(value, type) and issubclass(value, OAuth2Error) and value.error:
                    codes.add(value.error)
    return codes


def token_errors() -> set[str]:
    """Every code in a challenge of the kit."""
    return {
        value.error
        for value in vars(kit).values()
        if isinstance(value, type) and issubclass(value, kit.NotLetThroughError) and value.error
    }


def commands(app: Flask) -> Iterator[tuple[str, click.Command]]:
    """Every command of a service, as it is typed."""
    return _commands(app.cli, "")


def _commands(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    for name, command in sorted(group.commands.items()):
        if isinstance(command, click.Group):
            yield from _commands(command, f"{path}{name} ")
        else:
            yield f"{path}{name}", command


def _typed(path: str, command: click.Command) -> str:
    names = [str(p.name).upper() for p in command.params if isinstance(p, click.Argument)]
    return " ".join([path, *names])


def _options(command: click.Command) -> str:
    options = []
    for option in command.params:
        if isinstance(option, click.Option) and option.name != "as_json":  # all have it
            text = f"`{option.opts[0]}`"
            if isinstance(option.type, click.IntRange):
                least, most = option.type.min, option.type.max
                text += f" {least} to {most:,}" if most is not None else f" {least} or more"
            elif isinstance(option.type, click.Choice):
                text += " " + ", ".join(f"`{choice}`" for choice in option.type.choices)
            text += " (required)" if option.required else ""
            options.append(f"{text}: {_escaped(option.help)}" if option.help else text)
    return "<br>".join(options)


def _escaped(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip().replace("|", "\\|")


def table(header: Row, rows: Iterable[Sequence[str]]) -> str:
    """Markdown."""
    lines = [header, ("---",) * len(header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _endpoint(route: Route) -> Row:
    methods = ", ".join(route.verbs)
    reads = any(method in route.verbs for method in ("POST", "PUT"))
    largest, kept = _bytes(route.largest_body) if reads else "", _count(route.kept_for, "s") if route.kept_for else ""
    return f"`{route.path}`", methods, route.called_by, largest, "read it" if route.scripts else "", kept


def tables(
    apps: Mapping[str, Flask], endpoints: Iterable[Route], metadata: Mapping[str, Any], statuses: Iterable[str]
) -> dict[str, str]:
    """Each table by the heading that stands over it."""
    made = {
        f"Commands of {name}": table(
            ("Command", "What it does", "Options"),
            ((f"`{_typed(path, each)}`", _escaped(each.help or ""), _options(each)) for path, each in commands(app)),
        )
        for name, app in apps.items()
    }
    made["Endpoints for programs"] = table(
        ("Path", "Methods", "Called by", "Largest body", "Scripts of other origins", "Kept for"),
        (_endpoint(route) for route in endpoints),
    )
    made["Limits"] = table(("What", "Limit", "Beyond it"), limits())
    made["Errors of the authorization server"] = table(
        ("`error`", "It means"), ((f"`{code}`", OAUTH_ERRORS[code]) for code in sorted(oauth_errors()))
    )
    made["Errors about a token"] = table(
        ("`error`", "It means"), ((f"`{code}`", TOKEN_ERRORS[code]) for code in sorted(token_errors()))
    )
    request_time = _count(BufferingWorker.request_timeout, "s")
    made["Statuses"] = table(
        ("Status", "It means"), ((code, STATUSES[code].format(request_time=request_time)) for code in sorted(statuses))
    )
    made["Metadata of the authorization server"] = table(
        ("Member", "It says"), ((f"`{name}`", METADATA[name]) for name in metadata)
    )
    return made


def events() -> str:
    """The table of docs/events.md."""
    rows = ((f"`{kind}`", kind.when, ", ".join(f"`{name}`" for name in kind.members)) for kind in EventKind)
    return table(("Kind", "It means", "Members"), rows)


def in_place(page: str, heading: str, new: str) -> str:
    """The page with the table below a heading replaced."""
    below = rf"(?m)(^## {re.escape(heading)}\n(?:(?!## |\|)[^\n]*\n)*)(?:\|[^\n]*\n)+"
    return re.sub(below, lambda found: found[1] + new, page, count=1)


def made_tables(stack: Stack) -> dict[str, str]:
    """The tables as a running stack, where clients may register themselves, makes them true."""
    metadata = requests.get(f"{stack.auth}/.well-known/oauth-authorization-server", timeout=TIMEOUT).json()
    document = requests.get(f"{stack.fit}/openapi.json", timeout=TIMEOUT).json()
    operations = (each for path in document["paths"].values() for each in path.values() if "responses" in each)
    statuses = {status for each in operations for status in each["responses"]} | {str(code) for code in OF_THE_WORKER}
    apps = {"auth_service": stack.auth_app, "fit_service": stack.fit_app}
    return tables(apps, routes(stack.parts), metadata, statuses)


def main() -> None:
    """Write the pages."""
    with (
        fake_redis() as redis_url,
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        run_stack(Path(folder), redis_url, registration="open") as stack,
    ):
        page = PAGE.read_text(encoding="utf-8")
        for heading, new in made_tables(stack).items():
            page = in_place(page, heading, new)
    PAGE.write_text(page, encoding="utf-8")
    EVENTS_PAGE.write_text(in_place(EVENTS_PAGE.read_text(encoding="utf-8"), "Events", events()), encoding="utf-8")


if __name__ == "__main__":
    main()
