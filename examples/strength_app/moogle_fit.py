"""How Moogle is called: with the person's token, which is refreshed when it has expired, and handed back in the end.

Refreshing is where clients go wrong. A refresh token works once; if several workers notice at the same moment that the
access token has expired, all send the same Idempotency-Key, and all get the same new pair.
"""

import hmac
from collections.abc import Callable
from typing import Any, TypeVar

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session

from examples.strength_app.connections import Connection, ConnectionStore
from examples.strength_app.settings import Settings
from shared.operations.request_id import HEADER, current_request_id

T = TypeVar("T")

_TIMEOUT = 5
"""Seconds for one call."""


class ConnectionEndedError(Exception):
    """The person cut the app off, or did not use it for long: only connecting again helps."""


class UnavailableError(Exception):
    """Moogle can't answer at the moment. The tokens are still good."""


class RefusedError(Exception):
    """The Fit API did not accept what was sent; the message says why."""

    def __init__(self, answer: requests.Response) -> None:
        problem = answer.json()
        super().__init__(problem["detail"])
        self.status = answer.status_code
        self.fields = {error["field"]: error["detail"] for error in problem.get("errors", [])}
        """What is wrong with which field."""


class MoogleFit:
    """Calls in a person's name. All raise ConnectionEndedError or UnavailableError."""

    def __init__(self, settings: Settings, store: ConnectionStore) -> None:
        self._settings = settings
        self._store = store
        self._auth_url = settings.auth_url or settings.issuer
        self._entries_url = f"{settings.fit_url or settings.fit_api}body_weight/"

    def call(self, connection: Connection, method: str, path: str = "", **options: Any) -> requests.Response:
        """Call the Fit API in the person's name. Raises RefusedError if it doesn't accept what is sent."""
        current = self._store.reload(connection.id)
        if current is None:
            raise ConnectionEndedError
        answer = self._answer(current, method, path, **options)
        if answer.status_code >= 400:
            raise RefusedError(answer)
        return answer

    def disconnect(self, connection: Connection) -> None:
        """Hand the refresh token back, which ends the whole grant (RFC 7009), and forget the tokens."""
        with self._session() as session:
            answer = _reached(lambda: session.revoke_token(f"{self._auth_url}/revoke", token=connection.refresh_token))
            if answer.status_code != 200:
                raise UnavailableError
        self._store.remove(connection)

    def _answer(self, connection: Connection, method: str, path: str, **options: Any) -> requests.Response:
        answer = self._send(connection, method, path, **options)
        if answer.status_code == 401 and 'error="invalid_token"' in answer.headers.get("WWW-Authenticate", ""):
            answer = self._send(self._refresh(connection), method, path, **options)
        if answer.status_code == 401:
            raise ConnectionEndedError
        if answer.status_code in {429, 500, 502, 503, 504}:
            raise UnavailableError
        return answer

    def _send(self, connection: Connection, method: str, path: str, **options: Any) -> requests.Response:
        own = {"Authorization": f"Bearer {connection.access_token}", HEADER: current_request_id() or ""}
        headers = {**options.pop("headers", {}), **own}
        address, timeout = self._entries_url + path, options.pop("timeout", _TIMEOUT)
        return _reached(lambda: requests.request(method, address, headers=headers, timeout=timeout, **options))

    def _refresh(self, old: Connection) -> Connection:
        """A connection with a new pair: fetched here, or meanwhile by another worker."""
        current = self._store.reload(old.id)
        if current is None:
            raise ConnectionEndedError
        if current.refresh_token != old.refresh_token:
            return current
        try:
            with self._session() as session:
                answer = _reached(
                    lambda: session.refresh_token(
                        f"{self._auth_url}/token",
                        refresh_token=old.refresh_token,
                        headers={"Idempotency-Key": self._idempotency_key(old), "Accept": "application/json"},
                    )
                )
        except OAuthError as error:
            if error.error != "invalid_grant":
                raise UnavailableError from error
            self._store.remove(old)
            current = self._store.reload(old.id)
            if current is None:
                raise ConnectionEndedError from error
            return current
        self._store.replace(old, Connection.from_answer(old.id, answer))
        return self._store.reload(old.id) or Connection.from_answer(old.id, answer)

    def _idempotency_key(self, connection: Connection) -> str:
        """All workers derive the same one, without telling each other."""
        return hmac.digest(self._settings.secret_key.encode(), connection.refresh_token.encode(), "sha256").hex()

    def _session(self) -> Any:
        return OAuth2Session(self._settings.client_id, self._settings.client_secret, default_timeout=_TIMEOUT)


def _reached(call: Callable[[], T]) -> T:
    try:
        return call()
    except requests.RequestException as error:
        raise UnavailableError from error
