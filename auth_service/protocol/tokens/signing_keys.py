"""We sign with these keys. Here it is decided which one signs when, which ones are published, and how they rotate.

A new key is published a day before it signs and a day after it has stopped, so that whoever verifies, and keeps our
keys for a while, always has the right one. What is signed is not decided here.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwa import ESAlgorithm
from joserfc.jwk import ECKey, KeySet, RSAKey
from joserfc.jws import JWSRegistry

from auth_service.models.acting import Who, acting_as
from auth_service.models.base import now
from auth_service.models.signing_key import SigningKey
from auth_service.storage.signing_keys import SigningKeyStore

ALGORITHMS = ("ES256", "RS256")
PUBLISHED_BEFORE_USE = timedelta(days=1)
PUBLISHED_AFTER_USE = timedelta(days=1)
"""This is longer than anything that we sign is good for."""

_KeyPair = ECKey | RSAKey


class RotationRefusedError(Exception):
    """Another rotation came in between; the message says so."""


class _DeterministicES256(ESAlgorithm):
    """It is ES256 without a random number (RFC 6979): the same claims have the same signature each time."""

    def sign(self, msg: bytes, key: ECKey) -> bytes:
        signature = key.get_op_key("sign").sign(msg, ECDSA(SHA256(), deterministic_signing=True))
        return b"".join(number.to_bytes(32) for number in decode_dss_signature(signature))


_REGISTRY = JWSRegistry(algorithms=ALGORITHMS)
_REGISTRY.algorithms = {**JWSRegistry.algorithms, "ES256": _DeterministicES256("ES256", "P-256", 256)}


class Signer:
    """It has loaded the keys of one algorithm: what can fail, an outage, is over."""

    def __init__(self, algorithm: str, keys: Sequence[tuple[float, _KeyPair]]) -> None:
        self.algorithm = algorithm
        self._keys = keys

    def sign(self, claims: dict[str, Any], *, at: float, typ: str = "JWT") -> str:
        """Return a JWT, signed with the key that was to be used `at` (epoch seconds), always the same one."""
        due = [key for signs_from, key in self._keys if signs_from <= at]
        key = due[-1] if due else self._keys[0][1]
        header = {"typ": typ, "alg": self.algorithm, "kid": key.kid}
        return jwt.encode(header, claims, key, registry=_REGISTRY)


@dataclass(frozen=True, slots=True)
class ScheduledKey:
    """A key has its place in time."""

    key: SigningKey
    signs_until: datetime | None
    """It signs until then; None while no successor is known."""

    @property
    def published_until(self) -> datetime | None:
        """It leaves /jwks then; None while no successor is known."""
        return self.signs_until + PUBLISHED_AFTER_USE if self.signs_until else None

    def state(self, at: datetime) -> str:
        """Name its state. `waiting` and `retiring` keys are published and don't sign; only we know a `retired` one."""
        if at < self.key.signs_from:
            return "waiting"
        if self.signs_until is None or at < self.signs_until:
            return "signing"
        return "retiring" if at < self.signs_until + PUBLISHED_AFTER_USE else "retired"


class SigningKeyRing:
    """It signs, publishes and rotates, and makes a key of its own accord where there is none that it can use."""

    def __init__(self, store: SigningKeyStore) -> None:
        self._store = store
        self._loaded: dict[str, _KeyPair] = {}

    def signer(self, algorithm: str) -> Signer:
        """Return the signer of an algorithm. It is to be asked for before the step that must be the last to fail."""
        return Signer(algorithm, self._usable(algorithm, self._store.all()) or self._ensured(algorithm))

    def public_keys(self) -> list[dict[str, Any]]:
        """Return what is published (RFC 7517 §5), read anew, so that no key signs that is not in the answer."""
        for algorithm in ALGORITHMS:
            self._ensured(algorithm)
        return [each.key.public_jwk for each in self.schedule() if each.state(now()) != "retired"]

    def schedule(self) -> list[ScheduledKey]:
        """Return every key that we know, in the order in which they sign."""
        keys = self._store.read()
        ends: dict[str, datetime] = {}
        for algorithm in ALGORITHMS:
            ends |= {one.kid: after.signs_from for one, after in pairwise(_of(algorithm, keys))}
        return [ScheduledKey(key, ends.get(key.kid)) for key in keys]

    def is_readable(self, key: SigningKey) -> bool:
        """Whether the token key that encrypts its private half is in the ring still."""
        return self._store.private_key(key) is not None

    def rotate(self, algorithm: str, *, at_once: bool = False) -> None:
        """Add the key that signs from tomorrow on; or, `at_once`, one that replaces all others, which are forgotten.

        Raises RotationRefusedError.
        """
        schedule = [each for each in self.schedule() if each.key.algorithm == algorithm]
        forgotten = [each.key.kid for each in schedule if at_once or each.state(now()) == "retired"]
        signs_from = now() if at_once or not schedule else now() + PUBLISHED_BEFORE_USE
        if not self._add(algorithm, [each.key for each in schedule], signs_from, instead_of=forgotten):
            raise RotationRefusedError(f"another rotation of {algorithm} came in between")

    def claims_of(self, token: str) -> dict[str, Any] | None:
        """Return the claims of an ordinary JWT that we signed, also one that has expired; None for anything else."""
        keys = [_import(key.public_jwk) for key in self._store.all()]
        try:
            read = jwt.decode(token, KeySet(list(keys)), registry=_REGISTRY)
        except (JoseError, ValueError, RecursionError):
            return None
        return read.claims if read.header.get("typ") == "JWT" else None

    def _ensured(self, algorithm: str) -> list[tuple[float, _KeyPair]]:
        while not (usable := self._usable(algorithm, keys := self._store.read())):
            with acting_as(Who.SERVICE):
                self._add(algorithm, _of(algorithm, keys), now())  # if another process is faster, we use its key
        return usable

    def _usable(self, algorithm: str, keys: Sequence[SigningKey]) -> list[tuple[float, _KeyPair]]:
        """Return keys with the instant from which each is used. Without its token key, one is no longer ours."""
        pairs = ((key.signs_from.timestamp(), self._private(key)) for key in _of(algorithm, keys))
        return [(signs_from, pair) for signs_from, pair in pairs if pair is not None]

    def _private(self, key: SigningKey) -> _KeyPair | None:
        if key.kid not in self._loaded:
            private = self._store.private_key(key)
            if private is None:
                return None
            self._loaded[key.kid] = _import(json.loads(private))
        return self._loaded[key.kid]

    def _add(
        self, algorithm: str, known: Sequence[SigningKey], signs_from: datetime, *, instead_of: Sequence[str] = ()
    ) -> bool:
        pair: _KeyPair = ECKey.generate_key("P-256") if algorithm == "ES256" else RSAKey.generate_key(2048)
        names = {"kid": pair.thumbprint(), "use": "sig", "alg": algorithm}
        key = SigningKey(
            kid=names["kid"],
            algorithm=algorithm,
            generation=max((key.generation for key in known), default=0) + 1,
            public_jwk=pair.as_dict(private=False, **names),
            signs_from=signs_from,
        )
        return self._store.add(key, json.dumps(pair.as_dict(private=True, **names)).encode(), instead_of=instead_of)


def _of(algorithm: str, keys: Sequence[SigningKey]) -> list[SigningKey]:
    return [key for key in keys if key.algorithm == algorithm]


def _import(jwk: dict[str, Any]) -> _KeyPair:
    return ECKey.import_key(jwk) if jwk["kty"] == "EC" else RSAKey.import_key(jwk)
