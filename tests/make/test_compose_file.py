"""What docker-compose.yml publishes, and that its proxy takes what it is given."""

import subprocess
from pathlib import Path

import pytest

from auth_service.settings import Settings as AuthSettings
from shared.redis.address import redis_address
from tests.support.compose import SERVICES, TLS, TWO, command, environment_of, interpolated, proxy_environment
from tests.support.reverse_proxies import HAPROXY
from tests.support.servers import free_port
from tests.support.stack import TOKEN_KEY
from tools import local_certificate
from tools.redis_pair import PAIR, SENTINELS, SERVICE

CHOSEN = {"AUTH_PORT": "9000", "FIT_PORT": "9001", "APP_PORT": "9002"}


def test_only_the_proxy_is_published_and_on_the_loopback_interface_only() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published.pop("mail-server") == ["127.0.0.1:8025:8025"], "for trying out"
    assert list(published) == ["proxy"]
    ports = [interpolated(port, {}) for port in published["proxy"]]
    assert ports == ["127.0.0.1:8000:8080", "127.0.0.1:8001:8080", "127.0.0.1:8002:8080"]
    assert not any(service.get("network_mode") for service in SERVICES.values())


@pytest.mark.parametrize("values", [{}, TLS], ids=["http", "https"])
def test_each_service_knows_the_address_that_the_proxy_gives_it(values: dict[str, str]) -> None:
    given = {**values, **CHOSEN}
    scheme = "https" if values else "http"
    auth, fit, app, proxy = (environment_of(name, given) for name in ("auth", "fit", "app", "proxy"))
    assert auth["AUTH_ISSUER"] == fit["FIT_ISSUER"] == app["APP_ISSUER"] == f"{scheme}://localhost:9000"
    assert fit["FIT_RESOURCE"] == app["APP_FIT_API"] == f"{scheme}://localhost:9001/api/"
    assert app["APP_URL"] == f"{scheme}://127.0.0.1:9002"
    assert fit["FIT_AUTH_URL"] == app["APP_AUTH_URL"] == f"{scheme}://auth.internal:8080"
    assert app["APP_FIT_URL"] == f"{scheme}://fit.internal:8080/api/"
    assert proxy["AUTH_HOSTS"].split() == ["localhost:9000", "auth.internal:8080"]
    assert proxy["FIT_HOSTS"].split() == ["localhost:9001", "fit.internal:8080"]
    assert proxy["APP_HOSTS"].split() == ["127.0.0.1:9002"]
    assert SERVICES["proxy"]["networks"]["default"]["aliases"] == ["auth.internal", "fit.internal"]
    assert (auth["AUTH_TRUSTED_HOSTS"], fit["FIT_TRUSTED_HOSTS"]) == ("auth.internal", "fit.internal")
    assert (auth["AUTH_TRUSTED_PROXIES"], fit["FIT_TRUSTED_PROXIES"]) == ("1", "1")


