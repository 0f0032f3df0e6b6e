"""Where a service and the authorization server call each other by different names, the log says once which side to
change, and nobody is told that a token is bad. Against the real authorization server.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from shared.resource_server import (
    CannotValidateError,
    InvalidTokenError,
    MisconfiguredError,
    TokenValidator,
    connect,
    peer,
)
from shared.resource_server.testing import FakeAuthorizationServer, serving
from tests.support.actions import TIMEOUT, Actions
from tests.support.polling import eventually
from tests.support.servers import free_port
from tests.support.stack import SCOPES, Stack


@pytest.fixture
def token(actions: Actions) -> str:
    return str(actions.app().connect(actions.person()).access)


@pytest.fixture
def start(actions: Actions) -> Iterator[Callable[..., TokenValidator]]:
    fit = actions.stack.fit_credentials
    right = {
        "resource": fit.resource,
        "issuer": actions.stack.auth,
        "client_id": fit.name,
        "client_secret": fit.secret,
        "deadline": 20.0,
    }
    with ExitStack() as running:

        def start_validator(**wrong: Any) -> TokenValidator:
            validator = connect(**{**right, **wrong})
            running.callback(validator.close)
            return validator

        yield start_validator


def port(actions: Actions) -> int | None:
    return urlsplit(actions.stack.auth).port


WRONG: dict[str, tuple[Callable[[Actions], dict[str, str]], tuple[str, ...]]] = {
    "resource without its slash": (
        lambda actions: {"resource": actions.stack.fit_credentials.resource.rstrip("/")},
        ("`resource`", "register"),
    ),
    "resource with a large host": (
        lambda actions: {"resource": actions.stack.fit_credentials.resource.replace("localhost", "LOCALHOST")},
        ("`resource`", "register"),
    ),
    "issuer with a slash": (lambda actions: {"issuer": f"{actions.stack.auth}/"}, ("`issuer`", "AUTH_ISSUER")),
    "secret": (lambda _: {"client_secret": "another"}, ("`client_secret`", "rotate-secret")),
    "name": (lambda _: {"client_id": "nobody"}, ("`client_id`", "resource-server create")),
    "host that isn't trusted": (
        lambda actions: {"auth_url": f"http://127.0.0.1:{port(actions)}"},
        ("`auth_url`", "AUTH_TRUSTED_HOSTS", "127.0.0.1"),
    ),
    "path": (lambda actions: {"auth_url": f"{actions.stack.auth}/oauth"}, ("`auth_url`", "404")),
}


@pytest.mark.clause("RFC 6750 §3.1")
@pytest.mark.parametrize("follows", [True, False])
@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_setting_is_a_503_that_the_log_explains_once(
    actions: Actions,
    start: Callable[..., TokenValidator],
    token: str,
    caplog: pytest.LogCaptureFixture,
    case: str,
    follows: bool,
) -> None:
    wrong, told = WRONG[case]
    validator = start(**wrong(actions), follow_revocations=follows)
    for _ in range(7):
        with pytest.raises(MisconfiguredError) as refusal:
            validator.validate(f"Bearer {token}")
        assert refusal.value.status == 503
        assert all(word in str(refusal.value) for word in told)
    kit = [record for record in caplog.records if record.name.startswith("shared.resource_server")]
    assert len([record for record in kit if record.levelno == logging.ERROR]) == 1
    with pytest.raises(MisconfiguredError, match=told[0]):
        validator.check()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"resource": "https://journal.example/"}, "https://journal.example/"),
        ({"issuer": "https://auth.example"}, "https://auth.example"),
    ],
)
def test_names_that_have_nothing_in_common_are_found_by_a_check(
    actions: Actions, start: Callable[..., TokenValidator], token: str, wrong: dict[str, str], told: str
) -> None:
    validator = start(**wrong, auth_url=actions.stack.auth, follow_revocations=False)
    with pytest.raises(InvalidTokenError):  # so far it may be a token for somebody else
        validator.validate(f"Bearer {token}")
    with pytest.raises(MisconfiguredError, match=told):
        validator.check()
    with pytest.raises(MisconfiguredError, match=told):
        validator.validate(f"Bearer {token}")


def test_a_check_passes_where_everything_is_right_and_costs_a_question_in_some_seconds(
    start: Callable[..., TokenValidator], monkeypatch: pytest.MonkeyPatch
) -> None:
    validator = start(follow_revocations=False)
    validator.check()
    monkeypatch.setattr(peer, "CHECKED_FOR", 3600.0)
    monkeypatch.setattr("shared.resource_server.back_channel.channel.BackChannel.get", None)
    for _ in range(1000):
        validator.check()


class NamingServer(FakeAuthorizationServer):
    """Says as whom it knows its resource server."""

    known_as = "https://another-name.example/"
    polls = 0

    def answer_poll(self, after: str, wait: float) -> tuple[int, dict[str, Any]]:
        status, body = super().answer_poll(after, wait)
        self.polls += 1
        return status, {**body, "issuer": self.issuer, "resource": self.known_as}


def test_a_wrong_name_that_one_check_found_is_forgotten_when_the_other_side_has_mended_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By the next tokens for others, since nobody follows the feed or checks again; an outage proves nothing."""
    server = NamingServer("https://plans.example/")
    with serving(server):
        validator = connect(**server.connection, follow_revocations=False, deadline=20.0)
        for_others = f"Bearer {server.issue(aud=['https://others.example/'])}"

        def is_refused() -> bool:
            try:
                validator.validate(for_others)
            except MisconfiguredError:
                return False
            except InvalidTokenError:
                return True
            return False

        with pytest.raises(MisconfiguredError):
            validator.check()
        monkeypatch.setattr(peer, "CHECKED_FOR", 3600.0)
        server.known_as = server.resource
        assert not is_refused()
        monkeypatch.setattr(peer, "CHECKED_FOR", 0.0)
        server.feed_down, polls = True, server.polls
        assert not is_refused()
        eventually(lambda: server.polls > polls)
        assert not is_refused()
        server.feed_down = False
        eventually(is_refused)
        validator.close()


