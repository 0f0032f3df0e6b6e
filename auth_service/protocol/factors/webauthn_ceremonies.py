"""What Web Authentication Level 3 has browsers be asked, and what of their answers is good, as the library computes it.

Nothing is stored or remembered here. Answers of any shape come here: whatever the library raises, they were not good.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

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

from auth_service.models.factor import Passkey

LONGEST_ANSWER = 16_384
"""What a browser sends for its authenticator has at most so many characters."""
_LONGEST_ID = 1023
"""The id that an authenticator chose for a passkey has at most so many bytes (§5.1)."""
_REQUIRED = UserVerificationRequirement.REQUIRED

T = TypeVar("T")
C = TypeVar("C", RegistrationCredential, AuthenticationCredential)


@dataclass(frozen=True, slots=True)
class Answer(Generic[C]):
    """What a browser sent, of which nothing is proved yet."""

    credential: C
    challenge: str
    """It says that it answers this one, in base64url."""

    @property
    def credential_id(self) -> str:
        """The passkey that it says to be of, in base64url."""
        return bytes_to_base64url(self.credential.raw_id)


class Ceremonies:
    """The questions and the proofs of one site, which is called by its host name and has one origin."""

    def __init__(self, site: str, site_name: str, origin: str) -> None:
        self._site = site
        self._site_name = site_name
        self._origin = origin

    def ask_to_add(self, user_id: str, user_name: str, known: Sequence[str], challenge: str) -> dict[str, Any]:
        """Return what `navigator.credentials.create` is told (§5.4), as JSON has it."""
        options = generate_registration_options(
            rp_id=self._site,
            rp_name=self._site_name,
            user_name=user_name,
            user_id=user_id.encode(),
            challenge=base64url_to_bytes(challenge),
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED, user_verification=_REQUIRED
            ),
            exclude_credentials=[PublicKeyCredentialDescriptor(id=base64url_to_bytes(each)) for each in known],
        )
        return options_to_json_dict(options)

    def ask_to_sign_in(self, challenge: str) -> dict[str, Any]:
        """Return what `navigator.credentials.get` is told (§5.5), as JSON has it: any passkey of this site will do."""
        options = generate_authentication_options(
            rp_id=self._site, challenge=base64url_to_bytes(challenge), user_verification=_REQUIRED
        )
        return options_to_json_dict(options)

    def read_registration(self, answer: str) -> Answer[RegistrationCredential] | None:
        """Read what a page's script sends after `create`; None if it is no such thing."""
        return _read(answer, parse_registration_credential_json)

    def read_authentication(self, answer: str) -> Answer[AuthenticationCredential] | None:
        """Read what a page's script sends after `get`; None if it is no such thing."""
        return _read(answer, parse_authentication_credential_json)

    def added(self, answer: Answer[RegistrationCredential], name: str) -> Passkey | None:
        """Return the passkey that an answer to its challenge proves (§7.1), for an account to be given it."""
        made = _verified(
            lambda: verify_registration_response(
                credential=answer.credential,
                expected_challenge=base64url_to_bytes(answer.challenge),
                expected_rp_id=self._site,
                expected_origin=self._origin,
                require_user_verification=True,
            )
        )
        if made is None or len(made.credential_id) > _LONGEST_ID:
            return None
        return Passkey(
            credential_id=bytes_to_base64url(made.credential_id),
            public_key=bytes_to_base64url(made.credential_public_key),
            sign_count=made.sign_count,
            synced=made.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
            name=name,
        )

    def sign_count(self, answer: Answer[AuthenticationCredential], user_id: str, public_key: str) -> int | None:
        """Return how often the authenticator has signed, of an answer that proves this user's key (§7.2), else None."""
        if answer.credential.response.user_handle != user_id.encode():
            return None
        verified = _verified(
            lambda: verify_authentication_response(
                credential=answer.credential,
                expected_challenge=base64url_to_bytes(answer.challenge),
                expected_rp_id=self._site,
                expected_origin=self._origin,
                credential_public_key=base64url_to_bytes(public_key),
                credential_current_sign_count=0,  # the library compares before it looks at the signature
                require_user_verification=True,
            )
        )
        return None if verified is None else verified.new_sign_count


def _read(answer: str, parse: Callable[[dict[str, Any]], C]) -> Answer[C] | None:
    """Read an answer, unless it is too long, or of a frame: no page of ours is in one.

    How the authenticator is attached decides nothing here, and what a later specification calls that would make the
    library refuse the passkey, against WebAuthn §5.1.
    """

    def read() -> Answer[C] | None:
        members: dict[str, Any] = json.loads(answer)
        members.pop("authenticatorAttachment", None)
        credential = parse(members)
        signed = parse_client_data_json(credential.response.client_data_json)
        return None if signed.cross_origin else Answer(credential, bytes_to_base64url(signed.challenge))

    return _verified(read) if len(answer) <= LONGEST_ANSWER else None


def _verified(verify: Callable[[], T]) -> T | None:
    """Return None for what the library refuses. It only computes: whatever it raises, the answer was not good."""
    try:
        return verify()
    except Exception:
        return None
