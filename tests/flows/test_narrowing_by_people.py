"""On "Connected apps" people see when and from where each app used their account, and take single scopes from it."""

import pytest

from tests.support.actions import READ, WRITE, Actions, App, Person, Verifier, error_of, tokens
from tests.support.polling import eventually

OPENID = "openid"


def untick(mo: Person, app: App, *kept: str, shown: tuple[str, ...] = (READ, WRITE)) -> str:
    mo.browser.get("/connected-apps")
    form = {"client_id": app.client_id, "shown": list(shown), "scope": list(kept)}
    return mo.browser.submit("/connected-apps/narrow", form).text


@pytest.mark.clause("RFC 6749 §1.4")
def test_what_a_person_unticks_is_in_force_at_the_resource_servers_at_once(actions: Actions) -> None:
    app, mo = actions.app(), actions.person()
    granted, other = app.connect(mo), app.connect(mo)
    body = {"at": "2026-11-01T08:00:00Z", "weight": "80.5", "unit": "kg"}
    assert actions.fit("GET", token=granted.access).status_code == 200
    page = untick(mo, app, READ)
    assert f"{app.name} may do less now." in page
    assert (f'value="{READ}"' in page, f'value="{WRITE}"' in page) == (True, False)
    assert [actions.introspect(each.access)["scope"] for each in (granted, other)] == [READ, READ]
    eventually(lambda: actions.fit("POST", token=granted.access, json=body).status_code == 403)
    assert actions.fit("GET", token=granted.access).status_code == 200
    assert tokens(app.refresh(granted.refresh)).answer["scope"] == READ


def test_the_app_is_asked_about_again_before_it_gets_it_back(actions: Actions) -> None:
    app, mo = actions.app(redirect_uri="https://app.example/callback"), actions.person()
    app.connect(mo)
    untick(mo, app, READ)
    question = mo.browser.follow(app.authorize_url(Verifier()))
    assert (question.status_code, app.name in question.text) == (200, True)


def test_without_any_tick_its_access_ends(actions: Actions) -> None:
    app, mo = actions.app(), actions.person()
    granted = app.connect(mo)
    page = untick(mo, app)
    assert f"{app.name} has no access any more." in page
    assert not actions.is_active(granted.access)
    assert error_of(app.refresh(granted.refresh)) == (400, "invalid_grant")


def test_only_what_was_shown_is_taken(actions: Actions) -> None:
    """The app may have been allowed more meanwhile, in another window."""
    app, mo = actions.app(), actions.person()
    granted = app.connect(mo)
    untick(mo, app, READ, shown=(READ,))
    assert actions.introspect(granted.access)["scope"] == f"{READ} {WRITE}"


def test_nobody_takes_from_what_somebody_else_allowed(actions: Actions) -> None:
    app, mo, ada = actions.app(), actions.person(), actions.person()
    granted = app.connect(mo)
    ada.sign_in()
    untick(ada, app)
    forged = mo.browser.session.post(
        f"{actions.stack.auth}/connected-apps/narrow", data={"client_id": app.client_id, "shown": WRITE}, timeout=60
    )
    assert forged.status_code == 400
    assert actions.introspect(granted.access)["scope"] == f"{READ} {WRITE}"


def test_signing_in_can_not_be_unticked_alone(actions: Actions) -> None:
    app, mo = actions.app(scopes=(OPENID, READ)), actions.person()
    granted = app.connect(mo)
    page = mo.browser.get("/connected-apps").text
    assert f'<input type="hidden" name="scope" value="{OPENID}">' in page
    untick(mo, app, OPENID, shown=(OPENID, READ))
    assert actions.introspect(granted.access) == {"active": False}, "nothing that the Fit API knows is left"
    assert tokens(app.refresh(granted.refresh)).answer["scope"] == OPENID


def test_each_app_says_until_when_and_from_where_it_has_access(actions: Actions) -> None:
    app, mo = actions.app(), actions.person()
    granted = app.connect(mo)
    app.refresh(granted.refresh)
    page = mo.browser.get("/connected-apps").text
    for said in ("Connected <time", "last used <time", "ends by <time", "python-requests", "127.0.0.0/24"):
        assert said in page, said
