"""Inserts with an `Idempotency-Key`: repeated after a lost answer, they happen once."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from tests.support.actions import Actions, App, Person

KEY = "the-key-of-one-insert"
ENTRY = {"body_weight": "82.5", "unit": "kg"}
SHOWN = ("Content-Type", "Location", "ETag", "Cache-Control")


class Caller:
    """A person's app with a token."""

    def __init__(self, actions: Actions, person: Person | None = None, app: App | None = None) -> None:
        self._actions = actions
        self.person, self.app = person or actions.person(), app or actions.app()
        self.token = self.app.connect(self.person).access

    def insert(self, key: str | None = KEY, **options: Any) -> requests.Response:
        headers = {} if key is None else {"Idempotency-Key": key}
        return self._actions.fit("POST", token=self.token, headers=headers, **{"json": ENTRY, **options})

    def stored(self) -> int:
        return len(self._actions.fit("GET", token=self.token).json())


@pytest.fixture
def caller(actions: Actions) -> Caller:
    return Caller(actions)


@pytest.mark.clause("draft-ietf-httpapi-idempotency-key-header-07 §2.6")
def test_a_repetition_gets_the_same_answer_and_inserts_nothing(caller: Caller) -> None:
    first = caller.insert()
    assert first.status_code == 201
    for key in (KEY, f'"{KEY}"'):
        again = caller.insert(key)
        assert (again.status_code, again.content) == (201, first.content)
        assert [again.headers.get(name) for name in SHOWN] == [first.headers.get(name) for name in SHOWN]
    assert caller.stored() == 1


def test_a_repetition_repeats_also_what_was_changed_meanwhile(actions: Actions, caller: Caller) -> None:
    first = caller.insert()
    actions.fit("PATCH", first.headers["Location"], caller.token, json={"body_weight": "81"})
    assert caller.insert().content == first.content
    actions.fit("DELETE", first.headers["Location"], caller.token)
    assert caller.insert().content == first.content
    assert caller.stored() == 0


@pytest.mark.clause("draft-ietf-httpapi-idempotency-key-header-07 §2.7")
def test_another_body_or_address_with_the_key_is_refused(actions: Actions, caller: Caller) -> None:
    caller.insert()
    refused = caller.insert(json={**ENTRY, "body_weight": "83"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "Idempotency-Key")
    headers = {"Idempotency-Key": KEY}
    elsewhere = actions.fit("POST", "/api/body_weight/?unit=lbs", caller.token, json=ENTRY, headers=headers)
    assert elsewhere.status_code == 422
    assert caller.stored() == 1


def test_many_at_once_insert_once_and_get_the_same_answer(caller: Caller) -> None:
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: caller.insert(), range(8)))
    assert {(answer.status_code, answer.content) for answer in answers} == {(201, answers[0].content)}
    assert caller.stored() == 1


def test_a_key_belongs_to_one_person_and_one_client(actions: Actions, caller: Caller) -> None:
    same_person, same_app = Caller(actions, person=caller.person), Caller(actions, app=caller.app)
    ids = {each.insert().json()["id"] for each in (caller, same_person, same_app)}
    assert len(ids) == 3
    assert (caller.stored(), same_app.stored()) == (2, 1)


def test_what_was_refused_may_be_corrected_under_the_same_key(caller: Caller) -> None:
    assert caller.insert(json={"body_weight": "82.5"}).status_code == 422
    assert caller.insert().status_code == 201


def test_without_a_key_the_same_entry_is_another_one(caller: Caller) -> None:
    caller.insert(key=None)
    caller.insert(key=None)
    assert caller.stored() == 2


@pytest.mark.parametrize("key", ["", "too-short", "k" * 256, "with spaces in between", "with-ümlaut-and-more"])
def test_a_malformed_key_is_refused_before_anything_happens(caller: Caller, key: str) -> None:
    refused = caller.insert(key.encode("latin-1"))  # type: ignore[arg-type]
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "Idempotency-Key")
    assert caller.stored() == 0


@pytest.mark.clause("draft-ietf-httpapi-idempotency-key-header-07 §2.6")
def test_a_change_and_a_deletion_are_repeated_when_something_else_was_done_meanwhile(
    actions: Actions, caller: Caller
) -> None:
    inserted = caller.insert()
    address, guard = inserted.headers["Location"], {"If-Match": inserted.headers["ETag"]}
    answers = []
    for method, body, key in (("PATCH", {"body_weight": "81"}, KEY * 2), ("DELETE", None, KEY * 3)):
        headers = {"Idempotency-Key": key, **guard}
        first = actions.fit(method, address, caller.token, json=body, headers=headers)
        again = actions.fit(method, address, caller.token, json=body, headers=headers)
        assert (first.status_code, first.content) == (again.status_code, again.content)
        assert [again.headers.get(name) for name in SHOWN] == [first.headers.get(name) for name in SHOWN]
        assert [answer.headers.get("Idempotent-Replayed") for answer in (first, again)] == [None, "true"]
        answers.append(first.status_code)
        guard = {"If-Match": first.headers.get("ETag", "*")}
        if method == "PATCH":
            other = {"Idempotency-Key": key, "If-Match": '"another"'}
            assert actions.fit(method, address, caller.token, json=body, headers=other).status_code == 422
    assert (answers, caller.stored()) == ([200, 204], 0)


def test_a_refused_change_does_not_use_up_its_key(actions: Actions, caller: Caller) -> None:
    address, key = caller.insert().headers["Location"], {"Idempotency-Key": KEY * 2}
    stale = actions.fit("PATCH", address, caller.token, json={"version": "0" * 16}, headers=key)
    done = actions.fit("PATCH", address, caller.token, json={"body_weight": "81"}, headers=key)
    assert (stale.status_code, done.status_code, done.headers.get("Idempotent-Replayed")) == (412, 200, None)


def test_whoever_asks_without_a_key_is_never_told_of_a_replay(actions: Actions, caller: Caller) -> None:
    for key in (None, KEY, KEY):
        answer = caller.insert(key)
    assert answer.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in caller.insert(None).headers
    assert caller.stored() == 3