def test_an_outage_is_none_of_our_settings(start: Callable[..., TokenValidator]) -> None:
    validator = start(auth_url=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(CannotValidateError) as outage:
        validator.check()
    assert not isinstance(outage.value, MisconfiguredError)


def test_a_secret_that_is_set_right_again_is_found_to_be(
    start_stack: Callable[..., Stack], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peer, "CHECKED_FOR", 0.0)
    stack, secret = start_stack(), tmp_path / "secret"
    secret.write_text("another" * 10)
    fit = stack.fit_credentials
    validator = connect(
        resource=fit.resource,
        issuer=stack.auth,
        client_id=fit.name,
        client_secret=secret.read_text(),
        follow_revocations=False,
        deadline=20.0,
    )
    with pytest.raises(MisconfiguredError):
        validator.check()
    scopes = [part for scope, text in SCOPES.items() for part in ("--scope", f"{scope}={text}")]
    register = ["resource-server", "ensure", fit.name, "--resource", fit.resource, *scopes]
    stack.command(*register, "--secret-file", str(secret))
    validator.check()
    validator.close()


@pytest.mark.clause("RFC 7662 §2.1")
def test_the_feed_says_as_whom_each_side_knows_the_other(actions: Actions) -> None:
    fit = actions.stack.fit_credentials
    answer = requests.get(f"{actions.stack.auth}/revocations", auth=(fit.name, fit.secret), timeout=TIMEOUT).json()
    assert (answer["issuer"], answer["resource"]) == (actions.stack.auth, fit.resource)


def test_a_followed_feed_finds_a_wrong_name_before_any_token_comes(
    start: Callable[..., TokenValidator], token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    validator = start(resource="https://journal.example/")
    with pytest.raises(InvalidTokenError):
        validator.validate("Bearer nonsense")

    def is_found() -> bool:
        try:
            validator.validate(f"Bearer {token}")
        except MisconfiguredError:
            return True
        except InvalidTokenError:
            return False
        return False

    eventually(is_found)
