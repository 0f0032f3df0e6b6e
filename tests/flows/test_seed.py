"""`flask --app fit_service seed`: two years of sample weights for somebody, once."""

import json

import pytest
from click.testing import Result

from tests.support.actions import Actions


def seed(actions: Actions, account: str) -> Result:
    return actions.stack.fit_app.test_cli_runner().invoke(args=["seed", account])


def test_a_person_gets_weights_that_an_app_can_read(actions: Actions) -> None:
    person = actions.person()
    account = actions.stack.command("account", "show", person.username)
    assert (account["username"], account["sub"], account["enabled"]) == (person.username, person.subject, True)
    written = json.loads(seed(actions, account["sub"]).stdout)
    token = actions.app().connect(person).access
    months = actions.fit("GET", "/api/body_weight/summary?bucket=month&unit=kg", token).json()["buckets"]
    assert written == {"sub": person.subject, "inserted": sum(month["count"] for month in months)}
    assert len(months) in {24, 25}


def test_whoever_has_or_had_entries_gets_none(actions: Actions) -> None:
    person = actions.person()
    token = actions.app().connect(person).access
    entry = actions.fit("POST", token=token, json={"body_weight": "80", "unit": "kg"})
    actions.fit("DELETE", entry.headers["Location"], token)
    for _ in range(2):
        assert json.loads(seed(actions, person.subject).stdout)["inserted"] == 0
    assert actions.fit("GET", token=token).json() == []


@pytest.mark.parametrize("account", ["mo", "", "acct_", "acct_with spaces in it"])
def test_a_user_name_is_refused_saying_where_the_subject_is_found(actions: Actions, account: str) -> None:
    result = seed(actions, account)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "flask --app auth_service account show" in result.stderr
