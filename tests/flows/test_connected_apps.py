"""The page where people see which apps have access, and end it."""

import re

from tests.support.actions import DEVICE, READ, WRITE, Actions, error_of


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
    assert f"<h2><bdi>{app.name}</bdi></h2>" not in mo.browser.get("/connected-apps").text
    for nobody in (app.client_id, "nobody", ""):
        assert mo.disconnect(nobody).status_code == 200


def test_an_app_that_revoked_its_own_tokens_is_gone_from_the_page(actions: Actions) -> None:
    app, mo = actions.app(), actions.person()
    granted = app.connect(mo)
    app.revoke(granted.refresh)
    assert f"<h2><bdi>{app.name}</bdi></h2>" not in mo.browser.get("/connected-apps").text


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


def section(page: str, title: str) -> str:
    """What stands below this heading, without the times."""
    text = page.partition(f"{title}</h2>")[2].partition("</section>")[0]
    return " ".join(re.sub(r"<time.*?</time>|<[^>]*>", " ", text, flags=re.DOTALL).split())


def test_it_says_what_ended_lately_and_why(actions: Actions) -> None:
    app, other, reader, mo = actions.app(), actions.app(), actions.app(), actions.person()
    app.connect(mo)
    mo.disconnect(app.client_id)
    other.revoke(other.connect(mo).refresh)
    first = reader.connect(mo)
    for _ in range(2):
        reader.refresh(first.refresh)
    ended = section(mo.browser.get("/connected-apps").text, "Ended in the last 30 days")
    assert ended == (
        f"A key of {reader.name} was used twice, so its access was ended. UTC "
        f"{other.name} gave its access back. UTC "
        f"You ended the access of {app.name} . UTC"
    )
    ada = actions.person()
    ada.sign_in()
    assert "Ended in the last 30 days" not in ada.browser.get("/connected-apps").text


def test_a_device_that_was_allowed_and_has_not_asked_yet_is_there_and_can_be_ended(actions: Actions) -> None:
    watch, mo = actions.app(*DEVICE), actions.person()
    codes = watch.begin_device()
    mo.answer_device(codes["user_code"], [READ])
    page = mo.browser.get("/connected-apps").text
    assert "it has not fetched its access yet" in section(page, f"<bdi>{watch.name}</bdi>")
    mo.disconnect(watch.client_id)
    assert "it has not fetched its access yet" not in mo.browser.get("/connected-apps").text
    assert watch.poll(codes["device_code"]).status_code == 400
    codes = watch.begin_device()
    mo.answer_device(codes["user_code"], [READ])
    assert watch.poll(codes["device_code"]).status_code == 200
    page = mo.browser.get("/connected-apps").text
    assert ("it has not fetched its access yet" in page, f"<h2><bdi>{watch.name}</bdi></h2>" in page) == (False, True)
