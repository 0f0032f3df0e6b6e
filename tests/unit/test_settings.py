"""Settings: what an operator gets who sets nothing, and what the service refuses to start with."""

from contextlib import nullcontext
from pathlib import Path

import pytest

from auth_service.models.smtp_server import smtp_server
from auth_service.settings import Settings
from fit_service.settings import Settings as FitSettings
from shared.service.environment import SettingsError
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


@pytest.mark.parametrize(("value", "is_good"), [("0", True), ("43200", True), ("43199", False), ("34560001", False)])
def test_a_remembered_session_lives_at_least_as_long_as_others_or_there_is_none(value: str, is_good: bool) -> None:
    with nullcontext() if is_good else pytest.raises(SettingsError, match="AUTH_REMEMBERED_SESSION_LIFETIME"):
        Settings.load({**REQUIRED, "AUTH_REMEMBERED_SESSION_LIFETIME": value})


@pytest.mark.parametrize("name", ["auth_service", "auth:8000", "http://auth", "*", "ä"])
def test_a_host_name_under_which_no_request_could_arrive_is_refused(name: str) -> None:
    assert Settings.load({**REQUIRED, "AUTH_TRUSTED_HOSTS": "auth, 10.0.0.1"}).trusted_hosts == ("auth", "10.0.0.1")
    with pytest.raises(SettingsError, match="is no host name"):
        Settings.load({**REQUIRED, "AUTH_TRUSTED_HOSTS": f"auth,{name}"})


@pytest.mark.parametrize("value", ["off,app.example", "open,app.example", "", ",", "https://app.example", "*.example"])
def test_whose_documents_are_taken_is_said_in_one_way(value: str) -> None:
    for good in (("off",), ("open",), ("app.example", "other.example")):
        loaded = Settings.load({**REQUIRED, "AUTH_CLIENT_ID_METADATA_DOCUMENTS": ", ".join(good)})
        assert loaded.client_id_metadata_documents == good
    with pytest.raises(SettingsError, match="AUTH_CLIENT_ID_METADATA_DOCUMENTS"):
        Settings.load({**REQUIRED, "AUTH_CLIENT_ID_METADATA_DOCUMENTS": value})


FIT = {
    "FIT_RESOURCE": "http://localhost:8001/api/",
    "FIT_ISSUER": "http://localhost:8000",
    "FIT_CLIENT_ID": "moogle-fit",
    "FIT_CLIENT_SECRET": "secret",
    "FIT_DATABASE_URL": "sqlite:///x",
}


@pytest.mark.parametrize(
    ("name", "value", "usual"),
    [
        ("ISSUER", "http://localhost:8000/", "http://localhost:8000"),
        ("ISSUER", "http://LocalHost:8000", "http://localhost:8000"),
        ("ISSUER", "HTTP://localhost:8000", "http://localhost:8000"),
        ("ISSUER", "http://localhost:8000/auth", "http://localhost:8000"),
        ("ISSUER", "http://localhost:8000?", "http://localhost:8000"),
        ("ISSUER", "http://mo@localhost:8000", "http://localhost:8000"),
        ("ISSUER", "localhost:8000", "must begin with https://"),
        ("ISSUER", "http://localhost:99999", "Port out of range"),
        ("ISSUER", "http://[::1]:8000", "must name its host"),
        ("RESOURCE", "http://localhost:8001/api", "http://localhost:8001/api/"),
        ("RESOURCE", "http://Localhost:8001/api/", "http://localhost:8001/api/"),
        ("RESOURCE", "http://localhost:8001/api/#", "http://localhost:8001/api/"),
    ],
)
def test_another_spelling_of_ourselves_is_refused_with_the_usual_one(name: str, value: str, usual: str) -> None:
    """Tokens name issuer and audience, and are compared letter by letter (RFC 8414 §3.3, RFC 3986 §6.2.1)."""
    with pytest.raises(SettingsError, match=f"FIT_{name}: .*{usual}"):
        FitSettings.load({**FIT, f"FIT_{name}": value})
    if name == "ISSUER":
        with pytest.raises(SettingsError, match=f"AUTH_{name}: .*{usual}"):
            Settings.load({**REQUIRED, f"AUTH_{name}": value})


