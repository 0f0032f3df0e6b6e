"""Passkeys (Web Authentication Level 3 §7) are added here, and people sign in with them.

A passkey alone is enough, because each time the authenticator has to say that it verified its user. Which site a
passkey is for follows from the issuer, so one of a release on another address is worth nothing here.
"""

import ipaddress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from auth_service.models.account import Account
from auth_service.models.authentication import DEVICE_BOUND_PASSKEY, SYNCED_PASSKEY
from auth_service.protocol.errors import REALM
from auth_service.storage.accounts import AccountStore
from auth_service.storage.passkey_challenges import PasskeyChallengeStore, Purpose
from auth_service.storage.passkeys import PasskeyStore

if TYPE_CHECKING:
    from auth_service.protocol.factors.webauthn_ceremonies import Ceremonies

CHALLENGE_LIFETIME = 900
"""So many seconds a browser has to answer: the sign-in page may stay open, and asks anew before."""


@dataclass(frozen=True, slots=True)
class SignedInByPasskey:
    """Somebody proved with a passkey who they are."""

    account: Account
    methods: tuple[str, ...]
    """They did so by these (RFC 8176)."""


class Passkeys:
    """It asks authenticators and judges what they answer. A `holder` is the browser that was asked."""

    def __init__(
        self, issuer: str, accounts: AccountStore, passkeys: PasskeyStore, challenges: PasskeyChallengeStore
    ) -> None:
        self._origin = issuer
        self._site = str(urlsplit(issuer).hostname)
        self._accounts = accounts
        self._passkeys = passkeys
        self._challenges = challenges

    @property
    def are_possible(self) -> bool:
        """Say whether there can be any: browsers know no passkeys of a site that is called by its IP address."""
        try:
            ipaddress.ip_address(self._site)
        except ValueError:
            return True
        return False

    def ask_to_add(self, account: Account, holder: str) -> dict[str, Any]:
        """Return what `navigator.credentials.create` is told (§5.4), as JSON has it."""
        known = [passkey.credential_id for passkey in self._passkeys.of(account.id)]
        challenge = self._challenges.add(Purpose.ADD, holder)
        return self._ceremonies.ask_to_add(account.id, account.username, known, challenge)

    def add(self, account: Account, holder: str, answer: str, name: str) -> bool:
        """Give an account the passkey that an authenticator made (§7.1).

        False if the answer is not good, was not asked for, or the account may have no more. Raises AlreadyExistsError.
        """
        answered = self._ceremonies.read_registration(answer)
        if answered is None or not self._challenges.take(Purpose.ADD, holder, answered.challenge):
            return False
        passkey = self._ceremonies.added(answered, name)
        return passkey is not None and self._passkeys.add(account, passkey)

    def ask_to_sign_in(self, holder: str) -> dict[str, Any]:
        """Return what `navigator.credentials.get` is told (§5.5), as JSON has it: any passkey of this site will do."""
        return self._ceremonies.ask_to_sign_in(self._challenges.add(Purpose.SIGN_IN, holder))

    def sign_in(self, holder: str, answer: str) -> SignedInByPasskey | None:
        """Say whose passkey an authenticator answered with (§7.2); None if the answer proves nothing.

        The challenge is used up first, the count is compared last, in the step that stores it: both happen once.
        """
        answered = self._ceremonies.read_authentication(answer)
        if answered is None or not self._challenges.take(Purpose.SIGN_IN, holder, answered.challenge):
            return None
        passkey = self._passkeys.find(answered.credential_id)
        if passkey is None:
            return None
        sign_count = self._ceremonies.sign_count(answered, passkey.account_id, passkey.public_key)
        account = None if sign_count is None else self._accounts.find(passkey.account_id)
        if sign_count is None or account is None or not account.enabled:
            return None
        if not self._passkeys.use(passkey, sign_count):
            return None
        return SignedInByPasskey(account, SYNCED_PASSKEY if passkey.synced else DEVICE_BOUND_PASSKEY)

    @cached_property
    def _ceremonies(self) -> "Ceremonies":
        """Most processes ask no authenticator, and what computes that takes longer to load than Flask."""
        from auth_service.protocol.factors.webauthn_ceremonies import Ceremonies  # noqa: PLC0415

        return Ceremonies(self._site, REALM, self._origin)
