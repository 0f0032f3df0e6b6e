"""The documentation of the Fit API in a real browser: read it, authorize it, try a call."""

from collections.abc import Callable, Iterator

import pytest

from tests.browser.window import Window
from tests.support.actions import Actions, Person
from tests.support.polling import eventually
from tests.support.stack import Stack, run_stack
from tools.registration import DOCS, register_docs


@pytest.fixture(scope="module")
def actions(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Actions]:
    """A stack whose documentation may ask for tokens, as `make up` has it."""
    with run_stack(tmp_path_factory.mktemp("docs"), redis_url, fit_docs_client_id=DOCS) as stack:
        register_docs(stack.command, stack.fit)
        yield Actions(stack)


def open_docs(window: Window, actions: Actions) -> None:
    window.open(f"{actions.stack.fit}/docs")
    window.find(".opblock-summary", "List entries")


def begin_to_authorize(window: Window) -> None:
    window.find("button.authorize").click()
    window.find(".modal-ux button.authorize", "Authorize").click()


def decide(window: Window, person: Person, decision: str) -> None:
    """Sign in and decide in the window that was opened for it."""
    with window.new_window():
        window.find("[name=username]")
        window.fill("username", person.username)
        window.fill("password", person.password)
        window.press("Sign in")
        assert "Moogle Fit documentation" in window.text
        window.find("button", decision).click()


def try_call(window: Window, summary: str) -> str:
    """Send a call as the page suggests it; the status of the answer."""
    operation = window.find(".opblock-summary-control", summary)
    operation.click()
    window.find(".opblock-body button.execute").click()
    status = window.find(".live-responses-table tbody .response-col_status").text
    operation.click()
    return status.split()[0]


@pytest.mark.clause("RFC 7636 §4")
@pytest.mark.timeout(300)
def test_a_developer_reads_authorizes_and_tries_a_call(window: Window, actions: Actions) -> None:
    mo = actions.person()
    open_docs(window, actions)
    assert try_call(window, "Read the entry of the latest instant") == "401"
    begin_to_authorize(window)
    decide(window, mo, "Allow")
    window.find(".modal-ux", "Authorized")
    assert window.windows == 1
    window.find(".modal-ux button.btn-done").click()
    assert try_call(window, "Insert an entry") == "201"
    assert try_call(window, "Sum entries up") == "200"
    complaints = [each for each in window.complaints() if "401" not in each]
    assert complaints == []
    assert window.run("return localStorage.length + sessionStorage.length") == 0, "a token may be kept in memory only"


@pytest.mark.clause("RFC 7009 §1")
@pytest.mark.timeout(300)
def test_logging_out_there_ends_the_token(window: Window, actions: Actions) -> None:
    open_docs(window, actions)
    begin_to_authorize(window)
    decide(window, actions.person(), "Allow")
    window.find(".modal-ux", "Authorized")
    [authorized] = window.run("return Object.values(ui.authSelectors.authorized().toJS())")
    token = authorized["token"]["access_token"]
    assert "refresh_token" not in authorized["token"]
    assert actions.is_active(token)
    window.find(".modal-ux button", "Logout").click()
    eventually(lambda: not actions.is_active(token))


@pytest.mark.clause("RFC 6749 §4.1.2.1")
@pytest.mark.clause("RFC 9207 §2.4")
@pytest.mark.timeout(300)
def test_only_an_answer_to_its_own_question_from_our_server_is_taken_and_a_refusal_is_shown(
    window: Window, actions: Actions
) -> None:
    open_docs(window, actions)
    begin_to_authorize(window)
    decide(window, actions.person(), "Don’t allow")
    assert "denied" in window.find(".modal-ux .errors").text

    window.find(".modal-ux button.authorize", "Authorize").click()
    say = "new BroadcastChannel('docs-callback').postMessage(new URLSearchParams(arguments[0]).toString())"
    state = window.run("return swaggerUIRedirectOauth2.state")
    window.run(say, {"code": "x", "iss": actions.stack.auth, "state": "of another tab"})
    window.run(say, {"code": "x", "iss": actions.stack.auth})
    assert window.run("return swaggerUIRedirectOauth2.state") == state
    window.run(say, {"code": "x", "iss": "https://attacker.example", "state": state})
    assert "somebody else" in window.find(".modal-ux .errors").text


@pytest.mark.timeout(300)
def test_it_fits_a_small_screen(window: Window, actions: Actions) -> None:
    window.be_small()
    open_docs(window, actions)
    window.find(".opblock-summary-control", "List entries").click()
    window.find(".opblock-body .parameters")
    window.find("button.authorize").click()
    window.find(".modal-ux button.authorize", "Authorize")
    assert window.run("return document.documentElement.scrollWidth") == 390


@pytest.mark.timeout(300)
def test_where_it_is_no_client_it_can_be_read(window: Window, start_stack: Callable[..., Stack]) -> None:
    actions = Actions(start_stack())
    open_docs(window, actions)
    window.find(".opblock-summary-control", "List entries").click()
    window.find(".opblock-body .parameters")
    assert window.run("return document.querySelectorAll('.authorize, .authorization__btn, .try-out').length") == 0
    assert window.complaints() == []
