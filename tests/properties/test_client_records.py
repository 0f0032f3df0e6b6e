"""Whatever two apps send, one by one or in batches: answers are those of a simple oracle, and the feed tells it all."""

import itertools
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.properties.client_record_oracle import Change, Delete, DeleteRecord, Oracle, Step, Upsert
from tests.support.actions import Actions
from tests.support.stack import Stack

LIST, BATCH = "/api/body_weight/", "/api/body_weight/batch"
AT = "2026-01-31T06:30:00Z"
WEIGHTS, RECORDS, VERSIONS = st.sampled_from(("80", "81", "82")), st.sampled_from("abc"), st.integers(0, 4)
PLACES = st.integers(0, 5)
STEPS = st.one_of(
    st.builds(Upsert, WEIGHTS, RECORDS, VERSIONS),
    st.builds(Upsert, WEIGHTS),
    st.builds(Change, PLACES, WEIGHTS, st.booleans()),
    st.builds(Delete, PLACES, st.booleans()),
    st.builds(DeleteRecord, RECORDS),
)


@dataclass(frozen=True)
class Request:
    """One step, or several as a batch, by one of two apps."""

    app: int
    steps: list[Step]
    as_batch: bool


REQUESTS = st.builds(Request, st.integers(0, 1), st.lists(STEPS, min_size=1, max_size=6), st.booleans())


@dataclass
class Mirror:
    """What one app holds: from the whole feed, or from what others did and what it was answered itself."""

    entries: dict[str, Any] = field(default_factory=dict)
    since: str = "0"

    def apply(self, shown: dict[str, Any]) -> None:
        if shown.get("deleted"):
            self.entries.pop(shown["id"], None)
        else:
            self.entries[shown["id"]] = {name: value for name, value in shown.items() if name != "warnings"}


