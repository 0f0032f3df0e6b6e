"""What an app of a usual kind needs, for `client create --preset`. Every option that is given says otherwise."""

from dataclasses import dataclass
from typing import Any

from authlib.oauth2.rfc8628 import DEVICE_CODE_GRANT_TYPE

from auth_service.models.client import PkcePolicy, RetryPolicy

_PERSON, _DEVICE = ("authorization_code", "refresh_token"), (DEVICE_CODE_GRANT_TYPE, "refresh_token")
_PARALLEL = "it refreshes in parallel, and sends no Idempotency-Key"
_NONCE = "without PKCE it has to send a nonce"
_COST = "within 30 s, a thief of an unused refresh token goes unnoticed; DPoP closes that"


@dataclass(frozen=True, slots=True)
class Preset:
    """An app of this kind is registered so, because."""

    because: str
    grant_types: tuple[str, ...] = _PERSON
    retry: RetryPolicy = RetryPolicy.UNTIL_USED
    pkce: PkcePolicy = PkcePolicy.REQUIRED
    public: bool = False
    access_token_lifetime: int | None = None
    """Seconds. None leaves it to the service's setting."""


PRESETS = {
    "login-proxy": Preset(f"{_PARALLEL}; {_NONCE}", pkce=PkcePolicy.OPTIONAL),
    "web-app": Preset(
        f"its processes refresh in parallel, without an Idempotency-Key; {_NONCE}", pkce=PkcePolicy.OPTIONAL
    ),
    "spa": Preset(f"its tabs refresh in parallel; {_COST}", public=True, access_token_lifetime=600),
    "native": Preset(f"its network loses answers; {_COST}", public=True),
    "device": Preset(f"it has no browser, and its network loses answers; {_COST}", _DEVICE, public=True),
    "service": Preset("it acts for itself and has no refresh tokens", ("client_credentials",), RetryPolicy.STRICT),
    "mcp": Preset(f"{_PARALLEL}; {_COST}", public=True),
}


def with_preset(name: str, options: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a command, with the preset's where none was given."""
    preset = PRESETS[name]
    return {
        **options,
        "public": options["public"] or (preset.public and not options["jwks_file"]),
        "grant_types": options["grant_types"] or preset.grant_types,
        "retry": options["retry"] or preset.retry,
        "pkce": options["pkce"] or preset.pkce,
        "access_token_lifetime": options["access_token_lifetime"] or preset.access_token_lifetime,
    }


def said_of(name: str) -> str:
    """Return what a preset sets, as options, and why."""
    preset = PRESETS[name]
    grants = " ".join(f"--grant-type {each}" for each in preset.grant_types)
    lifetime = f" --access-token-lifetime {preset.access_token_lifetime}" if preset.access_token_lifetime else ""
    pkce = f" --pkce {preset.pkce}" if preset.pkce != PkcePolicy.REQUIRED else ""
    public = "--public " if preset.public else ""
    return f"--preset {name} is {public}{grants} --retry {preset.retry}{pkce}{lifetime}: {preset.because}."
