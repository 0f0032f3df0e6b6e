"""What every answer must be, whatever was asked, and where a browser goes on from it."""

import json
import re
from dataclasses import replace
from urllib.parse import parse_qs, parse_qsl, urlsplit

from tests.properties.good_requests import Draft, asked, sent_by_a_page
from tests.properties.hostile_requests import MARKUP
from tests.properties.sender import Answer

REGISTERED_ERRORS = {
    # RFC 6749, RFC 6750, RFC 7009, RFC 7591
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "unsupported_response_type",
    "invalid_scope",
    "access_denied",
    "server_error",
    "temporarily_unavailable",
    "invalid_token",
    "insufficient_scope",
    "unsupported_token_type",
    "invalid_redirect_uri",
    "invalid_client_metadata",
    "invalid_software_statement",
    "unapproved_software_statement",
    # OpenID Connect Core, RFC 8628, RFC 8707, RFC 9101, RFC 9449
    "login_required",
    "consent_required",
    "account_selection_required",
    "interaction_required",
    "invalid_request_uri",
    "invalid_request_object",
    "request_not_supported",
    "request_uri_not_supported",
    "registration_not_supported",
    "authorization_pending",
    "slow_down",
    "expired_token",
    "invalid_target",
    "invalid_dpop_proof",
    "use_dpop_nonce",
}
"""The OAuth Extensions Error Registry, as far as it concerns what we offer."""
ALLOWED = re.compile(r"[\x20-\x21\x23-\x5B\x5D-\x7E]*")
OURS = re.compile(r"/(?![/\\])[\x21-\x5B\x5D-\x7E]*")
"""An address that can't be taken for one of another host."""
REGISTERED_ADDRESS = re.compile(r"http://127\.0\.0\.1:[0-9]{1,5}/callback(\?[\x21-\x5B\x5D-\x7E]*)?")
SECONDS = 2.0
"""Of the processor's time, which a busy machine does not stretch."""


def assert_is_proper(answer: Answer) -> None:
    assert answer.status < 500, answer
    assert answer.seconds < SECONDS, answer
    assert "Traceback" not in answer.text, answer
    assert "X-Injected" not in answer.headers, answer
    if "Location" in answer.headers and answer.status != 201:
        location = answer.headers["Location"]
        assert OURS.fullmatch(location) or REGISTERED_ADDRESS.fullmatch(location), location
    if answer.headers.get("Content-Type", "").startswith("text/html"):
        assert MARKUP not in answer.text, answer
    _assert_names_registered_errors(answer)


def is_refusal(answer: Answer) -> bool:
    """Also one that is told to the client by way of the browser."""
    return answer.status >= 400 or "error" in _returned(answer)


def next_step(answer: Answer, *, by_public: bool) -> Draft | None:
    """Where a browser in which a person is signed in goes on, up to their answer to whoever asks."""
    if answer.status == 201 and "request_uri" in answer.text:
        client_id = "LIVE_public_id" if by_public else "LIVE_client_id"
        return asked("/authorize", client_id=client_id, request_uri=json.loads(answer.text)["request_uri"])
    path, _, query = answer.headers.get("Location", "").partition("?")
    if path.startswith("/"):
        return replace(asked(path), query=tuple(parse_qsl(query, keep_blank_values=True)))
    if asking := re.search('name="request" value="([A-Za-z0-9_-]+)"', answer.text):
        if 'action="/logout/confirm"' in answer.text:
            return sent_by_a_page("/logout/confirm", request=asking[1], decision="sign_out")
        return sent_by_a_page("/consent", request=asking[1], decision="deny")
    return None


def _assert_names_registered_errors(answer: Answer) -> None:
    """In a challenge, on the way back to a client, or as JSON."""
    challenge = answer.headers.get("WWW-Authenticate", "")
    told = re.findall(r'error="([^"]*)"', challenge) + _returned(answer).get("error", [])
    descriptions = re.findall(r'error_description="([^"]*)"', challenge)
    descriptions += _returned(answer).get("error_description", [])
    if answer.status >= 400 and answer.headers.get("Content-Type") == "application/json" and answer.text:
        body = json.loads(answer.text)
        assert set(body) <= {"error", "error_description"}, body
        told.append(body["error"])
        descriptions.append(body.get("error_description", ""))
    assert set(told) <= REGISTERED_ERRORS, told
    assert [text for text in descriptions if not ALLOWED.fullmatch(text)] == []


def _returned(answer: Answer) -> dict[str, list[str]]:
    """What a redirect tells."""
    return parse_qs(urlsplit(answer.headers.get("Location", "")).query, keep_blank_values=True)
