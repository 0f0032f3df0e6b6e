"""A code works once, for its client, its address and its verifier; what goes wrong burns nothing."""

from collections.abc import Callable

import pytest

from tests.support.actions import CALLBACK, READ, WRITE, Actions, Verifier, error_of, tokens
from tests.support.polling import eventually
from tests.support.stack import Stack


@pytest.mark.clause("RFC 6749 §4.1.2", line=19)
@pytest.mark.clause("RFC 6749 §10.5")
def test_the_second_valid_use_of_a_code_is_refused_and_ends_its_grant(actions: Actions) -> None:
    app, mo, verifier = actions.app(), actions.person(), Verifier()
    code = app.get_code(mo, verifier)
    granted = tokens(app.exchange(code, verifier))

    assert error_of(app.exchange(code, verifier)) == (400, "invalid_grant")

    assert not actions.is_active(granted.access)
    assert error_of(app.refresh(granted.refresh)) == (400, "invalid_grant")


@pytest.mark.clause("draft-ietf-oauth-v2-1 §4.1.3")
def test_a_second_use_that_fails_its_checks_ends_nothing(actions: Actions) -> None:
    app, thief, mo, verifier = actions.app(), actions.app(), actions.person(), Verifier()
    code = app.get_code(mo, verifier)
    granted = tokens(app.exchange(code, verifier))

    assert error_of(app.exchange(code, Verifier())) == (400, "invalid_grant")
    assert error_of(thief.exchange(code, verifier)) == (400, "invalid_grant")
    assert error_of(app.exchange(code, verifier, redirect_uri="http://127.0.0.1/x")) == (400, "invalid_grant")

    assert actions.is_active(granted.access)


@pytest.mark.clause("RFC 6749 §4.1.3", lines=(17, 18))
def test_failed_attempts_do_not_burn_a_code(actions: Actions) -> None:
    app, thief, mo, verifier = actions.app(), actions.app(), actions.person(), Verifier()
    code = app.get_code(mo, verifier)

    assert error_of(thief.exchange(code, verifier)) == (400, "invalid_grant")
    assert error_of(app.exchange(code, Verifier())) == (400, "invalid_grant")
    assert error_of(app.exchange(code, verifier, redirect_uri=CALLBACK + "x")) == (400, "invalid_grant")
    assert error_of(app.exchange(code, verifier, redirect_uri=None)) == (400, "invalid_grant")
    assert error_of(app.exchange(code, verifier, resource="https://elsewhere.example/")) == (400, "invalid_target")
    assert error_of(app.exchange(code, verifier, key="short")) == (400, "invalid_request")

    assert app.exchange(code, verifier).status_code == 200


@pytest.mark.clause("RFC 6749 §4.1.3")
@pytest.mark.clause("draft-ietf-oauth-v2-1 §10.2", line=123)
def test_an_address_that_was_left_to_registration_need_not_be_repeated(actions: Actions) -> None:
    app, mo, verifier = actions.app(), actions.person(), Verifier()
    code = app.get_code(mo, verifier, redirect_uri=None)
    assert app.exchange(code, verifier, redirect_uri=None).status_code == 200


@pytest.mark.clause("RFC 6749 §4.1.2", line=20)
def test_a_code_expires(start_stack: Callable[..., Stack]) -> None:
    """However many seconds an operator sets, up to ten minutes."""
    actions = Actions(start_stack(code_lifetime=1))
    app, mo, verifier = actions.app(), actions.person(), Verifier()
    code = app.get_code(mo, verifier)
    grant_id = actions.stack.parts.keys.parse(code).grant_id
    eventually(lambda: actions.stack.parts.grants.find_code_grant(grant_id) is None)
    assert error_of(app.exchange(code, verifier)) == (400, "invalid_grant")


@pytest.mark.clause("RFC 7636 §4.6", lines=(76, 77))
@pytest.mark.parametrize(
    ("verifier", "error"),
    [
        (None, "invalid_request"),
        ("", "invalid_request"),
        ("a" * 42, "invalid_request"),
        ("a" * 129, "invalid_request"),
        ("a" * 42 + " ", "invalid_request"),
        ("a" * 42 + "+", "invalid_request"),
        ("a" * 42 + "\n", "invalid_request"),
        ("a" * 43, "invalid_grant"),
    ],
)
def test_a_wrong_verifier_is_refused(actions: Actions, verifier: str | None, error: str) -> None:
    app, mo, right = actions.app(), actions.person(), Verifier()
    code = app.get_code(mo, right)
    assert error_of(app.exchange(code, right, code_verifier=verifier)) == (400, error)
    assert app.exchange(code, right).status_code == 200


@pytest.mark.clause("RFC 7636 §4.6", line=79)
def test_the_challenge_itself_is_no_verifier(actions: Actions) -> None:
    app, mo, verifier = actions.app(), actions.person(), Verifier()
    code = app.get_code(mo, verifier)
    assert error_of(app.exchange(code, verifier, code_verifier=verifier.challenge)) == (400, "invalid_grant")


@pytest.mark.clause("RFC 9700 §4.5")
def test_a_code_of_another_transaction_does_not_go_with_this_verifier(actions: Actions) -> None:
    app, mo, mine, other = actions.app(), actions.person(), Verifier(), Verifier()
    code = app.get_code(mo, mine)
    app.get_code(mo, other)
    assert error_of(app.exchange(code, other)) == (400, "invalid_grant")


@pytest.mark.clause("RFC 6749 §3.3", line=2)
def test_the_answer_says_which_scopes_were_granted(actions: Actions) -> None:
    app, mo = actions.app(), actions.person()
    assert app.connect(mo, scopes=[READ]).answer["scope"] == READ
    assert app.connect(mo, scopes=[WRITE, READ]).answer["scope"] == f"{READ} {WRITE}"


@pytest.mark.clause("RFC 7636 §4.4.1", line=74)
@pytest.mark.parametrize("public", [False, True], ids=["confidential", "public"])
def test_public_and_confidential_clients_alike_get_codes_and_tokens(actions: Actions, public: bool) -> None:
    granted = actions.app(public=public).connect(actions.person())
    assert actions.fit("GET", token=granted.access).status_code == 200


@pytest.mark.clause("RFC 6749 §6", line=25)
def test_a_code_is_no_token_and_no_token_is_a_code(actions: Actions) -> None:
    app, mo, verifier = actions.app(), actions.person(), Verifier()
    code = app.get_code(mo, verifier)
    assert not actions.is_active(code)
    assert actions.fit("GET", token=code).status_code == 401
    assert error_of(app.refresh(code)) == (400, "invalid_grant")
    granted = tokens(app.exchange(code, verifier))
    assert error_of(app.exchange(granted.refresh, verifier)) == (400, "invalid_grant")
    assert actions.is_active(granted.access)
