"""A client says how the person is to be asked (OpenID Connect Core §3.1.2.1): `prompt`, `max_age` and the hints.

What has to happen next, before a request is answered, is decided here; the pages make it happen. An ordinary OAuth
request may say these things too.
"""

import re
from dataclasses import dataclass, field
from enum import StrEnum

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError

from auth_service.models.authentication import ACR_VALUES, Authentication
from auth_service.models.client import Client
from auth_service.protocol.oauth_request import ProtocolRequest
from auth_service.protocol.openid.id_token import IdTokenHint, read_id_token_hint
from auth_service.protocol.tokens.signing_keys import SigningKeyRing

PROMPTS = ("none", "login", "consent", "select_account")
_LONGEST_NONCE = 512
"""A nonce has at most so many characters: it is kept as long as its grant."""


class Next(StrEnum):
    """Before the request can be answered, this has to happen."""

    SIGN_IN = "sign_in"
    STRENGTHEN = "strengthen"
    """Whoever signed in for this request did so in a way that is not enough for it (RFC 9470 §5)."""
    ASK = "ask"
    ANSWER = "answer"


class LoginRequiredError(OAuth2Error):
    """Nobody is signed in, or not recently enough, or somebody else is; and nobody may be asked (§3.1.2.6)."""

    error = "login_required"


class UnmetAuthenticationRequirementsError(OAuth2Error):
    """The person did not sign in, or nobody can, in one of the ways that the client asked for.

    The code is that of OpenID Connect Core Error Code unmet_authentication_requirements, which RFC 9470 §5 names.
    """

    error = "unmet_authentication_requirements"
    description = "The sign-in is of none of the classes in acr_values."


class ConsentRequiredError(OAuth2Error):
    """The person would have to be asked, and may not be (§3.1.2.6)."""

    error = "consent_required"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """An account sits at the browser, and has proved it so."""

    subject: str
    authentication: Authentication


@dataclass(frozen=True, slots=True)
class AuthenticationRequest:
    """An authorization request says this about the person and how to ask them."""

    prompts: frozenset[str] = frozenset()
    max_age: int | None = None
    """The last sign-in may have been so many seconds ago when the request came."""
    acr_values: tuple[str, ...] = ()
    """The sign-in has to be of one of these classes, of which the first are liked best; any is, where none is named."""
    login_hint: str = field(default="", repr=False)
    hint: IdTokenHint | None = None

    def next_step(self, received_at: float, signed_in: SignedIn | None, *, consent_remembered: bool) -> Next:
        """Say what has to happen next.

        Raises:
            LoginRequiredError: `prompt=none` although somebody would have to sign in; or who did sign in for this
                request is not the one whom the client meant.
            ConsentRequiredError: `prompt=none` although the person would have to be asked.
        """
        if signed_in is None or not self._recent_enough(signed_in, received_at) or not self._is_meant(signed_in):
            if "none" in self.prompts or (signed_in is not None and signed_in.authentication.at >= received_at):
                raise LoginRequiredError
            return Next.SIGN_IN
        if not signed_in.authentication.meets(self.acr_values):
            if "none" in self.prompts:
                raise LoginRequiredError
            return Next.STRENGTHEN if signed_in.authentication.at >= received_at else Next.SIGN_IN
        if consent_remembered and not self.prompts & {"consent", "select_account"}:
            return Next.ANSWER
        if "none" in self.prompts:
            raise ConsentRequiredError
        return Next.ASK  # the page names the account and offers to use another

    def _recent_enough(self, signed_in: SignedIn, received_at: float) -> bool:
        """Measure at the request's arrival, so that whoever signs in for it has done so recently enough."""
        if "login" in self.prompts and signed_in.authentication.at < received_at:
            return False
        return self.max_age is None or signed_in.authentication.at >= received_at - self.max_age

    def _is_meant(self, signed_in: SignedIn) -> bool:
        return self.hint is None or self.hint.subject == signed_in.subject


def must_not_ask(request: ProtocolRequest) -> bool:
    """Say whether nobody may be shown a page, whatever else the request says, and however wrong it is (§3.1.2.3)."""
    return any("none" in prompt.split() for prompt in request.parameters.get("prompt", []))


def authentication_request(
    request: ProtocolRequest, client: Client, ring: SigningKeyRing, issuer: str
) -> AuthenticationRequest:
    """Read what a request of this client says. Raises InvalidRequestError, or UnmetAuthenticationRequirementsError."""
    prompts = request.form.get("prompt", "").split()
    if not set(prompts) <= set(PROMPTS):
        raise InvalidRequestError("prompt has a value that is not supported.")
    if "none" in prompts and len(prompts) > 1:
        raise InvalidRequestError("prompt=none can't be combined with other values.")
    max_age = request.form.get("max_age")
    if max_age is not None and re.fullmatch("[0-9]{1,9}", max_age) is None:
        raise InvalidRequestError("max_age must be a number of seconds.")
    if len(request.form.get("nonce", "")) > _LONGEST_NONCE:
        raise InvalidRequestError(f"nonce must have at most {_LONGEST_NONCE} characters.")
    hint = None
    if "id_token_hint" in request.form:
        hint = read_id_token_hint(request.form["id_token_hint"], ring, issuer)
        if hint is None or hint.client_id != client.client_id:
            raise InvalidRequestError("id_token_hint is not an ID token that this client was given.")
    asked_for = request.form.get("acr_values", "").split()
    acr_values = tuple(value for value in dict.fromkeys(asked_for) if value in ACR_VALUES)
    if asked_for and not acr_values:
        raise UnmetAuthenticationRequirementsError
    return AuthenticationRequest(
        acr_values=acr_values,
        prompts=frozenset(prompts),
        max_age=int(max_age) if max_age is not None else None,
        login_hint=request.form.get("login_hint", ""),
        hint=hint,
    )