@pytest.mark.parametrize(
    "url", ["mysql://x", "postgresql://x/y", "sqlite:x", "postgresql+psycopg://mo:pa:ss/w@x/y", ""]
)
def test_a_database_url_with_which_nothing_could_start_is_refused_without_being_told(url: str) -> None:
    with pytest.raises(SettingsError, match="AUTH_DATABASE_URL") as refused:
        Settings.load({**REQUIRED, "AUTH_DATABASE_URL": url})
    assert "ss/w" not in str(refused.value)


def test_who_names_several_hosts_as_libpq_does_is_told_how_it_is_done_here() -> None:
    several = "postgresql+psycopg://mo:secret@/auth?host=one:5432&host=two:5432"
    assert Settings.load({**REQUIRED, "AUTH_DATABASE_URL": several}).database_url == several
    with pytest.raises(SettingsError, match=r"several hosts are .*\?host=one:5432&host=two:5432") as refused:
        Settings.load({**REQUIRED, "AUTH_DATABASE_URL": "postgresql+psycopg://mo:secret@one:5432,two:5432/auth"})
    assert "mo:secret" not in str(refused.value)


@pytest.mark.parametrize("url", ["http://x", "redis://x:port", "redis:x", ""])
def test_a_redis_url_with_which_nothing_could_start_is_refused(url: str) -> None:
    for settings, prefix, given in ((Settings, "AUTH", REQUIRED), (FitSettings, "FIT", FIT)):
        with pytest.raises(SettingsError, match=f"{prefix}_REDIS_URL"):
            settings.load({**given, f"{prefix}_REDIS_URL": url})


def test_all_that_is_wrong_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.load({"AUTH_ISSUER": "x", "AUTH_CODE_LIFETIME": "600000", "AUTH_DATABSE_URL": "sqlite:///x"})
    said = str(refused.value)
    assert "\n" not in said
    for name in ("ISSUER: ", "DATABASE_URL is not set", "CODE_LIFETIME: ", "DATABSE_URL is not a setting"):
        assert f"AUTH_{name}" in said
    (tmp_path / "secret").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="holds no text"):
        Settings.load({**REQUIRED, "AUTH_METRICS_TOKEN_FILE": str(tmp_path / "secret")})


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtps://mo:p%40ss%3Aw@mail.example.org", ("mail.example.org", 465, "from the start", "mo", "p@ss:w")),
        ("smtp://mail.example.org:2525", ("mail.example.org", 2525, "starttls", None, None)),
        ("smtp+plain://localhost", ("localhost", 25, "none", None, None)),
    ],
)
def test_the_address_of_a_mail_server_says_how_it_is_reached(url: str, server: tuple[object, ...]) -> None:
    read = smtp_server(url)
    assert (read.host, read.port, read.tls, read.user, read.password) == server


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"AUTH_SMTP_URL": "mail.example.org"}, "must begin with smtps://"),
        ({"AUTH_SMTP_URL": "smtps://mo:secret@"}, "is scheme://user:password@host:port"),
        ({"AUTH_SMTP_URL": "smtps://mo:se/cret@host"}, "is scheme://user:password@host:port"),
        ({"AUTH_SMTP_URL": "smtps://mo@host"}, "has both a user and a password, or neither"),
        ({"AUTH_SMTP_URL": "smtp+plain://mo:secret@host"}, "sends no password over a connection without TLS"),
        ({"AUTH_SMTP_URL": "smtps://host"}, "AUTH_SMTP_URL and AUTH_MAIL_SENDER go together"),
        ({"AUTH_MAIL_SENDER": "mo@example.org"}, "AUTH_SMTP_URL and AUTH_MAIL_SENDER go together"),
        ({"AUTH_MAIL_SENDER": "Moogle <nobody>"}, "looks like Moogle <no-reply@example.org>"),
        ({"AUTH_MAIL_SENDER": "a\nBcc: b@example.org <c@example.org>"}, "looks like Moogle <no-reply@example.org>"),
        ({"AUTH_SIGN_UP": "true"}, "AUTH_SIGN_UP needs AUTH_SMTP_URL"),
    ],
)
def test_mail_that_could_not_be_sent_is_refused_without_its_password(given: dict[str, str], why: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.load({**REQUIRED, **given})
    assert why in str(refused.value)
    assert "secret" not in str(refused.value)
