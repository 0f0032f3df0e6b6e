"""A backup that was restored: what apps know of lost changes never passes for something newer."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from sqlalchemy import make_url

from fit_service.components import Components
from tests.support.actions import TIMEOUT, Actions
from tests.support.stack import Stack

LIST = "/api/body_weight/"
FEED = f"{LIST}?updated_since="


@pytest.fixture
def stack(start_stack: Callable[..., Stack], redis_url: str) -> Stack:
    return start_stack(fit_redis_url=redis_url)


@pytest.fixture
def token(actions: Actions) -> str:
    return actions.app().connect(actions.person()).access


def copy(stack: Stack, folder: Path, *, back: bool = False) -> None:
    """The database's file, which holds everything once nobody has it open."""
    parts: Components = stack.fit_app.extensions["fit_service"]
    file = Path(str(make_url(parts.settings.database_url).database))
    parts.database.close()
    assert not Path(f"{file}-wal").exists()
    source, target = (folder / "backup", file) if back else (file, folder / "backup")
    shutil.copyfile(source, target)


def insert(actions: Actions, token: str, amount: int) -> requests.Response:
    answer = actions.fit("POST", token=token, json={"body_weight": amount, "unit": "kg"})
    assert answer.status_code == 201, answer.text
    return answer


def restored(stack: Stack) -> int:
    """`database restored`: the new epoch."""
    result = stack.fit_app.test_cli_runner().invoke(args=["database", "restored"])
    assert result.exit_code == 0, result.output
    epoch: int = json.loads(result.stdout)["epoch"]
    return epoch


def test_after_a_restored_backup_nothing_old_passes_for_something_new(
    actions: Actions, token: str, tmp_path: Path
) -> None:
    """The lost change and the first one after it are both the second of this person."""
    entry = insert(actions, token, 80)
    address = entry.headers["Location"]
    other = actions.app().connect(actions.person()).access
    copy(actions.stack, tmp_path)
    lost = actions.fit("PATCH", address, token, json={"body_weight": 81})
    everything = actions.fit("GET", f"{FEED}0", token)
    position = everything.headers["Updated-Since"]
    lost_of_other = insert(actions, other, 60)
    others = actions.fit("GET", f"{FEED}0", other)
    copy(actions.stack, tmp_path, back=True)

    refused = actions.fit("PATCH", address, token, json={"body_weight": 82})
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
    for method, path, body in (("POST", LIST, {"body_weight": 70, "unit": "kg"}), ("DELETE", address, None)):
        assert actions.fit(method, path, other if body else token, json=body).status_code == 503
    assert actions.fit("GET", address, token).json() == entry.json()
    ready = requests.get(f"{actions.stack.fit}/health/ready", timeout=TIMEOUT).json()
    assert ready["checks"]["entries"] == "degraded"

    restored(actions.stack)
    assert actions.fit("GET", f"{FEED}{position}", token).status_code == 410
    unguarded = actions.fit("PATCH", address, token, json={"body_weight": 83})
    assert unguarded.status_code == 200
    stale = {"If-Match": lost.headers["ETag"]}
    assert actions.fit("PATCH", address, token, json={"body_weight": 84}, headers=stale).status_code == 412
    assert actions.fit("GET", f"{FEED}{position}", token).status_code == 410
    anew = actions.fit("GET", f"{FEED}0", token)
    assert anew.json() == [unguarded.json()]
    since = actions.fit("GET", f"{FEED}{anew.headers['Updated-Since']}", token)
    assert (since.status_code, since.json()) == (200, [])

    insert(actions, other, 61)
    known = {"If-None-Match": others.headers["ETag"]}
    assert actions.fit("GET", f"{FEED}0", other, headers=known).status_code == 200
    assert actions.fit("GET", f"{FEED}{others.headers['Updated-Since']}", other).status_code == 410
    assert actions.fit("GET", lost_of_other.headers["Location"], other).status_code == 404


def test_each_backup_that_is_restored_begins_an_epoch_of_its_own(actions: Actions, token: str, tmp_path: Path) -> None:
    entry = insert(actions, token, 80)
    copy(actions.stack, tmp_path)
    positions, tags = [], []
    for amount in (81, 82, 83):
        copy(actions.stack, tmp_path, back=True)
        restored(actions.stack)
        changed = actions.fit("PATCH", entry.headers["Location"], token, json={"body_weight": amount})
        positions.append(actions.fit("GET", f"{FEED}0", token).headers["Updated-Since"])
        tags.append(changed.headers["ETag"])
    assert len({*positions}) == len({*tags}) == 3
    answers = [actions.fit("GET", f"{FEED}{position}", token).status_code for position in positions]
    assert answers == [410, 410, 200]


def test_a_database_that_lost_nothing_is_never_taken_for_a_backup(actions: Actions, token: str, tmp_path: Path) -> None:
    entry = insert(actions, token, 80)
    copy(actions.stack, tmp_path)
    copy(actions.stack, tmp_path, back=True)
    address = entry.headers["Location"]
    refused = actions.fit("PATCH", address, token, json={"body_weight": "heavy"})
    assert refused.status_code == 422
    assert actions.fit("PATCH", address, token, json={"body_weight": 81}).status_code == 200
    assert actions.fit("DELETE", address, token).status_code == 204
    insert(actions, token, 82)
