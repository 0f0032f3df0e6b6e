"""RFC 7009: handing tokens back."""

import pytest
import requests

from tests.support.actions import TIMEOUT, Actions, error_of, tokens


@pytest.mark.clause("RFC 7009 §2.1", lines=(59, 61))
def test_a_refresh_token_takes_its_grant_with_it(actions: Actions) -> None:
    app = actions.app()
    first = app.connect(actions.person())
    second = tokens(app.refresh(first.refresh))

    assert app.revoke(second.refresh).status_code == 200

    assert not actions.is_active(first.access)
    assert not actions.is_active(second.access)
    assert error_of(app.refresh(second.refresh)) == (400, "invalid_grant")


@pytest.mark.clause("RFC 7009 §2.1")
def test_a_refresh_token_of_an_earlier_generation_does_so_too(actions: Actions) -> None:
    app = actions.app()
    first = app.connect(actions.person())
    second = tokens(app.refresh(first.refresh))
    assert app.revoke(first.refresh).status_code == 200
    assert not actions.is_active(second.access)


@pytest.mark.clause("RFC 7009 §2.1", lines=(59, 61))
def test_an_access_token_dies_alone(actions: Actions) -> None:
    app = actions.app()
    granted = app.connect(actions.person())
    assert app.revoke(granted.access).status_code == 200
    assert not actions.is_active(granted.access)
    assert actions.is_active(tokens(app.refresh(granted.refresh)).access)


@pytest.mark.clause("RFC 7009 §2.2", line=55)
@pytest.mark.parametrize("token", ["unknown", "mat_" + "A" * 96, "mrt_x", "é"])
def test_revoking_what_is_no_token_succeeds(actions: Actions, token: str) -> None:
    answer = actions.app().revoke(token)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")


@pytest.mark.clause("RFC 7009 §2.2", line=55)
def test_revoking_twice_succeeds_twice(actions: Actions) -> None:
    app = actions.app()
    granted = app.connect(actions.person())
    for token in (granted.access, granted.refresh):
        assert [app.revoke(token).status_code for _ in range(2)] == [200, 200]


@pytest.mark.clause("RFC 7009 §2.1", line=58)
def test_another_clients_token_stays_alive(actions: Actions) -> None:
    app, other = actions.app(), actions.app()
    granted = app.connect(actions.person())
    for token in (granted.access, granted.refresh):
        assert other.revoke(token).status_code in {200, 400}
    assert actions.is_active(granted.access)
    assert app.refresh(granted.refresh).status_code == 200


@pytest.mark.clause("RFC 7009 §2.1", line=61)
def test_a_public_client_revokes_by_naming_itself(actions: Actions) -> None:
    app = actions.app(public=True)
    granted = app.connect(actions.person())
    assert app.revoke(granted.refresh).status_code == 200
    assert not actions.is_active(granted.access)


@pytest.mark.clause("RFC 7009 §2.1", lines=(54, 60))
def test_without_a_token_or_credentials_it_is_an_error(actions: Actions) -> None:
    app = actions.app()
    assert error_of(app.revoke("")) == (400, "invalid_request")
    granted = app.connect(actions.person())
    for auth in (None, (app.client_id, "wrong"), ("nobody", "x")):
        nobody = requests.post(f"{actions.stack.auth}/revoke", {"token": granted.refresh}, auth=auth, timeout=TIMEOUT)
        assert error_of(nobody) == (401, "invalid_client")
    assert actions.is_active(granted.access)


@pytest.mark.clause("RFC 7009 §2.2.1", lines=(56, 57, 60))
@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "nonsense"])
def test_a_wrong_hint_does_no_harm(actions: Actions, hint: str) -> None:
    app = actions.app()
    granted, other = app.connect(actions.person()), app.connect(actions.person())
    assert app.revoke(granted.refresh, token_type_hint=hint).status_code == 200
    assert app.revoke(other.access, token_type_hint=hint).status_code == 200
    assert not actions.is_active(granted.access)
    assert not actions.is_active(other.access)
    assert app.refresh(other.refresh).status_code == 200
