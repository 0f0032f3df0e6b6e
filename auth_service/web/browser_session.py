"""Flask's session, on our store in Redis, knows who sits at the browser and is signed in.

A browser in which nobody is signed in carries its few values itself, signed: strangers could fill the store. Whoever is
signed in is in the store, else signing out could not end a copied cookie. So Flask's own sessions won't do, nor does
Flask-Session, which keeps session ids in the clear and unpickles what it can't decode.
"""

import secrets
import time
from typing import Any, cast

from flask import Flask, Request, Response, request, session
from flask.sessions import SessionInterface, SessionMixin
from itsdangerous import BadData, URLSafeTimedSerializer
from werkzeug.datastructures import CallbackDict

from auth_service.models.account import Account
from auth_service.models.authentication import PASSWORD, Authentication
from auth_service.models.caller import network_of, program_of
from auth_service.storage.account_sessions import AccountSessions
from auth_service.storage.accounts import AccountStore
from auth_service.storage.browser_sessions import BrowserSessionStore, StoredSession, session_name

FRESH = 5 * 60
"""For so many seconds a sign-in is enough for what an unlocked screen must not be enough for (ASVS 7.5.3)."""
_WITHOUT_SESSION = ("/static/", "/health/")
"""Below these paths nothing asks who sits at the browser, so that the page that tells of an outage has its style."""


class BrowserSession(CallbackDict[str, Any], SessionMixin):
    """It is a session during one request."""

    def __init__(self, session_id: str, stored: StoredSession, *, new: bool) -> None:
        super().__init__(stored.data, on_update=BrowserSession._changed)
        self.session_id = session_id
        self.begun_at = stored.begun_at
        self.new = new
        self.modified = False
        self.ended_ids: list[str] = []
        """It must not be found again under these ids."""
        self.failure: Exception | None = None
        """It could not be loaded or saved because of this. The framework tries again with the answer that says so."""

    def _changed(self) -> None:
        self.modified = True


class RedisSessionInterface(SessionInterface):
    """It loads a session only for a browser that brings its cookie, and begins one only when something is kept."""

    def __init__(self, store: BrowserSessionStore, signed_in: AccountSessions, secret: bytes, lifetime: int) -> None:
        """What a browser carries is taken back for `lifetime` seconds."""
        self._store = store
        self._signed_in = signed_in
        self._signed = URLSafeTimedSerializer(secret, salt="browser session")
        self._lifetime = lifetime

    def open_session(self, app: Flask, request: Request) -> BrowserSession:
        """Return the browser's session, or a new one under a new id: an id that we didn't make is never taken over."""
        asked_for = not request.path.startswith(_WITHOUT_SESSION)
        cookie = request.cookies.get(self.get_cookie_name(app), "") if asked_for else ""
        carried = self._carried_in(cookie) if "." in cookie else {}  # no id has a dot
        fresh = BrowserSession(self._store.new_id(), StoredSession(carried), new=True)
        try:
            stored = self._store.load(cookie) if cookie and "." not in cookie else None
            if stored is not None and "account_id" not in stored.data:  # release 0.1 kept what a browser now carries
                return BrowserSession(self._store.new_id(), stored, new=True)
            if stored is not None:
                self._note(cookie, stored, request)
        except Exception as failure:  # raised here, it would come before anything that could answer it
            fresh.failure = failure
            return fresh
        return BrowserSession(cookie, stored, new=False) if stored else fresh

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Write what has changed."""
        browser_session = cast("BrowserSession", session)
        if browser_session.failure is None:
            try:
                self._save(app, browser_session, response)
            except Exception as failure:
                browser_session.failure = failure
                raise

    def _save(self, app: Flask, browser_session: BrowserSession, response: Response) -> None:
        for ended in browser_session.ended_ids:
            self._store.end(session_name(ended))
        if not browser_session.modified:
            return
        name, path = self.get_cookie_name(app), self.get_cookie_path(app)
        if not browser_session:
            response.delete_cookie(name, path=path, secure=self.get_cookie_secure(app), httponly=True, samesite="Lax")
            return
        if "account_id" in browser_session:
            stored = StoredSession(dict(browser_session), browser_session.begun_at)
            if browser_session.new:
                self._signed_in.make_room(stored.data["account_id"], stored.data["session_epoch"])
            self._store.save(browser_session.session_id, stored, new=browser_session.new)
            self._note(browser_session.session_id, stored, request)
            cookie = browser_session.session_id
            until = self._store.remembered_until(stored)
            max_age = int(until - time.time()) if until else None  # without it, until the browser is closed
        else:
            cookie, max_age = str(self._signed.dumps(dict(browser_session))), None
        response.set_cookie(
            name,
            cookie,
            max_age,
            path=path,
            secure=self.get_cookie_secure(app),
            httponly=True,
            samesite="Lax",
        )

    def _note(self, session_id: str, stored: StoredSession, request: Request) -> None:
        program, network = program_of(request.headers.get("User-Agent")), network_of(request.remote_addr or "")
        self._signed_in.note(stored.data["account_id"], session_id, stored, program, network or "")

    def _carried_in(self, cookie: str) -> dict[str, Any]:
        try:
            carried: dict[str, Any] = self._signed.loads(cookie, max_age=self._lifetime)
        except BadData:
            return {}
        return carried


def browser_binding() -> str:
    """Return a value that only this browser's session has, and that outlives signing in."""
    if "browser" not in session:
        session["browser"] = secrets.token_urlsafe(16)
    return str(session["browser"])


