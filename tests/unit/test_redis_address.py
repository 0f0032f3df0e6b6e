"""The forms of a Redis address: what each says, and one line about what can't be used, without any of a password."""

import pytest

from auth_service.settings import Settings
from shared.redis.address import redis_address
from shared.service.environment import SettingsError
from tests.unit.test_settings import REQUIRED


def test_sentinels_a_service_and_a_database() -> None:
    address = redis_address("redis+sentinel://app:p%40ss@one:1,[::1]:2,three/main/3?sentinel_password=theirs")
    assert (address.kind, address.hosts) == ("sentinel", (("one", 1), ("::1", 2), ("three", 26379)))
    assert (address.service, dict(address.options)) == ("main", {"username": "app", "password": "p@ss", "db": 3})
    assert address.sentinel_options == {"password": "theirs"}


def test_nodes_of_a_cluster_over_tls() -> None:
    address = redis_address("rediss+cluster://:secret@one,two:7000?ssl_ca_certs=/etc/ca.pem")
    assert (address.kind, address.hosts) == ("cluster", (("one", 6379), ("two", 7000)))
    assert address.options == {"password": "secret", "ssl_ca_certs": "/etc/ca.pem", "ssl": True}


@pytest.mark.parametrize(
    ("url", "saying"),
    [
        ("http://one", "must begin with redis://"),
        ("unix+cluster:///run/redis", "must begin with redis://"),
        ("redis+sentinel://one,two,three", "must name what the Sentinels call the master"),
        ("redis+sentinel://one/main/secret", "names no database"),
        ("redis+cluster://one/3", "no database but 0"),
        ("redis+cluster://one?ssl_ca_certs=/x", "must begin with rediss"),
        ("redis+cluster://:se/cret@one:6379", "has no usable host and port"),
        ("redis://:se/cret@one:6379", "has no usable host and port"),
    ],
)
def test_what_cannot_be_used_is_said_without_a_piece_of_a_password(url: str, saying: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.load({**REQUIRED, "AUTH_REDIS_URL": url, "AUTH_REDIS_SHARDS": "64"})
    assert saying in str(refused.value)
    assert "cret" not in str(refused.value)


def test_a_cluster_needs_shards_for_its_masters() -> None:
    with pytest.raises(SettingsError, match="AUTH_REDIS_SHARDS must be at least"):
        Settings.load({**REQUIRED, "AUTH_REDIS_URL": "redis+cluster://one"})
