"""Tokens as Django REST Framework's authentication, and scopes as its permission. Needs Django REST Framework.

class JournalToken(TokenAuthentication):
    validator = connect(resource=…, …)

class Journal(APIView):
    authentication_classes = [JournalToken]
    permission_classes = [HasScopes]
    required_scopes = {"GET": ["journal:read"], "POST": ["journal:write"]}
"""

import logging
from dataclasses import dataclass
from typing import Any

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import APIException
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from .django_middleware import proof_of
from .errors import Challenge, NotLetThroughError, NoTokenError
from .introspection.response import ActiveToken
from .needs import check_needs, is_collection
from .one_proof import validated
from .token_validator import TokenValidator
from .wsgi_middleware import authorization_of

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TokenUser:
    """A token stands for this one, `request.user`, unless `TokenAuthentication.user` says otherwise."""

    pk: str
    """It is the token's subject."""
    is_authenticated = True
    is_anonymous = False
    is_active = True


class TokenAuthentication(BaseAuthentication):
    """Subclass it with a `validator`. `request.auth` is the token."""

    validator: TokenValidator

    def user(self, token: ActiveToken) -> Any:
        """Override this to have somebody of your own database as `request.user`."""
        return TokenUser(token.subject)

    def authenticate(self, request: Request) -> tuple[Any, ActiveToken] | None:
        """Return user and token, or None if there is no token. Raises APIException, 503 in an outage."""
        try:
            token = validated(request.META, self.validator, authorization_of(request.META), (), proof_of(request))
        except NoTokenError:
            return None
        except NotLetThroughError as refusal:
            raise RefusedError(refusal, self.validator.challenge) from refusal
        return self.user(token), token

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge for who sent no token."""
        return _challenge(NoTokenError(), self.validator.challenge)


class HasScopes(BasePermission):
    """The view's `required_scopes` says for each method what its token needs. A method that isn't named nobody may use.

    HEAD needs what GET needs. Among the scopes may stand a `needed_authentication(…)`.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        """Return whether there is a token. Raises APIException if it is not enough, TypeError for a text as scopes."""
        token: object = request.auth
        if not isinstance(token, ActiveToken):
            return False
        required = getattr(view, "required_scopes", {}).get("GET" if request.method == "HEAD" else request.method)
        if required is None:
            _log.info("no `required_scopes` of %s names %s", type(view).__name__, request.method)
            return False
        if not is_collection(required):
            raise TypeError(f"`required_scopes` names a list of scopes for each method, not {required!r}")
        try:
            check_needs(token, required)
        except NotLetThroughError as refusal:
            raise RefusedError(refusal, request.successful_authenticator.validator.challenge) from refusal
        return True


class RefusedError(APIException):
    """It is answered in Django REST Framework's form, with our challenge or `Retry-After`."""

    def __init__(self, refusal: NotLetThroughError, challenge: Challenge) -> None:
        self.status_code = refusal.status
        super().__init__(refusal.detail, refusal.error)
        self.auth_header = _challenge(refusal, challenge)
        self.wait = refusal.retry_after
        _log.info("request not let through: %s", refusal)


def _challenge(refusal: NotLetThroughError, challenge: Challenge) -> str:
    return refusal.merged_headers(challenge).get("WWW-Authenticate", "")
