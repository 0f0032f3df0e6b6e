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
        ("a" * 42 + "=", "invalid_grant"),
        ("a" * 128 + "=", "invalid_request"),
        ("=" * 43, "invalid_request"),
        ("a" * 20 + "=" + "a" * 30, "invalid_request"),
    ],
)
def test_a_wrong_verifier_is_refused(actions: Actions, verifier: str | None, error: str) -> None:
    app, mo, right = actions.app(), actions.person(), Verifier()
    code = app.get_code(mo, right)
    assert error_of(app.exchange(code, right, code_verifier=verifier)) == (400, error)
    assert app.exchange(code, right).status_code == 200


@pytest.mark.clause("RFC 7636 §4.6", line=79)
@pytest.mark.parametrize("verifier", ["a" * 42 + "=", "a" * 126 + "=="])
def test_a_verifier_may_end_with_the_padding_of_base64_if_that_was_hashed_too(actions: Actions, verifier: str) -> None:
    app, padded = actions.app(), Verifier(verifier)
    code = app.get_code(actions.person(), padded)
    assert error_of(app.exchange(code, padded, code_verifier="b" + verifier[1:])) == (400, "invalid_grant")
    assert app.exchange(code, padded).status_code == 200


@pytest.mark.clause("RFC 9700 §2.1.1", line=73)
def test_a_confidential_client_whose_operator_says_so_may_send_a_nonce_instead_of_a_challenge(
    actions: Actions,
) -> None:
    app, mo = actions.app("--pkce", "optional", scopes=["openid", READ]), actions.person()
    none = {"code_challenge": None, "code_challenge_method": None}
    for without in ({"scope": READ, "nonce": "n"}, {"scope": f"openid {READ}"}):
        assert mo.refused(app.authorize_url(Verifier(), **none, **without))["error"] == "invalid_request"
    asked = {**none, "scope": f"openid {READ}", "nonce": "a nonce"}
    code = app.get_code(mo, Verifier(), **asked)
    assert error_of(app.exchange(code, Verifier())) == (400, "invalid_grant")  # a verifier without a challenge
    assert "id_token" in app.exchange(code, Verifier(), code_verifier=None).json()


@pytest.mark.clause("RFC 9700 §2.1.1", line=73)
def test_a_nonce_is_worth_nothing_where_the_client_gets_no_id_token_that_repeats_it(actions: Actions) -> None:
    app, mo = actions.app("--pkce", "optional"), actions.person()  # it may not sign people in
    asked = {"code_challenge": None, "code_challenge_method": None, "nonce": "a nonce", "scope": f"openid {READ}"}
    assert mo.refused(app.authorize_url(Verifier(), **asked))["error"] == "invalid_request"


@pytest.mark.clause("RFC 9700 §4.8.2", line=78)
def test_a_challenge_that_was_sent_is_held_to_also_where_it_may_be_left_out(actions: Actions) -> None:
    app, mo, verifier = actions.app("--pkce", "optional", scopes=["openid", READ]), actions.person(), Verifier()
    code = app.get_code(mo, verifier, nonce="a nonce")
    assert error_of(app.exchange(code, verifier, code_verifier=None)) == (400, "invalid_request")
    assert app.exchange(code, verifier).status_code == 200
    plain = app.authorize_url(verifier, nonce="a nonce", code_challenge_method="plain")
    assert mo.refused(plain)["error"] == "invalid_request"


def test_a_public_client_cannot_be_left_without_pkce(actions: Actions) -> None:
    arguments = [
        "client",
        "create",
        "App",
        "--redirect-uri",
        CALLBACK,
        "--scope",
        READ,
        "--public",
        "--pkce",
        "optional",
    ]
    refused = actions.stack.auth_app.test_cli_runner().invoke(args=arguments)
    assert (refused.exit_code, "a public client needs PKCE" in refused.stderr) == (2, True)


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
