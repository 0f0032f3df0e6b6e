"""Versions of entries and lists: who has them already gets 304, who would overwrite something newer gets 412."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.support.actions import Actions

LIST = "/api/body_weight/"


@pytest.fixture
def token(actions: Actions) -> str:
    return actions.token()


def insert(actions: Actions, token: str, amount: str = "82.5") -> requests.Response:
    return actions.fit("POST", token=token, json={"body_weight": amount, "unit": "kg"})


@pytest.mark.clause("RFC 9110 §8.8.3")
def test_an_entry_has_a_strong_version_that_changes_when_it_does(actions: Actions, token: str) -> None:
    inserted = insert(actions, token)
    address = inserted.headers["Location"]
    tags = [inserted.headers["ETag"], actions.fit("GET", address, token).headers["ETag"]]
    changed = actions.fit("PATCH", address, token, json={"body_weight": "82"})
    tags += [changed.headers["ETag"], actions.fit("GET", address, token).headers["ETag"]]
    assert tags[0] == tags[1] != tags[2] == tags[3]
    assert all(tag.startswith('"') for tag in tags)


@pytest.mark.clause("RFC 9110 §13.1.2")
@pytest.mark.parametrize("address", ["entry", LIST, f"{LIST}latest", f"{LIST}?updated_since=0"])
def test_whoever_has_the_version_gets_304_until_it_changes(actions: Actions, token: str, address: str) -> None:
    inserted = insert(actions, token)
    entry = inserted.headers["Location"]
    address = entry if address == "entry" else address
    seen = actions.fit("GET", address, token)
    assert seen.headers["Cache-Control"] == "private, no-cache, no-transform"
    for known in (seen.headers["ETag"], f'"other", {seen.headers["ETag"]}', f"W/{seen.headers['ETag']}", "*"):
        unchanged = actions.fit("GET", address, token, headers={"If-None-Match": known})
        assert (unchanged.status_code, unchanged.content) == (304, b"")
        assert (unchanged.headers["ETag"], unchanged.headers["Cache-Control"]) == (
            seen.headers["ETag"],
            "private, no-cache, no-transform",
        )
    assert actions.fit("GET", address, token, headers={"If-None-Match": '""'}).status_code == 200
    actions.fit("PATCH", entry, token, json={"body_weight": "82"})
    changed = actions.fit("GET", address, token, headers={"If-None-Match": seen.headers["ETag"]})
    assert (changed.status_code, "82.5" in changed.text) == (200, False)


def test_one_persons_version_is_not_anothers(actions: Actions, token: str) -> None:
    """A cache knows addresses, not persons: with numbers alone it would show one what it keeps of the other."""
    other = actions.token()
    insert(actions, token)
    insert(actions, other, "60")
    mine = actions.fit("GET", token=token).headers["ETag"]
    answer = actions.fit("GET", token=other, headers={"If-None-Match": mine})
    assert (answer.status_code, [entry["body_weight"] for entry in answer.json()]) == (200, ["60"])


@pytest.mark.clause("RFC 9110 §13.1.1")
@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_a_newer_version_is_not_overwritten(actions: Actions, token: str, method: str) -> None:
    inserted = insert(actions, token)
    address = inserted.headers["Location"]
    current = actions.fit("PATCH", address, token, json={"body_weight": "82"})
    for stale in (inserted.headers["ETag"], '"nonsense"', "nonsense", "", '""', f"W/{current.headers['ETag']}"):
        refused = actions.fit(method, address, token, json={"body_weight": "81"}, headers={"If-Match": stale})
        assert refused.status_code == 412, stale
        assert refused.headers["Content-Type"] == "application/problem+json"
    assert actions.fit("GET", address, token).json() == current.json()
    fresh = {"If-Match": f'"other", {current.headers["ETag"]}'}
    done = actions.fit(method, address, token, json={"body_weight": "81"}, headers=fresh)
    assert done.status_code == {"PATCH": 200, "DELETE": 204}[method]


@pytest.mark.clause("RFC 9110 §13.1.1")
def test_any_version_will_do_for_a_star_but_there_must_be_one(actions: Actions, token: str) -> None:
    address = insert(actions, token).headers["Location"]
    star = {"If-Match": "*"}
    assert actions.fit("PATCH", address, token, json={"body_weight": "81"}, headers=star).status_code == 200
    assert actions.fit("DELETE", address, token, headers=star).status_code == 204
    assert actions.fit("DELETE", address, token, headers=star).status_code == 404


def test_of_many_who_change_the_same_version_at_once_one_succeeds(actions: Actions, token: str) -> None:
    inserted = insert(actions, token)

    def change(amount: int) -> int:
        return actions.fit(
            "PATCH",
            inserted.headers["Location"],
            token,
            json={"body_weight": amount},
            headers={"If-Match": inserted.headers["ETag"]},
        ).status_code

    with ThreadPoolExecutor(8) as threads:
        assert sorted(threads.map(change, range(60, 68))) == [200] + [412] * 7


def test_the_latest_entry_is_the_one_of_the_latest_instant(actions: Actions, token: str) -> None:
    assert actions.fit("GET", f"{LIST}latest", token).status_code == 404
    for day, amount in (("02", "82"), ("03", "83"), ("01", "81")):
        entry = {"body_weight": amount, "unit": "kg", "created_at": f"2026-03-{day}T07:00:00Z"}
        actions.fit("POST", token=token, json=entry)
    latest = actions.fit("GET", f"{LIST}latest?unit=lbs", token).json()
    assert (latest["created_at"], latest["body_weight"]) == ("2026-03-03T07:00:00+00:00", "182.984")


def test_of_several_entries_of_the_latest_instant_the_one_stored_last_is_the_latest(
    actions: Actions, token: str
) -> None:
    at = "2026-03-02T07:00:00Z"
    entries = [{"body_weight": str(60 + number), "unit": "kg", "created_at": at} for number in range(12)]
    for number, entry in enumerate(entries):
        actions.fit("POST", token=token, json=entry)
        assert actions.fit("GET", f"{LIST}latest", token).json()["body_weight"] == str(60 + number)


def test_a_change_that_changes_nothing_is_none(actions: Actions, token: str) -> None:
    """Two apps that tell each other of every change would never end."""
    inserted = insert(actions, token, "82.5")
    entry, address = inserted.json(), inserted.headers["Location"]
    position = actions.fit("GET", f"{LIST}?updated_since=0", token).headers["Updated-Since"]
    for fields in ({}, entry, {"body_weight": 82.5}, {"body_weight": "82.50", "unit": "kg"}):
        answer = actions.fit("PATCH", address, token, json=fields)
        assert (answer.status_code, answer.json(), answer.headers["ETag"]) == (200, entry, inserted.headers["ETag"])
    since = actions.fit("GET", f"{LIST}?updated_since={position}", token)
    assert (since.json(), since.headers["Updated-Since"]) == ([], position)


@pytest.mark.clause("RFC 9110 §13.1.2")
@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_a_version_that_is_excluded_is_not_changed(actions: Actions, token: str, method: str) -> None:
    inserted = insert(actions, token)
    address, current = inserted.headers["Location"], inserted.headers["ETag"]
    for excluded in (current, f'"other", {current}', f"W/{current}", "*"):
        headers = {"If-None-Match": excluded}
        refused = actions.fit(method, address, token, json={"body_weight": "81"}, headers=headers)
        assert refused.status_code == 412, excluded
    assert actions.fit("GET", address, token).json() == inserted.json()
    done = actions.fit(method, address, token, json={"body_weight": "81"}, headers={"If-None-Match": '"other", ""'})
    assert done.status_code == {"PATCH": 200, "DELETE": 204}[method]


@pytest.mark.clause("RFC 9110 §8.8.3")
def test_each_view_has_a_tag_of_its_own_and_all_of_an_entry_guard_it(actions: Actions, token: str) -> None:
    """Whoever has the list in kilograms has not the one in pounds, nor the summary."""
    entry = insert(actions, token).headers["Location"]
    views = [LIST, f"{LIST}?unit=lbs", f"{LIST}?limit=1", f"{LIST}summary", f"{LIST}summary?bucket=week"]
    of_the_entry = [entry, f"{entry}?unit=lbs", f"{LIST}latest"]
    tags = {view: actions.fit("GET", view, token).headers["ETag"] for view in (*views, *of_the_entry)}
    assert len(set(tags.values())) == len(tags)
    for view in tags:
        others = ", ".join(tag for other, tag in tags.items() if other != view)
        assert actions.fit("GET", view, token, headers={"If-None-Match": others}).status_code == 200
    for number, view in enumerate(of_the_entry):
        guard = {"If-Match": actions.fit("GET", view, token).headers["ETag"]}
        changed = actions.fit("PATCH", f"{entry}?unit=kg", token, json={"body_weight": 70 + number}, headers=guard)
        assert changed.status_code == 200, view
        assert changed.headers["ETag"] == actions.fit("GET", f"{entry}?unit=kg", token).headers["ETag"]
    in_pounds = actions.fit("POST", f"{LIST}?unit=lbs", token, json={"body_weight": "60", "unit": "kg"})
    known = {"If-None-Match": in_pounds.headers["ETag"]}
    for query, status in (("", 200), ("?unit=lbs", 304)):
        address = in_pounds.headers["Location"] + query
        assert actions.fit("GET", address, token, headers=known).status_code == status