@pytest.mark.parametrize("values", [{}, TLS], ids=["http", "https"])
def test_haproxy_takes_the_configuration_with_what_compose_gives_it(
    values: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if HAPROXY.path is None:
        pytest.skip(f"needs {HAPROXY.program}")
    monkeypatch.setattr(local_certificate, "CERTIFICATE_FILE", tmp_path / "site.pem")
    monkeypatch.setattr(local_certificate, "CA_FILE", tmp_path / "ca.crt")
    local_certificate.ensure_certificate()
    servers = dict.fromkeys(("AUTH", "FIT", "APP"), "http://127.0.0.1:9")
    environment = proxy_environment(tmp_path, [free_port() for _ in range(3)], servers, values)
    checked = subprocess.run(command("-c"), env=environment, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert "WARNING" not in checked.stderr, checked.stderr
    spoiled = {**environment, "BIND": "nowhere"}
    assert subprocess.run(command("-c"), env=spoiled, capture_output=True, check=False).returncode != 0


def test_replicas_are_equal_and_start_one_after_the_other() -> None:
    for name in ("auth", "fit"):
        first, second = SERVICES[name], SERVICES[f"{name}-2"]
        assert second == {
            **first,
            "profiles": ["replicas"],
            "depends_on": {name: {"condition": "service_healthy"}},
        }, "the first one brings the schema up to date, and two at once would get in each other's way"
    others = {"auth-2", "fit-2", PAIR[1], *SENTINELS}
    assert {name for name, service in SERVICES.items() if "profiles" in service} == {*others, "mail", "mail-server"}
    assert {tuple(SERVICES[name]["profiles"]) for name in others} == {("replicas",)}


def test_the_only_redis_is_the_first_of_two_and_both_are_equal_in_all_but_their_names_and_data() -> None:
    first, second = (SERVICES[name] for name in PAIR)
    alone, two = (interpolated(first["command"], values) for values in ({}, TWO))
    assert alone.startswith("redis-server --appendonly yes --appendfsync always ")
    assert two == alone.replace("redis-server", TWO["REDIS_START"])
    assert (first["hostname"], second["hostname"]) == PAIR
    assert first["volumes"][0] == "redis:/data", "where it was before there could be two"
    assert second == {
        **first,
        "profiles": ["replicas"],
        "hostname": "redis-2",
        "volumes": ["redis-2:/data", *first["volumes"][1:]],
    }


def test_sentinels_keep_what_they_decided_and_are_limited_as_redis_is() -> None:
    redis = SERVICES["redis"]
    for name in SENTINELS:
        sentinel = SERVICES[name]
        assert sentinel["hostname"] == name
        assert sentinel["volumes"] == [f"{name}:/data", *redis["volumes"][1:]]
        assert interpolated(sentinel["command"], TWO) == f"{TWO['REDIS_START']} --sentinel"
        same = ("image", "restart", "logging", "pids_limit", "read_only", "cap_drop", "cap_add", "security_opt")
        assert [sentinel[key] for key in same] == [redis[key] for key in same]
        assert sentinel["mem_limit"] == "64m"
        assert "ports" not in sentinel


def test_services_ask_one_redis_for_itself_and_sentinels_for_the_master_of_two() -> None:
    for service, user in (("auth", "auth"), ("auth-2", "auth"), ("fit", "fit"), ("fit-2", "fit"), ("webhooks", "fit")):
        prefix = user.upper()
        given = {f"{prefix}_REDIS_PASSWORD": "its-own"}
        alone = environment_of(service, given)[f"{prefix}_REDIS_URL"]
        assert alone == f"redis://{user}:its-own@redis:6379/0"
        address = redis_address(environment_of(service, {**given, **TWO})[f"{prefix}_REDIS_URL"])
        assert (address.kind, address.service) == ("sentinel", SERVICE)
        assert address.hosts == tuple((name, 26379) for name in SENTINELS)
        assert (address.options["username"], address.options["password"]) == (user, "its-own")


def test_the_proxy_knows_both_replicas_and_each_leaves_it_time_to_notice() -> None:
    alone, two = environment_of("proxy", {}), environment_of("proxy", TWO)
    assert (alone["AUTH_1"], alone["AUTH_2"], alone["FIT_1"], alone["FIT_2"]) == (
        "auth:8000",
        "auth:8000",
        "fit:8001",
        "fit:8001",
    )
    assert (two["AUTH_1"], two["AUTH_2"]) == ("auth:8000", "auth-2:8000")
    assert (two["FIT_1"], two["FIT_2"]) == ("fit:8001", "fit-2:8001")
    for service, setting in (("auth", "AUTH_DRAIN_TIME"), ("fit-2", "FIT_DRAIN_TIME")):
        assert environment_of(service, {})[setting] == "0"
        assert environment_of(service, TWO)[setting] == "5", "longer than twice the second between two checks"


def test_what_a_container_sees_of_this_machine_is_what_it_needs() -> None:
    mounted = {
        name: [volume for volume in service.get("volumes", ()) if volume.startswith("./.local/tls")]
        for name, service in SERVICES.items()
    }
    assert {name for name, volumes in mounted.items() if volumes} == {"fit", "fit-2", "webhooks", "app", "proxy"}
    assert mounted.pop("proxy") == ["./.local/tls-key:/etc/moogle:ro"]
    assert {volume for volumes in mounted.values() for volume in volumes} == {"./.local/tls:/etc/moogle:ro"}


def test_mail_is_off_unless_it_is_wanted_and_its_worker_has_the_settings_of_the_authorization_server() -> None:
    off = {**environment_of("auth", {}), "AUTH_TOKEN_KEYS": TOKEN_KEY}
    assert AuthSettings.load(off).smtp_url is None
    mail = {"AUTH_SMTP_URL": "smtp+plain://mail-server:1025", "AUTH_MAIL_SENDER": "no-reply@moogle.example"}
    on = {**environment_of("mail", {**mail, "AUTH_SIGN_UP": "true"}), "AUTH_TOKEN_KEYS": TOKEN_KEY}
    assert AuthSettings.load(on).sign_up
    assert SERVICES["mail"]["environment"] == SERVICES["auth"]["environment"]
    assert {tuple(SERVICES[name]["profiles"]) for name in ("mail", "mail-server")} == {("mail",)}
