"""The page where people see which apps have access, and end it."""

from tests.support.actions import READ, WRITE, Actions, error_of


def test_it_shows_each_app_once_with_what_it_may_do(actions: Actions) -> None:
    app, reader, mo = actions.app(), actions.app(), actions.person()
    app.connect(mo, scopes=[READ])
    app.connect(mo, scopes=[WRITE])
    reader.connect(mo, scopes=[READ])
    page = mo.browser.get("/connected-apps").text
    assert page.count(f"<h2><bdi>{app.name}</bdi></h2>") == 1
    assert page.count(f"<h2><bdi>{reader.name}</bdi></h2>") == 1
    assert page.count("See your body weight") == 2
    assert page.count("Change your body weight") == 1


def test_cutting_an_app_off_is_in_force_at_once_and_leaves_the_others(actions: Actions) -> None:
    app, other, mo, ada = actions.app(), actions.app(), actions.person(), actions.person()
    gone = [app.connect(mo), app.connect(mo)]
    kept = [other.connect(mo), app.connect(ada)]

    assert f"{app.name} has no access any more." in mo.disconnect(app.client_id).text

    assert [actions.is_active(each.access) for each in gone] == [False, False]
    assert [actions.is_active(each.access) for each in kept] == [True, True]
    assert error_of(app.refresh(gone[0].refresh)) == (400, "invalid_grant")
    assert app.name not in mo.browser.get("/connected-apps").text
    for nobody in (app.client_id, "nobody", ""):
        assert mo.disconnect(nobody).status_code == 200


def test_an_app_that_revoked_its_own_tokens_is_gone_from_the_page(actions: Actions) -> None:
    app, mo = actions.app(), actions.person()
    granted = app.connect(mo)
    app.revoke(granted.refresh)
    assert app.name not in mo.browser.get("/connected-apps").text


def test_a_name_with_markup_is_shown_as_text(actions: Actions) -> None:
    app, mo = actions.app(), actions.person()
    client = actions.stack.command(
        "client", "create", "<b>Bold</b>", "--redirect-uri", "http://127.0.0.1:8002/callback", "--scope", READ
    )
    app.client_id, app.secret, app.scopes = client["client_id"], client["client_secret"], (READ,)
    app.connect(mo)
    page = mo.browser.get("/connected-apps").text
    assert "&lt;b&gt;Bold&lt;/b&gt;" in page
    assert "<b>Bold</b>" not in page
