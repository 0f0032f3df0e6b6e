"""A client may ask for this when a person signs out of it (OpenID Connect RP-Initiated Logout §2, §4)."""

from dataclasses import dataclass

from authlib.oauth2.rfc6749 import InvalidRequestError

from auth_service.models.client import Client
from auth_service.protocol.oauth_request import ProtocolRequest
from auth_service.protocol.openid.id_token import IdTokenHint, read_id_token_hint
from auth_service.protocol.redirection import with_parameters
from auth_service.protocol.tokens.signing_keys import SigningKeyRing
from auth_service.storage.clients import ClientStore


@dataclass(frozen=True, slots=True)
class LogoutRequest:
    """The request was checked: whatever it says is so."""

    client: Client | None
    """It comes from this client; None if it doesn't say from which."""
    subject: str | None
    """The client means this account; None if it has no proof that it ever knew anybody."""
    returns_to: str | None
    """The person goes there afterwards: to an address that the client registered, with its `state`."""

    def needs_no_question(self, subject: str) -> bool:
        """Say whether the client means, provably, whoever is signed in. Otherwise a link could sign people out."""
        return self.subject == subject


class LogoutEndpoint:
    """It checks what clients ask for; the pages do it."""

    def __init__(self, issuer: str, clients: ClientStore, signing_keys: SigningKeyRing) -> None:
        self.issuer = issuer
        self._clients = clients
        self._signing_keys = signing_keys

    def check(self, request: ProtocolRequest) -> LogoutRequest:
        """Check a request. An address that the client did not register is never where a person is sent.

        Raises InvalidRequestError: it contradicts itself or what was registered.
        """
        request.refuse_repeated()
        hint = None
        if "id_token_hint" in request.form:
            hint = read_id_token_hint(request.form["id_token_hint"], self._signing_keys, self.issuer)
        client = self._client(request, hint)
        returns_to = request.form.get("post_logout_redirect_uri")
        if client is None:  # the person may still want to sign out
            return LogoutRequest(None, hint.subject if hint else None, None)
        if returns_to is not None:
            if returns_to not in client.post_logout_redirect_uris:
                raise InvalidRequestError("post_logout_redirect_uri is not one that the client registered.")
            if state := request.form.get("state"):
                returns_to = with_parameters(returns_to, {"state": state})
        return LogoutRequest(client, hint.subject if hint else None, returns_to)

    def _client(self, request: ProtocolRequest, hint: IdTokenHint | None) -> Client | None:
        client_id = request.form.get("client_id", hint.client_id if hint else None)
        if hint is not None and client_id != hint.client_id:
            raise InvalidRequestError("client_id is not the client that the ID token was given to.")
        client = self._clients.find(client_id) if client_id else None
        if client is None and "client_id" in request.form:
            raise InvalidRequestError("client_id is unknown.")
        return client
