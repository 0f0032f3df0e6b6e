"""A client that a document describes may prove itself with keys, which lie there or where it says."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.flows.client_documents.conftest import Clock
from tests.support.actions import Actions, error_of, tokens
from tests.support.document_host import DescribedApp, DescribedSigningApp, DocumentHost
from tests.support.signing_app import ec_key, jwks

SIGNS: dict[str, Any] = {"token_endpoint_auth_method": "private_key_jwt"}


@pytest.fixture
def signing(actions: Actions, host: DocumentHost) -> Callable[..., DescribedSigningApp]:
    return lambda path, **changes: DescribedSigningApp(actions.stack, host, path, **changes)


@pytest.mark.clause("draft-ietf-oauth-client-id-metadata-document-03 §6", line=157)
def test_who_declares_keys_is_held_to_them(
    actions: Actions, signing: Callable[..., DescribedSigningApp], host: DocumentHost
) -> None:
    app = signing("/signing")
    granted = app.connect(actions.person())
    assert actions.introspect(granted.access)["client_id"] == app.client_id
    unproven = DescribedApp(actions.stack, host, "/unused")
    unproven.client_id = app.client_id
    assert error_of(unproven.refresh(granted.refresh)) == (401, "invalid_client")
    other = DescribedSigningApp(actions.stack, host, "/unused")
    other.client_id = app.client_id
    assert error_of(other.refresh(granted.refresh)) == (401, "invalid_client")
    tokens(app.refresh(granted.refresh))


@pytest.mark.clause("draft-ietf-oauth-client-id-metadata-document-03 §6", line=162)
@pytest.mark.parametrize("preferred", ["none", "private_key_jwt", None])
def test_who_can_do_without_a_proof_may_send_any(
    actions: Actions, signing: Callable[..., DescribedSigningApp], host: DocumentHost, preferred: str | None
) -> None:
    """An agent in wide use prefers `private_key_jwt`, and its assertions are for the token endpoint."""
    app = signing(f"/either-{preferred}", jwks_uri=f"{host.url}/either/keys")
    app.describe(
        token_endpoint_auth_method=preferred,
        token_endpoint_auth_methods_supported=["none", "private_key_jwt", "spiffe_jwt"],
        jwks_uri=f"{host.url}/either/keys",
    )
    granted = app.connect(actions.person())
    form = {"grant_type": "refresh_token", "refresh_token": granted.refresh}
    for_the_endpoint = app.sign(app.claims(aud=f"{actions.stack.auth}/token"))
    granted = tokens(app.post("/token", form, for_the_endpoint))
    unproven = DescribedApp(actions.stack, host, "/unused")
    unproven.client_id = app.client_id
    granted = tokens(unproven.refresh(granted.refresh))
    for other in (
        {"client_assertion": app.sign(app.claims(sub="spiffe://app.example/agent"))},
        {"client_assertion": "not.a.jwt"},
        {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-spiffe"},
    ):
        form = {**form, "refresh_token": granted.refresh, "client_id": app.client_id}
        granted = tokens(app.post("/token", {**form, **other}, for_the_endpoint))
    refused = app.post("/introspect", {"token": granted.access}, for_the_endpoint)
    assert error_of(refused) == (403, "unauthorized_client")
    assert app.post("/revoke", {"token": granted.refresh}, for_the_endpoint).status_code == 200
    assert not actions.is_active(granted.access)
    assert host.times_asked("/either/keys") == 0


@pytest.mark.clause("draft-ietf-oauth-client-id-metadata-document-03 §6", line=162)
def test_who_only_lists_a_method_with_keys_is_held_to_it(
    actions: Actions, signing: Callable[..., DescribedSigningApp], host: DocumentHost
) -> None:
    app = signing("/listed")
    app.describe(
        token_endpoint_auth_method=None,
        token_endpoint_auth_methods_supported=["spiffe_jwt", "private_key_jwt"],
        jwks=jwks(app.key),
    )
    granted = app.connect(actions.person())
    unproven = DescribedApp(actions.stack, host, "/unused")
    unproven.client_id = app.client_id
    assert error_of(unproven.refresh(granted.refresh)) == (401, "invalid_client")
    form = {"grant_type": "refresh_token", "refresh_token": granted.refresh, "client_id": app.client_id}
    for wrong in ("not.a.jwt", app.sign(app.claims(sub="spiffe://app.example/agent"))):
        assert error_of(app.post("/token", form, wrong)) == (401, "invalid_client")
    tokens(app.refresh(granted.refresh))


def test_keys_are_read_from_their_address(
    actions: Actions, signing: Callable[..., DescribedSigningApp], host: DocumentHost
) -> None:
    app = signing("/by-reference", jwks_uri=f"{host.url}/by-reference/keys?a")
    host.put("/by-reference/keys?a", jwks(app.key), Cache_Control="max-age=600")
    granted = app.connect(actions.person())
    tokens(app.refresh(granted.refresh))
    assert host.times_asked("/by-reference/keys?a") == 1


@pytest.mark.parametrize("lies_apart", [False, True])
def test_a_new_key_works_when_it_is_first_used_and_an_old_one_no_longer_than_the_document_is_fresh(
    actions: Actions,
    signing: Callable[..., DescribedSigningApp],
    host: DocumentHost,
    clock: Clock,
    lies_apart: bool,
) -> None:
    path = f"/rotating-{lies_apart}"
    keys_at = f"{path}/keys"
    app = signing(path, **({"jwks_uri": host.url + keys_at} if lies_apart else {}))
    old = app.key

    def publish() -> None:
        if lies_apart:
            host.put(keys_at, jwks(app.key))
        else:
            app.describe(**SIGNS, jwks=jwks(app.key))

    publish()
    granted = app.connect(actions.person())
    app.key = ec_key()
    publish()
    clock.move(minutes=1)
    granted = tokens(app.refresh(granted.refresh))
    app.key, new = old, app.key
    assert error_of(app.refresh(granted.refresh)) == (401, "invalid_client")
    app.key = new
    granted = tokens(app.refresh(granted.refresh))
    app.key = ec_key()
    publish()
    app.key, newest = new, app.key
    clock.move(minutes=61)
    assert error_of(app.refresh(granted.refresh)) == (401, "invalid_client")
    app.key = newest
    tokens(app.refresh(granted.refresh))


def test_garbage_has_a_document_read_once_in_a_while(
    actions: Actions, signing: Callable[..., DescribedSigningApp], host: DocumentHost, clock: Clock
) -> None:
    app = signing("/garbage")
    granted = app.connect(actions.person())
    clock.move(minutes=1)
    guesser = DescribedSigningApp(actions.stack, host, "/unused")
    guesser.client_id = app.client_id
    for _ in range(5):
        assert error_of(guesser.refresh(granted.refresh)) == (401, "invalid_client")
    assert app.times_read == 2
    tokens(app.refresh(granted.refresh))


def test_a_document_that_begins_to_have_keys_ends_what_nobody_proves(
    actions: Actions, host: DocumentHost, clock: Clock
) -> None:
    app = DescribedApp(actions.stack, host, "/grown-up")
    granted = app.connect(actions.person())
    signing = DescribedSigningApp(actions.stack, host, "/grown-up")
    clock.move(hours=2)
    assert error_of(app.refresh(granted.refresh)) == (401, "invalid_client")
    tokens(signing.refresh(granted.refresh))


@pytest.mark.parametrize("redirect_uri", ["http://127.0.0.1/cb", "http://localhost/cb", "http://[::1]/cb"])
@pytest.mark.parametrize("proves", [False, True])
def test_on_this_machine_any_port_will_do(
    actions: Actions, host: DocumentHost, redirect_uri: str, proves: bool
) -> None:
    make = DescribedSigningApp if proves else DescribedApp
    app = make(actions.stack, host, f"/ports-{proves}-{urlsplit(redirect_uri).hostname}", redirect_uris=[redirect_uri])
    app.redirect_uri = redirect_uri.replace("/cb", ":51234/cb")
    granted = app.connect(actions.person())
    assert tokens(app.refresh(granted.refresh)).access
