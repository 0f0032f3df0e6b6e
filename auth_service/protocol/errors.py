"""These OAuth errors Authlib has not, or not as we need them. What they say is public; the rest goes to the log."""

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.base import invalid_error_characters
from authlib.oauth2.rfc6749 import InvalidClientError

REALM = "Moogle"


def printable(text: str) -> str:
    """Replace in `text` every character that an error description may not have (RFC 6749 §5.2)."""
    forbidden = set(invalid_error_characters(text))
    return "".join("?" if character in forbidden else character for character in text)


class ClientAuthenticationFailedError(InvalidClientError):
    """An unknown client, a wrong secret and a missing one get one answer, so that client ids can't be probed."""

    status_code = 401
    description = "Client authentication failed."

    def get_headers(self) -> list[tuple[str, str]]:
        """Add a Basic challenge that names a realm (RFC 6749 §5.2, RFC 7617 §2)."""
        return [
            ("Content-Type", "application/json"),
            ("Cache-Control", "no-store"),
            ("Pragma", "no-cache"),
            ("WWW-Authenticate", f'Basic realm="{REALM}", charset="UTF-8"'),
        ]


class NoResourceServerError(OAuth2Error):
    """A client proved itself where only resource servers may ask (RFC 7662 §2.1)."""

    error = "unauthorized_client"
    description = (
        "These are the credentials of a client. Only a resource server may introspect, with its own: "
        "an operator registers one with `resource-server create`."
    )
    status_code = 403


class DocumentRefusedError(OAuth2Error):
    """What lies at the address by which a client is called can't be used. A person is shown why."""

    error = "invalid_client"


class DocumentUnavailableError(OAuth2Error):
    """A client's document could not be read for more than a day, or is just being read. Nothing was spent."""

    error = "temporarily_unavailable"
    description = "The document that describes this client can't be read at the moment."
    status_code = 503

    def get_headers(self) -> list[tuple[str, str]]:
        """Add the seconds to wait."""
        return [*super().get_headers(), ("Retry-After", "5")]


class TooManyFailuresError(OAuth2Error):
    """Client authentication failed too often from there. A right secret is still accepted."""

    error = "temporarily_unavailable"
    description = "Too many failed attempts to authenticate this client. Try again later."
    status_code = 429

    def __init__(self, retry_after: int) -> None:
        super().__init__()
        self.retry_after = retry_after

    def get_headers(self) -> list[tuple[str, str]]:
        """Add the seconds to wait."""
        return [*super().get_headers(), ("Retry-After", str(self.retry_after))]


class TooManyRequestsError(TooManyFailuresError):
    """Somebody there sends more than a person or an app would."""

    description = "Too many requests from there. Try again later."


class InvalidRequestUriError(OAuth2Error):
    """No pushed request of this name waits for this client (RFC 9126 §4; the code is RFC 9101's)."""

    error = "invalid_request_uri"
    description = "request_uri is unknown, expired, used before or not this client's."


class BearerTokenRefusedError(OAuth2Error):
    """The token that the request brought, if any, doesn't allow it (RFC 6750 §3)."""

    error = "invalid_token"
    description = "The request needs a token that allows it."
    status_code = 401

    def __init__(self, *, presented: bool) -> None:
        super().__init__()
        self.presented = presented

    def get_headers(self) -> list[tuple[str, str]]:
        """Add a challenge, which says what was wrong only where something was presented (§3.1)."""
        challenge = f'Bearer realm="{REALM}"' + (', error="invalid_token"' if self.presented else "")
        return [*super().get_headers(), ("WWW-Authenticate", challenge)]


class InvalidClientMetadataError(OAuth2Error):
    """A client can't be registered so (RFC 7591 §3.2.2)."""

    error = "invalid_client_metadata"


class InvalidRedirectUriError(OAuth2Error):
    """A client can't be registered with one of its redirect addresses (RFC 7591 §3.2.2)."""

    error = "invalid_redirect_uri"


class UnapprovedSoftwareStatementError(OAuth2Error):
    """We trust nobody's statements about software, and don't register a client without what is said there (§3.2.2)."""

    error = "unapproved_software_statement"
    description = "Software statements are not accepted here."


class InvalidTargetError(OAuth2Error):
    """The requested resource is unknown, malformed or not allowed (RFC 8707 §2)."""

    error = "invalid_target"
    description = "The requested resource is unknown, malformed or not allowed."


class InvalidDpopProofError(OAuth2Error):
    """A DPoP proof is missing, not good for its request, or made with another key (RFC 9449 §5). Nothing was spent."""

    error = "invalid_dpop_proof"


class UseDpopNonceError(OAuth2Error):
    """The DPoP proof was good, but for its nonce (RFC 9449 §8)."""

    error = "use_dpop_nonce"
    description = "Make the proof with the nonce of the DPoP-Nonce header."

    def __init__(self, nonce: str) -> None:
        super().__init__()
        self.nonce = nonce

    def get_headers(self) -> list[tuple[str, str]]:
        """Add the nonce to use."""
        return [*super().get_headers(), ("DPoP-Nonce", self.nonce)]


class ClientChangedError(OAuth2Error):
    """Scopes were taken from the client while its request was under way. It may ask again, and gets what is left."""

    error = "temporarily_unavailable"
    description = "The client has just been changed: ask again."
    status_code = 503

    def get_headers(self) -> list[tuple[str, str]]:
        """Add the seconds to wait."""
        return [*super().get_headers(), ("Retry-After", "1")]


class UsedByAnotherRequestError(OAuth2Error):
    """A refresh token was used a moment ago, and who brings it again may be the same app. Nothing was ended."""

    error = "temporarily_unavailable"
    description = "Another request has just used this refresh token: look for its successor, and else ask again."
    status_code = 503

    def get_headers(self) -> list[tuple[str, str]]:
        """Add the seconds to wait."""
        return [*super().get_headers(), ("Retry-After", "2")]


class AnswerLostError(OAuth2Error):
    """The tokens of a repeated request can't be derived again: their key has left the ring. Nothing was spent."""

    error = "temporarily_unavailable"
    description = "This answer can't be repeated at the moment."
    status_code = 503

    def get_headers(self) -> list[tuple[str, str]]:
        """Add the seconds to wait."""
        return [*super().get_headers(), ("Retry-After", "1")]
