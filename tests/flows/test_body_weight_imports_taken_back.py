"""An import that was given a name can be taken back, also one that was sent in parts."""

import pytest
import requests

from fit_service.api.transfer import AT_ONCE
from tests.support.actions import READ, WRITE, Actions
from tests.support.imported_files import IMPORT, send, shown

NAME = "an-import-of-a-test"
FILE = b"body_weight,unit,created_at\n82.5,kg,2026-01-05T06:30:00Z\n82.1,kg,2026-01-06T06:30:00Z\n"
NEXT = b"body_weight,unit,created_at\n81.9,kg,2026-01-07T06:30:00Z\n82.1,kg,2026-01-06T06:30:00Z\n"


@pytest.fixture
def token(actions: Actions) -> str:
    return actions.token()


def take_back(actions: Actions, token: str, name: str = NAME, **headers: str) -> requests.Response:
    return actions.fit("DELETE", IMPORT, token, params={"import_id": name}, headers=headers)


def test_all_parts_of_an_import_are_taken_back_and_nothing_else(actions: Actions, token: str) -> None:
    actions.fit("POST", token=token, json={"body_weight": "90", "unit": "kg", "created_at": "2026-01-01T06:30:00Z"})
    before = shown(actions, token)
    send(actions, token, b"body_weight,unit,created_at\n91,kg,2026-01-02T06:30:00Z\n", import_id="another-import-id")
    for part in (FILE, NEXT):
        send(actions, token, part, import_id=NAME)
    assert len(shown(actions, token)) == 5
    assert take_back(actions, token).json() == {"deleted": 3, "complete": True}
    assert len(shown(actions, token)) == 2
    assert take_back(actions, token, "another-import-id").json() == {"deleted": 1, "complete": True}
    assert shown(actions, token) == before


def test_what_was_there_already_and_what_was_changed_since_stays(actions: Actions, token: str) -> None:
    send(actions, token, FILE)
    send(actions, token, NEXT, import_id=NAME)
    [*_, latest] = actions.fit("GET", token=token).json()
    actions.fit("PATCH", f"/api/body_weight/{latest['id']}", token, json={"body_weight": "80"})
    assert take_back(actions, token).json() == {"deleted": 0, "complete": True}
    assert [weight for weight, _, _ in shown(actions, token)] == ["82.5", "82.1", "80"]


def test_a_long_import_is_taken_back_a_piece_at_a_time(actions: Actions, token: str) -> None:
    rows = "".join(f"80.5,kg,2026-01-05T{n // 60:02}:{n % 60:02}:00Z\n" for n in range(AT_ONCE + 1))
    send(actions, token, f"body_weight,unit,created_at\n{rows}".encode(), import_id=NAME)
    first = take_back(actions, token, **{"Idempotency-Key": "the-first-piece-of-it"})
    again = take_back(actions, token, **{"Idempotency-Key": "the-first-piece-of-it"})
    assert first.json() == again.json() == {"deleted": AT_ONCE, "complete": False}
    assert take_back(actions, token).json() == {"deleted": 1, "complete": True}


def test_apps_that_keep_a_copy_hear_of_it_and_the_file_can_be_imported_again(actions: Actions, token: str) -> None:
    send(actions, token, FILE, import_id=NAME)
    since = actions.fit("GET", params={"updated_since": "0"}, token=token).headers["Updated-Since"]
    take_back(actions, token)
    changes = actions.fit("GET", params={"updated_since": since}, token=token).json()
    assert [sorted(each) for each in changes] == [["deleted", "id"]] * 2
    assert send(actions, token, FILE, import_id=NAME).json()["inserted"] == 2


def test_the_name_of_an_import_is_shown_to_nobody_and_opens_nothing_to_others(actions: Actions) -> None:
    mo, app = actions.person(), actions.app()
    token = app.connect(mo, [READ, WRITE]).access
    send(actions, token, FILE, import_id=NAME)
    assert NAME not in actions.fit("GET", token=token).text + actions.fit("GET", f"{IMPORT[:-6]}export", token).text
    assert actions.fit("DELETE", IMPORT, app.connect(mo, [READ]).access).status_code == 403
    stranger = actions.token()
    assert take_back(actions, stranger).json() == {"deleted": 0, "complete": True}
    assert len(shown(actions, token)) == 2


@pytest.mark.parametrize("name", ["", "short", "x" * 65, "with blanks in its name", "ö" * 20])
def test_a_name_has_16_to_64_letters_digits_or_dashes(actions: Actions, token: str, name: str) -> None:
    for answer in (send(actions, token, FILE, import_id=name), take_back(actions, token, name)):
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "import_id")
    assert send(actions, token, FILE, import_id="x" * 64).status_code == 200
    assert actions.fit("DELETE", IMPORT, token).json()["errors"][0]["detail"] == "import_id is required."
