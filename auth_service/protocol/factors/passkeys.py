"""Passkeys (Web Authentication Level 3 §7) are added here, and people sign in with them.

A passkey alone is enough, because each time the authenticator has to say that it verified its user. Which site a
passkey is for follows from the issuer, so one of a release on another address is worth nothing here.
"""

import ipaddress
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    base64url_to_bytes,
    bytes_to_base64url,
    parse_authentication_credential_json,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.options_to_json_dict import options_to_json_dict
from webauthn.helpers.structs import (
    AuthenticationCredential,
    AuthenticatorSelectionCriteria,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    RegistrationCredential,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from auth_service.models.account import Account
from auth_service.models.authentication import DEVICE_BOUND_PASSKEY, SYNCED_PASSKEY
from auth_service.models.factor import Passkey
from auth_service.protocol.errors import REALM
from auth_service.storage.accounts import AccountStore
from auth_service.storage.passkey_challenges import PasskeyChallengeStore, Purpose
from auth_service.storage.passkeys import PasskeyStore

CHALLENGE_LIFETIME = 900
"""So many seconds a browser has to answer: the sign-in page may stay open, and asks anew before."""
LONGEST_ANSWER = 16_384
"""What a browser sends for its authenticator has at most so many characters."""
_LONGEST_ID = 1023
"""The id that an authenticator chose for a passkey has at most so many bytes (§5.1)."""
_REQUIRED = UserVerificationRequirement.REQUIRED

T = TypeVar("T")


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
        known = [
            PublicKeyCredentialDescriptor(id=base64url_to_bytes(passkey.credential_id))
            for passkey in self._passkeys.of(account.id)
        ]
        options = generate_registration_options(
            rp_id=self._site,
            rp_name=REALM,
            user_name=account.username,
            user_id=account.id.encode(),
            challenge=base64url_to_bytes(self._challenges.add(Purpose.ADD, holder)),
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED, user_verification=_REQUIRED
            ),
            exclude_credentials=known,
        )
        return options_to_json_dict(options)

    def add(self, account: Account, holder: str, answer: str, name: str) -> bool:
        """Give an account the passkey that an authenticator made (§7.1).

        False if the answer is not good, was not asked for, or the account may have no more. Raises AlreadyExistsError.
        """
        credential = _read(answer, parse_registration_credential_json)
        challenge = self._taken(credential, Purpose.ADD, holder) if credential else None
        if credential is None or challenge is None:
            return False
        made = _verified(
            lambda: verify_registration_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=self._site,
                expected_origin=self._origin,
                require_user_verification=True,
            )
        )
        if made is None or len(made.credential_id) > _LONGEST_ID:
            return False
        passkey = Passkey(
            credential_id=bytes_to_base64url(made.credential_id),
            public_key=bytes_to_base64url(made.credential_public_key),
            sign_count=made.sign_count,
            synced=made.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
            name=name,
        )
        return self._passkeys.add(account, passkey)

    def ask_to_sign_in(self, holder: str) -> dict[str, Any]:
        """Return what `navigator.credentials.get` is told (§5.5), as JSON has it: any passkey of this site will do."""
        challenge = base64url_to_bytes(self._challenges.add(Purpose.SIGN_IN, holder))
        options = generate_authentication_options(rp_id=self._site, challenge=challenge, user_verification=_REQUIRED)
        return options_to_json_dict(options)

    def sign_in(self, holder: str, answer: str) -> SignedInByPasskey | None:
        """Say whose passkey an authenticator answered with (§7.2); None if the answer proves nothing.

        The challenge is used up first, the count is compared last, in the step that stores it: both happen once.
        """
        credential = _read(answer, parse_authentication_credential_json)
        challenge = self._taken(credential, Purpose.SIGN_IN, holder) if credential else None
        passkey = self._passkeys.find(bytes_to_base64url(credential.raw_id)) if credential and challenge else None
        if credential is None or challenge is None or passkey is None:
            return None
        if credential.response.user_handle != passkey.account_id.encode():
            return None
        verified = _verified(
            lambda: verify_authentication_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=self._site,
                expected_origin=self._origin,
                credential_public_key=base64url_to_bytes(passkey.public_key),
                credential_current_sign_count=0,  # the library compares before it looks at the signature
                require_user_verification=True,
            )
        )
        account = self._accounts.find(passkey.account_id) if verified else None
        if verified is None or account is None or not account.enabled:
            return None
        if not self._passkeys.use(passkey, verified.new_sign_count):
            return None
        return SignedInByPasskey(account, SYNCED_PASSKEY if passkey.synced else DEVICE_BOUND_PASSKEY)

    def _taken(
        self, credential: RegistrationCredential | AuthenticationCredential, purpose: Purpose, holder: str
    ) -> bytes | None:
        """Use up the challenge that was answered; None if it was not this browser's, or not asked for this."""
        signed = _verified(lambda: parse_client_data_json(credential.response.client_data_json))
        if signed is None or signed.cross_origin:  # no page of ours is in a frame
            return None
        return (
            signed.challenge if self._challenges.take(purpose, holder, bytes_to_base64url(signed.challenge)) else None
        )


def _read(answer: str, parse: Callable[[dict[str, Any]], T]) -> T | None:
    """Read what a page's script sends, unless it is too long.

    How the authenticator is attached decides nothing here, and what a later specification calls that would make the
    library refuse the passkey, against WebAuthn §5.1.
    """

    def read() -> T:
        credential: dict[str, Any] = json.loads(answer)
        credential.pop("authenticatorAttachment", None)
        return parse(credential)

    return _verified(read) if len(answer) <= LONGEST_ANSWER else None


def _verified(verify: Callable[[], T]) -> T | None:
    """Return None for what the library refuses. It only computes: whatever it raises, the answer was not good."""
    try:
        return verify()
    except Exception:
        return None