class World:
    """A person whose apps begin with nothing that the oracle doesn't know."""

    def __init__(self, stack: Stack) -> None:
        stack.forget_failures()
        self._actions = Actions(stack)
        person = self._actions.person()
        self._tokens = [self._actions.app().connect(person).access for _ in range(2)]
        self._names = itertools.count()

    def begin(self) -> None:
        """Anew, with records that were never heard of."""
        self._epoch = next(self._names)
        items = [{"operation": "delete", "id": entry["id"]} for entry in self.listed(0)]
        if items:
            assert self._call(0, "POST", BATCH, json={"entries": items}).status_code == 200
        self.oracle, self._ids = Oracle(), dict[str, str]()
        self._whole, self._partial = ([Mirror(), Mirror()] for _ in range(2))
        for app in range(2):
            self._read_feeds(app)

    def send(self, request: Request) -> None:
        """And compare the answers with the oracle's."""
        named, editions = list(self.oracle.entries), {name: each.edition for name, each in self.oracle.entries.items()}
        versions = {entry["id"]: entry["version"] for entry in self.listed(request.app)}
        as_batch = request.as_batch or len(request.steps) > 1
        items = [self._item(step, named, versions) for step in request.steps]
        if as_batch:
            answer = self._call(request.app, "POST", BATCH, json={"entries": items})
            assert answer.status_code == 200, answer.text
            results = [(each["status"], each.get("entry")) for each in answer.json()["results"]]
        else:
            results = [self._alone(request.app, items[0])]
        for step, (status, shown) in zip(request.steps, results, strict=True):
            expected, name = self._expect(request.app, step, named, editions)
            assert status == expected, (step, shown)
            mine = self._partial[request.app]
            if shown is not None:
                assert name is not None
                assert self._ids.setdefault(name, shown["id"]) == shown["id"], step
                mine.apply(shown)
            elif status == 204:
                mine.apply({"id": self._ids[name or ""], "deleted": True})

    def compare(self) -> None:
        """Lists, look-ups and both kinds of mirrors with what the oracle knows."""
        for app in range(2):
            shown = {entry["id"]: entry for entry in self.listed(app)}
            known = {self._ids[name]: each for name, each in self.oracle.entries.items()}
            assert {entry_id: entry["body_weight"] for entry_id, entry in shown.items()} == {
                entry_id: each.weight for entry_id, each in known.items()
            }
            for entry_id, each in known.items():
                own = (self._record(each.record), each.version) if each.record and each.app == app else (None, None)
                entry = shown[entry_id]
                assert (entry.get("client_record_id"), entry.get("client_record_version")) == own
            for record in "abc":
                found = self._call(app, "GET", LIST, params={"client_record_id": self._record(record)}).json()
                name = self.oracle.of_record(app, record)
                assert [entry["id"] for entry in found] == ([self._ids[name]] if name else [])
            self._read_feeds(app)
            assert self._partial[app].entries == shown
            told = {entry_id: _without_own_version(entry) for entry_id, entry in self._whole[app].entries.items()}
            assert told == {entry_id: _without_own_version(entry) for entry_id, entry in shown.items()}

    def listed(self, app: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._call(app, "GET", f"{LIST}?limit=500").json()
        return found

    def _read_feeds(self, app: int) -> None:
        for mirror, query in ((self._whole[app], ""), (self._partial[app], "&changes=others")):
            answer = self._call(app, "GET", f"{LIST}?updated_since={mirror.since}&limit=500{query}")
            for shown in answer.json():
                mirror.apply(shown)
            mirror.since = answer.headers["Updated-Since"]

    def _item(self, step: Step, named: list[str], versions: dict[str, str]) -> dict[str, Any]:
        if isinstance(step, Upsert):
            entry = {"body_weight": step.weight, "unit": "kg", "created_at": AT}
            own = {"client_record_id": self._record(step.record), "client_record_version": step.version}
            return {**entry, **(own if step.record else {})}
        if isinstance(step, DeleteRecord):
            return {"operation": "delete", "client_record_id": self._record(step.record)}
        entry_id = self._ids[named[step.place]] if step.place < len(named) else "0" * 24
        guard = {"version": versions.get(entry_id, "0" * 16)} if step.guarded else {}
        if isinstance(step, Change):
            return {"operation": "change", "id": entry_id, "body_weight": step.weight, **guard}
        return {"operation": "delete", "id": entry_id, **guard}

    def _alone(self, app: int, item: dict[str, Any]) -> tuple[int, Any]:
        operation = item.get("operation")
        guard = {"If-Match": f'"{item["version"]}"'} if "version" in item else {}
        if operation is None:
            answer = self._call(app, "POST", LIST, json=item)
        elif operation == "change":
            members = {name: value for name, value in item.items() if name in ("body_weight", "version")}
            answer = self._call(app, "PATCH", LIST + item["id"], json=members)
        elif "id" in item:
            answer = self._call(app, "DELETE", LIST + item["id"], headers=guard)
        else:
            answer = self._call(app, "DELETE", LIST, params={"client_record_id": item["client_record_id"]})
        return answer.status_code, answer.json() if answer.status_code in {200, 201} else None

    def _expect(self, app: int, step: Step, named: list[str], editions: dict[str, int]) -> tuple[int, str | None]:
        if isinstance(step, Upsert):
            return self.oracle.upsert(app, step, f"entry {next(self._names)}")
        if isinstance(step, DeleteRecord):
            name = self.oracle.of_record(app, step.record)
            return self.oracle.delete(name), name
        name = named[step.place] if step.place < len(named) else "nobody's"
        edition = editions.get(name, 0) if step.guarded else None
        if isinstance(step, Change):
            return self.oracle.change(name, step.weight, edition), name
        return self.oracle.delete(name, edition), name

    def _record(self, record: str | None) -> str:
        return f"{self._epoch}-{record}"

    def _call(self, app: int, method: str, address: str, **options: Any) -> Any:
        return self._actions.fit(method, address, self._tokens[app], **options)


def _without_own_version(entry: dict[str, Any]) -> dict[str, Any]:
    """A version that rises alone is no change, of which the feed would tell."""
    return {name: value for name, value in entry.items() if name != "client_record_version"}


@pytest.fixture(scope="module")
def world(each_stack: Stack) -> World:
    return World(each_stack)


def hold(world: World, requests: list[Request]) -> None:
    world.begin()
    for request in requests:
        world.send(request)
        world.compare()


@settings(max_examples=6, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(requests=st.lists(REQUESTS, min_size=1, max_size=5))
def test_whatever_two_apps_send_is_what_an_obvious_oracle_says(world: World, requests: list[Request]) -> None:
    hold(world, requests)


@pytest.mark.torture
@pytest.mark.timeout(3600)
@settings(max_examples=1000, deadline=None, suppress_health_check=list(HealthCheck))
@given(requests=st.lists(REQUESTS, min_size=1, max_size=8))
def test_the_same_with_many_more_sequences(world: World, requests: list[Request]) -> None:
    hold(world, requests)
