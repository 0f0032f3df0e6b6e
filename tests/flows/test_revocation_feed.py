"""The revocation feed, `GET /revocations`: what it tells whom, where it begins again, and how long it waits."""

import base64
import hashlib
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import requests

from shared.turns import Turns
from tests.support.actions import TIMEOUT, Actions, Person, Verifier, error_of, tokens
from tests.support.feed_reader import Event, Reader
from tests.support.servers import fake_redis
from tests.support.stack import Stack


def jti(token: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()


@pytest.fixture
def reader(actions: Actions) -> Reader:
    return Reader(actions.stack)


@pytest.fixture(scope="module", params=["one shard", "three shards", "the embedded Redis"])
def any_stack(request: pytest.FixtureRequest, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Any:
    from tests.support.stack import run_stack

    folder = tmp_path_factory.mktemp("feed")
    if request.param == "the embedded Redis":
        with fake_redis() as url, run_stack(folder, url) as running:
            yield running
    else:
        with run_stack(folder, redis_url, redis_shards=3 if request.param == "three shards" else 1) as running:
            yield running


@pytest.fixture
def anywhere(any_stack: Stack) -> Actions:
    any_stack.forget_failures()
    return Actions(any_stack)


# What it tells


def test_a_revoked_access_token_is_named_by_its_jti(anywhere: Actions) -> None:
    app = anywhere.app()
    granted = app.connect(anywhere.person())
    reader, introspected = Reader(anywhere.stack), anywhere.introspect(granted.access)

    app.revoke(granted.access)

    assert reader.news() == [{"jti": jti(granted.access)}] == [{"jti": introspected["jti"]}]
    assert reader.news() == []


def test_a_revoked_refresh_token_names_its_grant(anywhere: Actions) -> None:
    app = anywhere.app()
    granted = app.connect(anywhere.person())
    reader, introspected = Reader(anywhere.stack), anywhere.introspect(granted.access)

    app.revoke(granted.refresh)

    assert reader.news() == [{"grant_id": introspected["grant_id"]}]


def _reuse_a_refresh_token(actions: Actions, app: Any, person: Person, granted: Any) -> None:
    app.refresh(granted.refresh)
    assert error_of(app.refresh(granted.refresh)) == (400, "invalid_grant")


def _disconnect(actions: Actions, app: Any, person: Person, granted: Any) -> None:
    person.disconnect(app.client_id)


def _disable_the_account(actions: Actions, app: Any, person: Person, granted: Any) -> None:
    actions.stack.command("account", "disable", person.username)


def _delete_the_client(actions: Actions, app: Any, person: Person, granted: Any) -> None:
    actions.stack.command("client", "delete", app.client_id)


def _revoke_as_operator(actions: Actions, app: Any, person: Person, granted: Any) -> None:
    actions.stack.command("grant", "revoke", actions.introspect(granted.access)["grant_id"])


def _change_the_password(actions: Actions, app: Any, person: Person, granted: Any) -> None:
    person.browser.get("/account")
    fields = {"current": person.password, "new": "a fresh long password 7"}
    assert person.browser.submit("/account/password", fields).status_code == 200


@pytest.mark.parametrize(
    "end",
    [
        _reuse_a_refresh_token,
        _disconnect,
        _disable_the_account,
        _delete_the_client,
        _revoke_as_operator,
        _change_the_password,
    ],
)
def test_whatever_ends_a_grant_names_it(actions: Actions, end: Callable[..., None]) -> None:
    app, person = actions.app(), actions.person()
    granted = app.connect(person)
    reader, grant_id = Reader(actions.stack), actions.introspect(granted.access)["grant_id"]

    end(actions, app, person, granted)

    assert {"grant_id": grant_id} in reader.news()


def test_a_code_that_is_used_again_names_the_grant(actions: Actions, reader: Reader) -> None:
    app, verifier = actions.app(), Verifier()
    code = app.get_code(actions.person(), verifier)
    grant_id = actions.introspect(tokens(app.exchange(code, verifier)).access)["grant_id"]

    assert error_of(app.exchange(code, verifier)) == (400, "invalid_grant")

    assert {"grant_id": grant_id} in reader.news()


def test_deleting_a_client_names_the_grant_of_its_own_tokens(actions: Actions, reader: Reader) -> None:
    app = actions.app("--grant-type", "client_credentials")
    introspected = actions.introspect(app.client_credentials().json()["access_token"])

    actions.stack.command("client", "delete", app.client_id)

    assert {"grant_id": introspected["grant_id"]} in reader.news()


def test_every_grant_of_an_account_is_named_when_it_is_disabled(actions: Actions, reader: Reader) -> None:
    person = actions.person()
    grant_ids = {actions.introspect(actions.app().connect(person).access)["grant_id"] for _ in range(3)}

    actions.stack.command("account", "disable", person.username)

    assert {event["grant_id"] for event in reader.news()} == grant_ids


def test_what_ends_nothing_is_not_told(actions: Actions, reader: Reader) -> None:
    app, person = actions.app(), actions.person()
    granted = app.connect(person)
    app.refresh(granted.refresh)
    app.revoke("mat_nonsense")
    actions.app().revoke(granted.access)
    person.browser.get("/account")
    person.browser.submit("/account/sign-out-everywhere", {})

    assert reader.news() == []


def test_tokens_for_others_are_not_told_and_yet_passed(actions: Actions) -> None:
    mine, others = Reader(actions.stack), Reader(actions.stack, actions.stack.other_credentials)
    before = others.cursor
    app = actions.app()
    app.revoke(app.connect(actions.person()).access)

    assert (len(mine.news()), others.news()) == (1, [])
    assert others.cursor == mine.cursor != before


# Where it begins again


@pytest.mark.parametrize(
    "spoil",
    [
        lambda cursor: "",
        lambda cursor: "nonsense",
        lambda cursor: cursor + ".1-1",
        lambda cursor: "A" * 16 + cursor[16:],
        lambda cursor: cursor[:17] + "9" * 19 + "-0",
        lambda cursor: cursor[:17] + "1-0",
        lambda cursor: cursor + "7",
        lambda cursor: "é" * 40,
        lambda cursor: cursor[:17] + "9" * 3000 + "-0",
    ],
    ids=["empty", "nonsense", "other shards", "foreign", "beyond the end", "too old", "changed", "not ascii", "huge"],
)
def test_an_unknown_cursor_is_answered_at_once_with_a_reset(reader: Reader, spoil: Callable[[str], str]) -> None:
    body = reader.poll(spoil(reader.cursor), wait=1)
    assert body == {"cursor": reader.cursor, "reset": True, "events": [], "more": False}


def test_a_redis_that_lost_its_data_resets_every_reader(start_stack: Callable[..., Stack]) -> None:
    with fake_redis() as url:
        stack = start_stack(redis=url)
        reader = Reader(stack)
        stack.parts.redis.scripts.flushall()

        body = reader.poll(reader.cursor)

        assert (body["reset"], body["events"]) == (True, [])
        assert body["cursor"] != reader.cursor
        assert reader.poll(body["cursor"])["reset"] is False


def test_a_reader_that_fell_behind_a_trimmed_log_begins_again(start_stack: Callable[..., Stack]) -> None:
    with fake_redis() as url:
        actions = Actions(start_stack(redis=url))
        reader, app = Reader(actions.stack), actions.app()
        app.revoke(app.connect(actions.person()).access)
        for key in actions.stack.parts.redis.scripts.scan_iter("revocations:{0}"):
            actions.stack.parts.redis.scripts.xtrim(key, maxlen=1, approximate=False)

        assert reader.poll(reader.cursor)["reset"] is True


def test_a_long_quiet_time_is_no_reason_to_begin_again(start_stack: Callable[..., Stack]) -> None:
    with fake_redis() as url:
        actions = Actions(start_stack(redis=url, revocation_log_lifetime=61, access_token_lifetime=60))
        reader, redis = Reader(actions.stack), actions.stack.parts.redis.scripts
        position, incarnation = "1-0", reader.cursor[:16]
        redis.delete("revocations:{0}")  # as if its newest entry were ages old
        redis.xadd("revocations:{0}", {"mark": ""}, id=position)
        reader.cursor = f"{incarnation}.{position}"

        assert reader.news() == []
        assert reader.cursor != f"{incarnation}.{position}"


def test_more_than_one_batch_is_told_in_pieces_and_says_so(actions: Actions, reader: Reader) -> None:
    redis = actions.stack.parts.redis.scripts
    entry = {"client_id": "c", "sub": "s", "aud": actions.stack.fit_credentials.resource}
    for number in range(1_500):
        redis.xadd("revocations:{0}", {"grant_id": str(number), **entry})

    first = reader.poll(reader.cursor, wait=1)
    rest = reader.poll(first["cursor"])

    assert (len(first["events"]), first["more"]) == (1_000, True)
    assert (len(rest["events"]), rest["more"]) == (500, False)
    assert [event["grant_id"] for event in first["events"] + rest["events"]] == [str(n) for n in range(1_500)]


# How long it waits


def test_a_waiting_poll_is_answered_when_something_is_revoked(anywhere: Actions) -> None:
    app = anywhere.app()
    reader = Reader(anywhere.stack)
    latencies = []
    for _ in range(5):
        granted = app.connect(anywhere.person())
        answers: list[tuple[float, list[Event]]] = []

        def poll(into: list[tuple[float, list[Event]]] = answers) -> None:
            while not into or not into[-1][1]:
                events = reader.news(wait=1)
                into.append((time.monotonic(), events))

        waiting = threading.Thread(target=poll)
        waiting.start()
        time.sleep(0.1)  # a poll under way; a late one would be answered at once and prove less
        app.revoke(granted.access)
        revoked_at = time.monotonic()
        waiting.join(TIMEOUT)
        assert answers[-1][1] == [{"jti": jti(granted.access)}]
        latencies.append(answers[-1][0] - revoked_at)
    assert min(latencies) < 0.5


def test_a_quiet_poll_is_held_for_the_time_it_asked_for_and_never_longer_than_a_second(reader: Reader) -> None:
    for wait, at_least in (("0.3", 0.3), ("1", 1.0), ("600", 1.0)):
        began = time.monotonic()
        assert reader.news(wait=wait) == []
        assert at_least <= time.monotonic() - began < at_least + 3


def test_a_waiting_poll_lets_another_thread_of_its_worker_run(actions: Actions, reader: Reader) -> None:
    turns, caller = Turns(1), actions.stack.fit_credentials
    began, answered = threading.Event(), threading.Event()
    poll = {"after": reader.cursor, "wait": 1}

    def wait() -> None:
        turn = turns.take()
        began.set()
        actions.stack.auth_app.test_client().get("/revocations", query_string=poll, auth=(caller.name, caller.secret))
        answered.set()
        turn.end()

    waiting = threading.Thread(target=wait)
    waiting.start()
    assert began.wait(TIMEOUT)
    turns.take()
    assert not answered.is_set()
    waiting.join(TIMEOUT)


def test_noise_for_others_does_not_end_a_wait(actions: Actions) -> None:
    others = Reader(actions.stack, actions.stack.other_credentials)
    app, began = actions.app(), time.monotonic()
    granted = app.connect(actions.person())
    timer = threading.Timer(0.2, app.revoke, [granted.access])
    began = time.monotonic()
    timer.start()

    assert others.news(wait=1) == []
    assert time.monotonic() - began >= 1
    timer.join()


def test_beyond_the_budget_answers_come_at_once_and_tell_the_same(start_stack: Callable[..., Stack]) -> None:
    actions = Actions(start_stack(waiting_polls=0))
    reader, app = Reader(actions.stack), actions.app()
    granted = app.connect(actions.person())
    began = time.monotonic()
    for _ in range(5):
        assert reader.news(wait=1) == []
    assert time.monotonic() - began < 5  # five waits of a second each would not fit
    app.revoke(granted.access)
    assert reader.news(wait=1) == [{"jti": jti(granted.access)}]


# What it demands


@pytest.mark.parametrize("wait", ["x", "-1", "1s", "nan", "inf", "1e3", "٣", " 1", "1."])
def test_a_malformed_wait_is_refused(reader: Reader, wait: str) -> None:
    assert error_of(reader.request(after=reader.cursor, wait=wait)) == (400, "invalid_request")


def test_repeated_parameters_are_refused(reader: Reader) -> None:
    assert error_of(reader.request(after=[reader.cursor, reader.cursor])) == (400, "invalid_request")
    assert error_of(reader.request(wait=["0", "0"])) == (400, "invalid_request")


def test_the_answer_is_json_that_no_cache_keeps(reader: Reader) -> None:
    answer = reader.request(after=reader.cursor)
    assert (answer.headers["Content-Type"], answer.headers["Cache-Control"]) == ("application/json", "no-store")


def test_only_resource_servers_are_told_anything(actions: Actions) -> None:
    app, fit, url = actions.app(), actions.stack.fit_credentials, f"{actions.stack.auth}/revocations"
    in_the_address = {"client_id": fit.name, "client_secret": fit.secret}
    for options in (
        {},
        {"auth": (fit.name, "wrong")},
        {"auth": (app.client_id, app.secret)},
        {"params": in_the_address},
        {"params": {"client_id": fit.name}},
    ):
        answer = requests.get(url, timeout=TIMEOUT, **options)  # type: ignore[arg-type]
        assert error_of(answer) == (401, "invalid_client")
        assert answer.headers["WWW-Authenticate"].startswith("Basic ")


def test_guessing_secrets_here_is_throttled_as_elsewhere_and_a_right_secret_still_works(actions: Actions) -> None:
    fit, url = actions.stack.fit_credentials, f"{actions.stack.auth}/revocations"
    statuses = [requests.get(url, auth=(fit.name, "wrong"), timeout=TIMEOUT).status_code for _ in range(31)]
    assert set(statuses) == {401, 429}
    assert statuses[-1] == 429
    assert requests.get(url, auth=(fit.name, fit.secret), timeout=TIMEOUT).status_code == 200
    actions.stack.forget_failures()


def test_an_outage_of_redis_is_a_503_with_a_time_to_come_back(start_stack: Callable[..., Stack]) -> None:
    with fake_redis() as url:
        reader = Reader(start_stack(redis=url))
    answer = reader.request(after=reader.cursor, wait=1)
    assert error_of(answer) == (503, "temporarily_unavailable")
    assert int(answer.headers["Retry-After"]) >= 1