def begin_signed_in_session(account: Account, authentication: Authentication, *, remember: bool) -> None:
    """Sign the account in, under a new session id (ASVS 7.2.4). They have proved so who they are.

    If they want to be remembered, they stay signed in when the browser is closed.
    """
    browser = browser_binding()
    _begin_anew()
    session.update(
        browser=browser,
        account_id=account.id,
        session_epoch=account.session_epoch,
        signed_in_at=authentication.at,
        methods=authentication.methods,
        remembered=remember,
    )


def go_on_alone(account: Account) -> None:
    """Keep this browser signed in, under a new session id, in the account's new epoch, where no other browser is.

    The session is as old as before, so that it ends when it would have ended.
    """
    browser_session = cast("BrowserSession", session._get_current_object())  # type: ignore[attr-defined]
    begun_at = browser_session.begun_at
    begin_signed_in_session(account, authentication(), remember=is_remembered())
    browser_session.begun_at = begun_at


def is_remembered() -> bool:
    """Say whether who is signed in here asked to stay so."""
    return session.get("remembered") is True


def this_session() -> str:
    """Return the name of the session of this request."""
    return session_name(cast("BrowserSession", session._get_current_object()).session_id)  # type: ignore[attr-defined]


def strengthen(methods: tuple[str, ...]) -> None:
    """Note that whoever is signed in has now proved who they are by all of these methods."""
    session["methods"] = methods


def end_session() -> None:
    """Sign out: the session ends in the store, so a copied cookie is worth nothing (ASVS 7.4.1)."""
    _begin_anew()


def signed_in_account(accounts: AccountStore) -> Account | None:
    """Return the account at the browser, unless it was disabled or signed out everywhere since."""
    account_id = session.get("account_id")
    account = accounts.find(account_id) if account_id else None
    if account is None or not account.enabled or account.session_epoch != session["session_epoch"]:
        return None
    return account


def authentication() -> Authentication:
    """Return when and how whoever is signed in last proved who they are."""
    at, methods = session.get("signed_in_at", 0.0), session.get("methods", PASSWORD)
    return Authentication(float(at), tuple(methods))


def signed_in_freshly() -> bool:
    """Say whether they did so lately that nobody else can sit there now; else they are asked to sign in again."""
    return time.time() - authentication().at < FRESH


def _begin_anew() -> None:
    browser_session = cast("BrowserSession", session._get_current_object())  # type: ignore[attr-defined]
    browser_session.ended_ids.append(browser_session.session_id)
    fresh = StoredSession({})
    browser_session.session_id = BrowserSessionStore.new_id()
    browser_session.begun_at = fresh.begun_at
    browser_session.new = True
    browser_session.clear()


def install_sessions(
    app: Flask,
    store: BrowserSessionStore,
    signed_in: AccountSessions,
    secret: bytes,
    lifetime: int,
    *,
    secure: bool,
) -> None:
    """Use our sessions in this application, in a cookie that no other service of the host shares."""
    app.session_interface = RedisSessionInterface(store, signed_in, secret, lifetime)
    app.config["SESSION_COOKIE_NAME"] = "__Host-moogle_auth" if secure else "moogle_auth"
    app.config["SESSION_COOKIE_SECURE"] = secure

    @app.before_request
    def answer_failure() -> None:
        failure = cast("BrowserSession", session._get_current_object()).failure  # type: ignore[attr-defined]
        if failure is not None:
            raise failure
