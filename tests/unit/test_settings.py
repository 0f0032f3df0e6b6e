"""Settings: what an operator gets who sets nothing, and what the service refuses to start with."""

import pytest

from auth_service.settings import Settings
from shared.environment import SettingsError
from tests.support.stack import TOKEN_KEY

REQUIRED = {
    "AUTH_ISSUER": "http://localhost:8000",
    "AUTH_DATABASE_URL": "sqlite:///x",
    "AUTH_REDIS_URL": "redis://x",
    "AUTH_TOKEN_KEYS": TOKEN_KEY,
}


@pytest.mark.clause("RFC 9700 §2.2.2", line=142)
def test_whoever_sets_no_lifetimes_gets_short_ones() -> None:
    settings = Settings.load(REQUIRED)
    assert (settings.code_lifetime, settings.access_token_lifetime) == (60, 600)


@pytest.mark.clause("RFC 6749 §4.1.2", line=20)
def test_no_code_can_be_made_to_live_longer_than_ten_minutes() -> None:
    assert Settings.load({**REQUIRED, "AUTH_CODE_LIFETIME": "600"}).code_lifetime == 600
    with pytest.raises(SettingsError, match="AUTH_CODE_LIFETIME"):
        Settings.load({**REQUIRED, "AUTH_CODE_LIFETIME": "601"})


@pytest.mark.parametrize("name", ["auth_service", "auth:8000", "http://auth", "*", "ä"])
def test_a_host_name_under_which_no_request_could_arrive_is_refused(name: str) -> None:
    assert Settings.load({**REQUIRED, "AUTH_TRUSTED_HOSTS": "auth, 10.0.0.1"}).trusted_hosts == ("auth", "10.0.0.1")
    with pytest.raises(SettingsError, match="is no host name"):
        Settings.load({**REQUIRED, "AUTH_TRUSTED_HOSTS": f"auth,{name}"})
