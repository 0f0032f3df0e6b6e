"""What the worker has a service say to requests that waited too long: the same as in an outage, and it is counted."""

from contextvars import Context
from types import SimpleNamespace

import pytest
import requests
from flask import Flask
from prometheus_client import CollectorRegistry
from werkzeug.test import Client, TestResponse

from auth_service.web import errors
from auth_service.web.overload import OverloadAnswer
from fit_service.web.overload import overload_answer
from shared.gunicorn.configuration import post_worker_init
from shared.gunicorn.worker_setup import setup_of
from shared.operations.request_id import begin_request
from tests.support.actions import TIMEOUT, Actions
from tests.support.polling import eventually
from tests.support.stack import Stack

ORIGIN = "https://charts.example"
OF_ONE_ANSWER = {"Connection", "Content-Length", "Date", "Server", "Vary", "X-Request-Id"}


def shed(app: Flask, path: str, method: str = "POST", **headers: str) -> TestResponse:
    setup = setup_of(app)
    assert setup is not None
    return Client(setup.unavailable).open(path, method=method, headers=headers)


def page_of_an_outage(app: Flask, language: str) -> str:
    with app.test_request_context(headers={"Accept": "text/html", "Accept-Language": language}):
        return errors.overloaded().get_data(as_text=True)


def usual_headers(url: str, accept: str) -> dict[str, str]:
    """Those of each answer of this form: here, that there is nothing."""
    answer = requests.get(f"{url}/no/such/page", headers={"Accept": accept}, timeout=TIMEOUT)
    return {name: value for name, value in answer.headers.items() if name not in OF_ONE_ANSWER}


def headers(answer: TestResponse) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name not in OF_ONE_ANSWER}


@pytest.mark.parametrize("path", ["/token", "/introspect", "/account"])
def test_a_program_is_told_of_overload_as_of_an_outage(stack: Stack, path: str) -> None:
    answer = shed(stack.auth_app, path, Accept="application/json")
    assert (answer.status_code, answer.json) == (
        503,
        {
            "error": "temporarily_unavailable",
            "error_description": "More is asked than we can answer at the moment. "
            "Nothing was begun; try again in a few seconds.",
        },
    )
    assert headers(answer) == {**usual_headers(stack.auth, "application/json"), "Retry-After": "1"}


def test_a_program_that_asks_for_everything_is_told_in_json(stack: Stack) -> None:
    answer = shed(stack.auth_app, "/token", Accept="text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2")
    assert answer.mimetype == "application/json"


@pytest.mark.parametrize(
    ("asked", "language", "title"),
    [
        ("", "en", "Please try again"),
        ("fr, de-AT;q=0.8, en;q=0.5", "de", "Bitte versuchen Sie es noch einmal"),
        ("de" + ",x" * 300, "en", "Please try again"),
    ],
)
def test_a_person_gets_the_page_of_an_outage_in_their_language(
    stack: Stack, asked: str, language: str, title: str
) -> None:
    answer = shed(stack.auth_app, "/account", "GET", **{"Accept": "text/html", "Accept-Language": asked})
    assert (answer.status_code, answer.text) == (503, Context().run(page_of_an_outage, stack.auth_app, language))
    assert f"<h1>{title}</h1>" in answer.text
    assert headers(answer) == {**usual_headers(stack.auth, "text/html"), "Retry-After": "1"}


def test_the_page_names_no_request(stack: Stack) -> None:
    begin_request("the-last-of-this-thread")
    nothing = SimpleNamespace(route_at=lambda _: (None, None))
    answer = Client(OverloadAnswer(stack.auth_app, nothing, {}, stack.auth)).get("/", headers={"Accept": "text/html"})  # type: ignore[arg-type]
    assert "<h1>Please try again</h1>" in answer.text
    assert "the-last-of-this-thread" not in answer.text


def test_a_script_of_an_app_may_read_of_overload_where_it_may_read_answers(actions: Actions) -> None:
    app = actions.stack.auth_app
    actions.app("--origin", ORIGIN, public=True)
    eventually(lambda: shed(app, "/token", Origin=ORIGIN).access_control_allow_origin == ORIGIN)
    assert shed(app, "/token", Origin=ORIGIN).headers["Vary"] == "Origin"
    assert shed(app, "/token", Origin="https://other.example").access_control_allow_origin is None
    assert shed(app, "/introspect", Origin=ORIGIN).access_control_allow_origin is None


def test_the_fit_api_tells_of_overload_by_a_problem_document(stack: Stack) -> None:
    answer = shed(stack.fit_app, "/api/body_weight/", Origin=ORIGIN)
    assert (answer.status_code, answer.json) == (
        503,
        {
            "type": "about:blank",
            "title": "Service Unavailable",
            "status": 503,
            "detail": "More is asked than can be answered at the moment. Nothing was begun; try again.",
        },
    )
    assert headers(answer) == {**usual_headers(stack.fit, "application/json"), "Retry-After": "1"}


def test_scripts_that_may_read_the_fit_api_may_read_of_overload(stack: Stack) -> None:
    told = Client(overload_answer(stack.fit_app, {}, [ORIGIN]))
    answer = told.get("/api/body_weight/", headers={"Origin": ORIGIN})
    assert answer.access_control_allow_origin == ORIGIN
    assert "Retry-After" in answer.headers["Access-Control-Expose-Headers"]
    assert answer.headers["Vary"] == "Origin"
    assert told.get("/", headers={"Origin": "https://other.example"}).access_control_allow_origin is None


@pytest.mark.parametrize("service", ["auth", "fit"])
def test_it_is_counted_beside_the_answers_of_the_service(stack: Stack, service: str) -> None:
    app: Flask = getattr(stack, f"{service}_app")
    registry: CollectorRegistry = app.extensions[f"{service}_service"].metrics

    def counted() -> float:
        return registry.get_sample_value("http_requests_shed_total") or 0.0

    before = counted()
    shed(app, "/token")
    assert counted() == before + 1


@pytest.mark.parametrize("service", ["auth", "fit"])
def test_the_worker_is_told_how_to_answer_and_what_is_urgent(stack: Stack, service: str) -> None:
    app: Flask = getattr(stack, f"{service}_app")
    setup = setup_of(app)
    assert setup is not None
    worker = SimpleNamespace(wsgi=app, age=2)
    app.extensions["worker_setup"] = SimpleNamespace(**{**vars(setup), "start": lambda: None})
    try:
        post_worker_init(worker)
    finally:
        app.extensions["worker_setup"] = setup
    assert (worker.unavailable, set(worker.urgent_paths)) == (
        setup.unavailable,
        {"/health/live", "/health/ready", "/metrics"},
    )
