"""After the password comes a code: of an authenticator app (RFC 6238), or one that was written down for its loss."""

import base64
import hmac
import secrets
import time
import unicodedata
from dataclasses import dataclass

import pyotp

from auth_service.crypto.token_handle import token_digest
from auth_service.models.account import Account
from auth_service.models.authentication import PASSWORD_AND_CODE, PASSWORD_AND_RECOVERY_CODE
from auth_service.protocol.errors import REALM
from auth_service.storage.second_factors import SecondFactorStore

STEP = 30
"""A code is shown for so many seconds (RFC 6238 §4.1)."""
CLOCKS_APART = 1
"""A code that is shown so many steps earlier or later is taken too: clocks differ, and people type (§5.2, §6)."""
RECOVERY_CODES = 10
_RECOVERY_BYTES = 15
"""A recovery code has 120 random bits, so a plain digest of it tells nothing (ASVS 6.5.2)."""
_GROUP = 4


@dataclass(frozen=True, slots=True)
class NewRecoveryCodes:
    """They are shown once, and only their digests are kept."""

    codes: tuple[str, ...]
    digests: tuple[str, ...]


class SecondFactors:
    """It sets second factors up and judges what is typed."""

    def __init__(self, factors: SecondFactorStore) -> None:
        self._factors = factors

    def confirm(self, account: Account, secret: str, typed: str) -> tuple[str, ...] | None:
        """Give an account the authenticator app that has this secret, which a code of it proves.

        Returns the recovery codes. None, and nothing was done, if the code is wrong or there is an app already.
        """
        step = _step_of(secret, typed)
        made = _new_recovery_codes(account.id)
        if step is None or not self._factors.add(account, secret, step, made.digests):
            return None
        return made.codes

    def new_recovery_codes(self, account: Account) -> tuple[str, ...] | None:
        """Replace all recovery codes of an account; None if it has no authenticator app."""
        made = _new_recovery_codes(account.id)
        return made.codes if self._factors.replace_codes(account, made.digests) else None

    def take(self, account: Account, typed: str) -> tuple[str, ...] | None:
        """Spend a code of either kind, and return by which methods somebody signs in with it; None if it is wrong."""
        code = _without_blanks(typed)
        if not code.isdigit():
            digest = _recovery_digest(account.id, code)
            return PASSWORD_AND_RECOVERY_CODE if self._factors.use_recovery_code(account.id, digest) else None
        authenticator = self._factors.find(account.id)
        secret = self._factors.unwrap(authenticator.wrapped_secret) if authenticator else None
        step = _step_of(secret, code) if secret else None
        if authenticator is None or step is None or not self._factors.use_step(authenticator, step):
            return None
        return PASSWORD_AND_CODE


def new_secret() -> str:
    """Make 160 random bits in base32, as many as HMAC-SHA-1 has (RFC 4226 §4)."""
    return pyotp.random_base32()


def address_of(secret: str, username: str) -> str:
    """Return the `otpauth:` address that an authenticator app reads from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=REALM)


def _step_of(secret: str, typed: str) -> int | None:
    """Return the latest time step that shows this code, of those near to now."""
    code, now = _without_blanks(typed), int(time.time()) // STEP
    totp = pyotp.TOTP(secret, interval=STEP)
    near = range(now + CLOCKS_APART, now - CLOCKS_APART - 1, -1)
    shown = [step for step in near if hmac.compare_digest(totp.generate_otp(step).encode(), code.encode())]
    return shown[0] if shown else None


def _without_blanks(typed: str) -> str:
    """Return a code as it was shown: wide digits are digits, and blanks are for reading."""
    return "".join(unicodedata.normalize("NFKC", typed).split())


def _new_recovery_codes(account_id: str) -> NewRecoveryCodes:
    plain = [base64.b32encode(secrets.token_bytes(_RECOVERY_BYTES)).decode().lower() for _ in range(RECOVERY_CODES)]
    grouped = ["-".join(code[at : at + _GROUP] for at in range(0, len(code), _GROUP)) for code in plain]
    return NewRecoveryCodes(tuple(grouped), tuple(_recovery_digest(account_id, code) for code in plain))


def _recovery_digest(account_id: str, typed: str) -> str:
    code = typed.replace("-", "").lower()
    return token_digest(f"recovery code of {account_id}: {code}")
