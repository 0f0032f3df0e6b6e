"""What is said to Moogle: read and add weights, refresh when the access token has expired, hand tokens back.

Refreshing is where clients go wrong. A refresh token works once; if several workers notice at the same moment that the
access token has expired, all send the same Idempotency-Key, and all get the same new pair.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
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
    """The Fit API did not accept what was sent; the message is for the person."""


@dataclass(frozen=True, slots=True)
class Weights:
    """What a page shows, the latest first."""

    entries: list[dict[str, str]]
    connection: Connection
    """As it is after the call: it may have been refreshed."""


class MoogleFit:
    """Calls in a person's name. All raise ConnectionEndedError or UnavailableError."""

    def __init__(self, settings: Settings, store: ConnectionStore) -> None:
        self._settings = settings
        self._store = store
        self._auth_url = settings.auth_url or settings.issuer
        self._entries_url = f"{settings.fit_url or settings.fit_api}body_weight/"

    def weights(self, connection: Connection, unit: str) -> Weights:
        """The latest year's worth of entries, all in one unit."""
        parameters = {"order": "desc", "limit": "366", "unit": unit}
        answer, connection = self._call(connection, "GET", params=parameters)
        return Weights(answer.json(), connection)

    def add(self, connection: Connection, body_weight: str, unit: str) -> None:
        """Insert an entry. Raises RefusedError when the Fit API doesn't accept it."""
        answer, _ = self._call(connection, "POST", json={"body_weight": body_weight, "unit": unit})
        if answer.status_code != 201:
            raise RefusedError(answer.json()["detail"])

    def disconnect(self, connection: Connection) -> None:
        """Hand the refresh token back, which ends the whole grant (RFC 7009), and forget the tokens."""
        with self._session() as session:
            answer = _reached(lambda: session.revoke_token(f"{self._auth_url}/revoke", token=connection.refresh_token))
            if answer.status_code != 200:
                raise UnavailableError
        self._store.remove(connection)

    def _call(self, connection: Connection, method: str, **options: Any) -> tuple[requests.Response, Connection]:
        answer = self._send(connection, method, **options)
        if answer.status_code == 401 and 'error="invalid_token"' in answer.headers.get("WWW-Authenticate", ""):
            connection = self._refresh(connection)
            answer = self._send(connection, method, **options)
        if answer.status_code == 401:
            raise ConnectionEndedError
        if answer.status_code in {429, 500, 502, 503, 504}:
            raise UnavailableError
        return answer, connection

    def _send(self, connection: Connection, method: str, **options: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {connection.access_token}", HEADER: current_request_id() or ""}
        return _reached(
            lambda: requests.request(method, self._entries_url, headers=headers, timeout=_TIMEOUT, **options)
        )

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
