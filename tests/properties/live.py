"""What hostile requests are made of while the service runs: codes, tokens, a session, a form that waits."""

import base64
import re
import time
from collections.abc import Callable

from auth_service.crypto.token_handle import TokenHandle
from auth_service.storage.grant_keys import GrantKeys
from tests.support.actions import CALLBACK, DEVICE_CODE, READ, WRITE, Actions, App, Person, Verifier, query_of, tokens
from tests.support.authenticator import Authenticator, add_passkey, ask
from tests.support.grants_in_redis import stored
from tests.support.registration import RegisteredApp
from tests.support.signing_app import SigningApp

GRANTS = ("LIVE_code", "LIVE_refresh_token", "LIVE_public_token", "LIVE_device_code")
"""Credentials that work once, whose use changes their grant."""
ACCESS_TOKENS = ("LIVE_access_token", "LIVE_own_token")
USED_UP = ("LIVE_request", "LIVE_logout", "LIVE_user_code", "LIVE_made_passkey", "LIVE_signed_by_passkey")
"""What may be gone after a request that was not refused."""
FRESH = 20.0
"""Seconds for which all of this is good in any case; the first to expire does after sixty."""


class Live:
    """Good values by their names, each made when it is first needed and again after it was used up."""

    def __init__(self, actions: Actions) -> None:
        self._actions = actions
        self.person: Person = actions.person()
        self.person.sign_in()
        grants = ("--grant-type", "authorization_code", "--grant-type", "refresh_token")
        grants += ("--grant-type", "client_credentials", "--grant-type", DEVICE_CODE)
        scopes = (READ, WRITE, "openid")
        self.app: App = actions.app(*grants, "--post-logout-redirect-uri", CALLBACK, scopes=scopes)
        self.public = actions.app(public=True)
        self._signing = SigningApp(actions.stack, "--grant-type", "client_credentials")
        self._registered = self._new_registration()
        self._exchanger = actions.exchanger(actions.stack.fit_credentials.resource, scopes=[READ])
        self._verifier = Verifier()
        self._known: dict[str, str] = {}
        self._fresh_until = time.monotonic() + FRESH
        assert self.app.secret is not None
        api = actions.stack.fit_credentials
        self._makers: dict[str, Callable[[], str]] = {
            "LIVE_client_id": lambda: self.app.client_id,
            "LIVE_client_secret": lambda: str(self.app.secret),
            "LIVE_public_id": lambda: self.public.client_id,
            "LIVE_signing_id": lambda: self._signing.client_id,
            "LIVE_assertion": self._signing.sign,
            "LIVE_basic_app": lambda: basic(self.app.client_id, str(self.app.secret)),
            "LIVE_basic_exchanger": lambda: basic(self._exchanger.client_id, str(self._exchanger.secret)),
            "LIVE_basic_api": lambda: basic(api.name, api.secret),
            "LIVE_verifier": lambda: self._verifier.verifier,
            "LIVE_challenge": lambda: self._verifier.challenge,
            "LIVE_code": lambda: self.app.get_code(self.person, self._verifier),
            "LIVE_refresh_token": lambda: self.app.connect(self.person).refresh,
            "LIVE_public_token": lambda: self.public.connect(self.person).refresh,
            "LIVE_device_code": self._allowed_device,
            "LIVE_user_code": lambda: str(self.app.begin_device(scope=READ)["user_code"]),
            "LIVE_access_token": lambda: self.app.connect(self.person).access,
            "LIVE_own_token": lambda: tokens(self.app.client_credentials()).access,
            "LIVE_request_uri": lambda: str(self.app.push(Verifier()).json()["request_uri"]),
            "LIVE_request": lambda: self._waiting(self.app.authorize_url(Verifier(), scope=READ)),
            "LIVE_logout": lambda: self._waiting(f"/logout?client_id={self.app.client_id}"),
            "LIVE_username": lambda: self.person.username,
            "LIVE_password": lambda: self.person.password,
            "LIVE_cookie": lambda: f"moogle_auth={self.person.browser.session.cookies['moogle_auth']}",
            "LIVE_csrf": self._csrf_token,
            "LIVE_registered_id": lambda: self._registered.client_id,
            "LIVE_registration_token": lambda: self._registered.token,
            "LIVE_reused_grant": self._reused_grant,
            "LIVE_resource": lambda: api.resource,
            "LIVE_made_passkey": self._made_passkey,
            "LIVE_signed_by_passkey": self._signed_by_passkey,
            "LIVE_passkey": lambda: str(self._actions.stack.parts.passkey_store.of(self.person.subject)[-1].id),
            "LIVE_link": lambda: str(self._invitation()["link"]).partition("=")[2],
        }
        self._authenticator = Authenticator(actions.stack.auth)
        add_passkey(self.person, self._authenticator)

    def _invitation(self) -> dict[str, object]:
        invitation: dict[str, object] = self._actions.stack.command("account", "invite", "somebody-invited")
        return invitation

    def fill(self, text: str) -> str:
        """`text` with every name replaced by its value."""
        return re.sub(r"LIVE_[a-z_]+", lambda name: self.value(name[0]), text)

    def value(self, name: str) -> str:
        if name not in self._makers:
            return name
        if name not in self._known:
            self._known[name] = self._makers[name]()
        return self._known[name]

    def forget(self, *names: str) -> None:
        """They are used up."""
        for name in names:
            self._known.pop(name, None)

    def renew(self) -> None:
        """Forget everything, if some of it may expire while it is used."""
        if time.monotonic() > self._fresh_until:
            self._known.clear()
            self._fresh_until = time.monotonic() + FRESH

    def sent(self, written: str, status: int, *, changes_session: bool) -> None:
        """Renew what a request with these names may have used up."""
        self.forget("LIVE_assertion")
        if status < 400:
            self.forget(*(name for name in USED_UP if name in written))
            if "LIVE_registered_id" in written:
                self._registered = self._new_registration()
                self.forget("LIVE_registered_id", "LIVE_registration_token")
        if changes_session:
            self.person.sign_in()
            self.forget("LIVE_cookie", "LIVE_csrf", "LIVE_request", "LIVE_logout")
        if status == 429:
            self._actions.stack.forget_failures()

    def state(self) -> dict[str, object]:
        """What Redis holds of all that works once, or until it expires."""
        parts = self._actions.stack.parts
        keys = GrantKeys(parts.settings.redis_shards)
        held: dict[str, object] = {}
        for name in GRANTS:
            held[name] = stored(parts.redis, keys.grant(self._handle(name).grant_id))
        for name in ACCESS_TOKENS:
            token = self._handle(name)
            held[name] = stored(parts.redis, keys.access_token(token.grant_id, token.digest))
        request = self.value("LIVE_request_uri").rpartition(":")[2]
        held["LIVE_request_uri"] = parts.pushed.find(request, self.app.client_id)
        return held

    def _handle(self, name: str) -> TokenHandle:
        handle = self._actions.stack.parts.keys.parse(self.value(name))
        assert handle is not None
        return handle

    def _allowed_device(self) -> str:
        codes = self.app.begin_device(scope=READ)
        self.person.answer_device(codes["user_code"], [READ])
        return str(codes["device_code"])

    def _reused_grant(self) -> str:
        granted = self.public.connect(self.person)
        grant_id = self._actions.introspect(granted.access)["grant_id"]
        for _ in range(2):
            self.public.refresh(granted.refresh)
        return str(grant_id)

    def _made_passkey(self) -> str:
        options = ask(self.person.browser, "/account/passkeys/add", "/account/passkeys/options")
        return Authenticator(self._actions.stack.auth).make(options)

    def _signed_by_passkey(self) -> str:
        return self._authenticator.sign(ask(self.person.browser, "/sign-in", "/sign-in/passkey/options"))

    def _new_registration(self) -> RegisteredApp:
        self._actions.stack.forget_failures()
        return RegisteredApp(self._actions.stack)

    def _waiting(self, address: str) -> str:
        """The id of what a page asks about."""
        return query_of(self.person.browser.follow(address).url)["request"][0]

    def _csrf_token(self) -> str:
        page = self.person.browser.get("/account").text
        return page.partition('name="csrf_token"')[2].partition('value="')[2].partition('"')[0]


def basic(name: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()
