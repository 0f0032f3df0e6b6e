"""What a fresh stack is told: the Fit API, the strength app, somebody to sign in as, who has weights to show."""

import secrets
from collections.abc import Callable
from typing import Any

from tools.addresses import Addresses
from tools.console import working
from tools.secrets_store import remember, remembered, secret

FIT = "moogle-fit"
APP = "strength-app"
DOCS = "moogle-fit-docs"
SCOPES = {
    "body_weight:read": "See your body weight over time",
    "body_weight:write": "Add, change and delete body weights",
}
DEMO_USER = "mo"

Command = Callable[..., Any]
"""`auth_command("account", "create", "mo", stdin="")` runs `flask --app auth_service …` and returns its JSON."""


def register(auth_command: Command, addresses: Addresses) -> None:
    """Tell the authorization server of the Fit API, its documentation and the app. Harmless when repeated."""
    described = [part for name, text in SCOPES.items() for part in ("--scope", f"{name}={text}")]
    scopes = [part for name in SCOPES for part in ("--scope", name)]
    auth_command(
        "resource-server",
        "ensure",
        FIT,
        "--resource",
        addresses.resource,
        "--dpop",
        *described,
        "--secret-file",
        "/dev/stdin",
        stdin=secret("fit-client-secret"),
    )
    auth_command(
        "client",
        "ensure",
        "Strength",
        "--client-id",
        APP,
        "--home-page",
        addresses.app,
        "--redirect-uri",
        f"{addresses.app}/callback",
        *scopes,
        "--secret-file",
        "/dev/stdin",
        stdin=secret("app-client-secret"),
    )
    register_docs(auth_command, addresses.fit)


def register_docs(auth_command: Command, fit: str) -> None:
    """Let the Fit API's documentation ask for tokens. A page in a browser keeps no secret and no refresh token."""
    scopes = [part for name in SCOPES for part in ("--scope", name)]
    auth_command(
        "client",
        "ensure",
        "Moogle Fit documentation",
        "--client-id",
        DOCS,
        "--public",
        "--home-page",
        f"{fit}/docs",
        "--redirect-uri",
        f"{fit}/docs/callback",
        "--origin",
        fit,
        "--grant-type",
        "authorization_code",
        "--access-token-lifetime",
        "3600",
        *scopes,
    )


def make_demo_account(auth_command: Command, fit_command: Command, demo_account: str) -> None:
    """Unless there is one. It has two years of sample weights; what it signs in with is kept under the given name."""
    if remembered(demo_account) is None:
        with working("Making an account to sign in with, and two years of weights"):
            password = secrets.token_urlsafe(12)
            account = auth_command("account", "create", DEMO_USER, "--password-stdin", stdin=password)
            fit_command("seed", account["sub"])
        remember(demo_account, {"username": account["username"], "password": password})
