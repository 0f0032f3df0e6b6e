"""No token, code, secret, verifier, password or session id stands in a log line, on a page or in an address."""

import base64
import logging
import re
from collections.abc import Callable

import pytest
import requests

from tests.support.actions import DEVICE_CODE, READ, Actions, Browser, Verifier, error_of, tokens
from tests.support.registration import RegisteredApp
from tests.support.signing_app import SigningApp
from tests.support.stack import Stack


def everything_a_person_and_an_app_do(actions: Actions, see: Callable[[requests.Response], object]) -> list[str]:
    """The story with its accidents; the secrets that took part."""
    app, mo, verifier = actions.app(scopes=["openid", READ]), actions.person(), Verifier()
    nonce = "the-nonce-of-the-app"
    see(mo.sign_in("a mistyped password of mo"))
    code = app.get_code(mo, verifier, nonce=nonce)
    see(app.exchange(code, Verifier()))
    granted = tokens(app.exchange(code, verifier))
    see(actions.fit("GET", token=granted.access))
    service = actions.exchanger(actions.stack.fit_credentials.resource, scopes=[READ])
    exchanged = tokens(service.exchange_token(granted.access))
    see(service.exchange_token(exchanged.access, scope=exchanged.access, audience=granted.access))
    id_token = granted.answer["id_token"]
    mo.browser.follow(app.authorize_url(verifier, id_token_hint=id_token, nonce=nonce))
    bearer = {"Authorization": f"Bearer {granted.access}"}
    see(requests.get(f"{actions.stack.auth}/userinfo", headers=bearer, timeout=60))
    see(actions.fit("GET", f"/api/body_weight/{granted.access}", token=granted.access))
    see(actions.fit("GET", f"/api/body_weight/?access_token={granted.access}"))
    see(actions.fit("POST", token=granted.access, json={"body_weight": granted.access, "unit": granted.refresh}))
    webhook = actions.fit("POST", "/api/webhooks/", granted.access, json={"url": "https://app.example/"}).json()
    see(actions.fit("GET", "/api/webhooks/", granted.access))
    see(requests.get(f"{actions.stack.auth}/nothing/{granted.refresh}", timeout=60))
    see(requests.post(f"{actions.stack.auth}/token?code={code}", data={"code": code}, timeout=60))
    refreshed = tokens(app.refresh(granted.refresh, key="a-key-of-twenty-characters"))
    actions.introspect(refreshed.access)
    assert error_of(app.refresh(granted.refresh)) == (400, "invalid_grant")
    see(app.revoke(refreshed.refresh))
    see(mo.browser.get("/connected-apps"))
    see(mo.browser.get("/account"))
    session = mo.browser.session.cookies["moogle_auth"]
    link = actions.stack.command("account", "invite", f"{mo.username}-invited")["link"]
    see(requests.get(link, timeout=60, allow_redirects=False))
    see(Browser(actions.stack).follow(link))
    device = actions.app("--grant-type", DEVICE_CODE)
    codes = device.begin_device()
    see(device.poll(codes["device_code"]))
    see(mo.answer_device(codes["user_code"], [READ]))
    see(device.poll(codes["device_code"], scope=codes["device_code"]))
    see(requests.post(f"{actions.stack.auth}/device_authorization?x={codes['device_code']}", data={}, timeout=60))
    secrets = [granted.access, granted.refresh, refreshed.access, refreshed.refresh, code, codes["device_code"]]
    secrets += [
        exchanged.access,
        nonce,
        id_token,
        verifier.verifier,
        mo.password,
        "a mistyped password of mo",
        session,
        webhook["secret"],
        link.partition("link=")[2],
    ]
    secrets += what_a_registering_and_a_signing_app_hold(actions, see)
    see(mo.browser.follow(f"/logout?id_token_hint={id_token}"))
    assert app.secret is not None
    for name, secret in (
        (app.client_id, app.secret),
        (actions.stack.fit_credentials.name, actions.stack.fit_credentials.secret),
    ):
        secrets += [secret, base64.b64encode(f"{name}:{secret}".encode()).decode()]
    return secrets


def what_a_registering_and_a_signing_app_hold(
    actions: Actions, see: Callable[[requests.Response], object]
) -> list[str]:
    app, signing = (
        RegisteredApp(actions.stack, token_endpoint_auth_method="client_secret_basic"),
        SigningApp(actions.stack),
    )
    see(app.read("x" + app.token))
    see(app.manage("GET", app.token, token=app.token))
    assertion = signing.sign()
    for _ in range(2):
        see(signing.post("/token", {"grant_type": "refresh_token", "refresh_token": "x"}, assertion))
    assert app.secret is not None
    return [app.secret, app.token, assertion, assertion.rpartition(".")[2]]


@pytest.mark.clause("RFC 6750 §5.3", line=49)
def test_no_secret_is_written_down(start_stack: Callable[..., Stack], capfd: pytest.CaptureFixture[str]) -> None:
    stack, pages = start_stack(log_level="DEBUG", registration="open"), []
    stack.forget_failures()
    logging.getLogger().setLevel("DEBUG")

    def see(answer: requests.Response) -> None:
        pages.append(answer.text if "access_token" not in answer.text else "")
        pages.append(answer.headers.get("Location", ""))

    try:
        secrets = everything_a_person_and_an_app_do(Actions(stack), see)
    finally:
        logging.getLogger().setLevel("ERROR")

    lines = capfd.readouterr().err
    assert lines.count("\n") > 30
    assert re.search(r'"path": "/token"', lines)
    for secret in secrets:
        assert secret not in lines
        assert [page for page in pages if secret in page] == []
