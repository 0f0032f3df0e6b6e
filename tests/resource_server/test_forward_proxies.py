"""Where a network lets nobody out but through a proxy, the authorization server is reached through it."""

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from shared.resource_server import MisconfiguredError, OutageError, TokenValidator, connect, connect_to_other_server
from tests.support.certificates import self_signed
from tests.support.forward_proxy import SmallForwardProxy
from tests.support.kept_connections import ISSUER, RESOURCE, KeptConnections

NAME = "auth.example"
"""Which nobody but the proxy can resolve."""
REFUSALS = {
    "403": b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
    "502": b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n",
    "closed": b"",
    "nonsense": b"good morning\r\n\r\n",
}


def _connect(address: str, **options: Any) -> TokenValidator:
    return connect(
        resource=RESOURCE,
        issuer=ISSUER,
        client_id="plans",
        client_secret="a secret",
        auth_url=address,
        follow_revocations=False,
        **options,
    )


def _connect_to_other_server(address: str, **options: Any) -> TokenValidator:
    return connect_to_other_server(
        resource=RESOURCE,
        issuer=ISSUER,
        client_id="plans",
        client_secret="a secret",
        audience=RESOURCE,
        introspection_endpoint=f"{address}/introspect",
        **options,
    )


Connect = Callable[..., TokenValidator]
both_ways = pytest.mark.parametrize("connect_by", [_connect, _connect_to_other_server], ids=["ours", "other"])


class Network:
    """A server at NAME, and a proxy that leads there. Over TLS the server lets in nobody without a certificate."""

    def __init__(self, running: ExitStack, certificates: Path | None) -> None:
        self._running = running
        self._options: dict[str, Any] = {}
        tls = None
        if certificates is not None:
            ours, theirs = self_signed(certificates, "plans.example"), self_signed(certificates, NAME)
            tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(ours))
            tls.verify_mode = ssl.CERT_REQUIRED
            tls.load_cert_chain(theirs)
            self._options["tls"] = ssl.create_default_context(cafile=str(theirs))
            self._options["tls"].load_cert_chain(ours)
        self.is_tls = tls is not None
        self.server = running.enter_context(KeptConnections.running(tls))
        self.proxy = running.enter_context(SmallForwardProxy.running(self.server.port))

    def validator(self, connect_by: Connect = _connect, **options: Any) -> TokenValidator:
        usual = {"proxy": self.proxy.address, "deadline": 30.0, **self._options, **options}
        validator = connect_by(f"http{'s' if self.is_tls else ''}://{NAME}", **usual)
        self._running.callback(validator.close)
        return validator


@pytest.fixture(params=[False, True], ids=["http", "https"])
def network(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Network]:
    with ExitStack() as running:
        yield Network(running, tmp_path if request.param else None)


@both_ways
def test_one_connection_through_the_proxy_is_kept_and_replaced_when_it_ends(
    network: Network, connect_by: Connect
) -> None:
    validator = network.validator(connect_by)
    for number in range(3):
        assert validator.validate(f"Bearer token-{number}").subject == "sub_1"
    by = f"CONNECT {NAME}:443 HTTP/1.1" if network.is_tls else f"POST http://{NAME}/introspect HTTP/1.1"
    assert network.proxy.requests == [by]
    network.server.close_idle()
    assert validator.validate("Bearer token-3").subject == "sub_1"
    assert network.proxy.requests == [by] * 2
    assert network.server.requests == 4


@pytest.mark.clause("RFC 9110 §11.7.2")
def test_the_proxy_is_told_credentials_and_what_is_secret_goes_no_further(network: Network) -> None:
    network.proxy.credentials = "jörg:a/b:c"
    validator = network.validator(proxy=f"http://j%C3%B6rg:a%2Fb:c@127.0.0.1:{network.proxy.port}/")
    assert validator.validate("Bearer token").subject == "sub_1"
    if network.is_tls:
        assert b"Authorization: Basic" in network.server.last_request
        assert b"Proxy-Authorization" not in network.server.last_request


@pytest.mark.clause("RFC 9110 §15.5.8")
def test_a_proxy_that_wants_other_credentials_is_a_mistake_in_our_settings(network: Network) -> None:
    network.proxy.credentials = "plans:right"
    for proxy in (network.proxy.address, f"http://plans:wrong@127.0.0.1:{network.proxy.port}"):
        with pytest.raises(MisconfiguredError, match=r"407.*change `proxy`") as told:
            network.validator(proxy=proxy).validate("Bearer token")
        assert "wrong" not in str(told.value)


@pytest.mark.parametrize("answer", REFUSALS.values(), ids=REFUSALS.keys())
def test_a_proxy_that_leads_nowhere_is_an_outage(tmp_path: Path, answer: bytes) -> None:
    with ExitStack() as running:
        network = Network(running, tmp_path)
        network.proxy.refuses_with = answer
        with pytest.raises(OutageError):
            network.validator().validate("Bearer token")


def test_a_proxy_that_drips_its_answer_is_an_outage_when_the_deadline_has_passed(network: Network) -> None:
    network.proxy.drips = True
    with pytest.raises(OutageError, match="TimeoutError"):
        network.validator(deadline=0.5).validate("Bearer token")


def test_of_a_proxys_addresses_a_silent_one_leaves_time_for_another_which_is_tried_first_from_then_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ExitStack() as running:
        network = Network(running, tmp_path)
        silent = running.enter_context(SmallForwardProxy.running(network.server.port))
        silent.drips = True
        really = socket.getaddrinfo
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", at.port)) for at in (silent, network.proxy)]

        def resolved(host: str, *args: Any, **kwargs: Any) -> Any:
            return found if host == "proxy.example" else really(host, *args, **kwargs)

        monkeypatch.setattr(socket, "getaddrinfo", resolved)
        validator = network.validator(proxy="http://proxy.example:3128", deadline=6.0)
        for number in range(2):
            assert validator.validate(f"Bearer token-{number}").subject == "sub_1"
            network.server.close_idle()
        assert len(silent.requests) == 1
        assert len(network.proxy.requests) == 2


@both_ways
@pytest.mark.parametrize(
    "address",
    [
        "",
        "proxy.example:3128",
        "https://proxy.example:3128",
        "socks5://proxy.example:1080",
        "http://:3128",
        "http://proxy.example",
        "http://proxy.example:0",
        "http://proxy.example:99999",
        "http://user:hidden@proxy.example:port",
        "http://user:hid/den@proxy.example:3128",
        "http://us%3Aer:hidden@proxy.example:3128",
        "http://user:hidden@proxy.example:3128/path",
        "http://user:hidden@proxy.example:3128?",
        "http://user:hidden@proxy.example:3128#",
        "http://user:hidden@proxy.example:3128\n",
        "http://user:hidden@[::1:3128",
    ],
)
def test_an_address_that_would_not_be_used_whole_is_refused_and_no_password_shown(
    connect_by: Connect, address: str
) -> None:
    with pytest.raises(ValueError, match="`proxy` has to be http://HOST:PORT") as told:
        connect_by("https://auth.example", proxy=address)
    assert "hid" not in str(told.value)
