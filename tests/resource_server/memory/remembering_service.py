"""A validator that remembers, with the authorization server that it asks."""

from collections import Counter
from typing import Any

from shared.resource_server import ActiveToken, CannotValidateError, InvalidTokenError, TokenValidator, connect
from tests.support.polling import eventually
from tests.support.small_authorization_server import ISSUER, SmallAuthorizationServer

RESOURCE = "https://plans.example/"


class RememberingService:
    """A resource server's validator, and the authorization server that it asks."""

    def __init__(self, server: SmallAuthorizationServer, **options: Any) -> None:
        self.server = server
        self.events: Counter[str] = Counter()
        self.validator: TokenValidator = connect(
            resource=RESOURCE,
            issuer=ISSUER,
            client_id="plans",
            client_secret="a secret",
            auth_url=server.address,
            observe=lambda event: self.events.update([event]),
            **{"deadline": 30.0, **options},
        )

    def close(self) -> None:
        self.server.let_polls_go()
        self.validator.close()

    def validate(self, token: str, *scopes: str, fresh: bool = False) -> ActiveToken:
        return self.validator.validate(f"Bearer {token}", *scopes, fresh=fresh)

    def accepts(self, token: str) -> bool:
        try:
            self.validate(token)
        except InvalidTokenError:
            return False
        return True

    def warm(self, *tokens: str) -> None:
        """Until each of them is validated from memory."""
        for token in tokens:
            eventually(lambda token=token: self.accepts(token) and self.is_remembered(token))

    def serves(self, token: str) -> bool:
        """Whether there is an answer at all."""
        try:
            return self.accepts(token)
        except CannotValidateError:
            return False

    def is_remembered(self, token: str) -> bool:
        return self.validator.remembered(f"Bearer {token}") is not None
