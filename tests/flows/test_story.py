"""The story of the README, from the person's consent to the end of the grant."""

import pytest

from tests.support.actions import READ, WRITE, Actions, error_of, tokens
from tests.support.polling import eventually

pytestmark = pytest.mark.core


@pytest.mark.clause("RFC 6749 §4.1")
@pytest.mark.clause("RFC 6750 §3.1", line=44)
def test_an_app_reads_what_a_person_allowed_and_nothing_else(actions: Actions) -> None:
    app, mo = actions.app(), actions.person()
    granted = app.connect(mo, scopes=[READ])

    assert granted.answer["scope"] == READ
    assert actions.fit("GET", token=granted.access).json() == []
    refused = actions.fit("POST", token=granted.access, json={"body_weight": "200", "unit": "lbs"})
    assert refused.status_code == 403
    assert 'error="insufficient_scope"' in refused.headers["WWW-Authenticate"]
    assert f'scope="{WRITE}"' in refused.headers["WWW-Authenticate"]


@pytest.mark.clause("RFC 9700 §4.14.2")
def test_the_second_use_of_a_refresh_token_is_refused_and_ends_the_grant(actions: Actions) -> None:
    app, mo = actions.app(), actions.person()
    first = app.connect(mo)
    second = tokens(app.refresh(first.refresh))
    assert actions.is_active(second.access)

    assert error_of(app.refresh(first.refresh)) == (400, "invalid_grant")

    assert not actions.is_active(second.access)
    assert not actions.is_active(first.access)
    assert error_of(app.refresh(second.refresh)) == (400, "invalid_grant")
    eventually(lambda: actions.fit("GET", token=second.access).status_code == 401)


@pytest.mark.clause("draft-ietf-httpapi-idempotency-key-header-07")
@pytest.mark.clause("draft-ietf-httpapi-idempotency-key-header-07 §2.6", line=134)
def test_a_request_repeated_with_its_idempotency_key_gets_the_identical_pair(actions: Actions) -> None:
    app, mo = actions.app(), actions.person()
    first = app.connect(mo)
    answers = [app.refresh(first.refresh, key="one-and-the-same-key").json() for _ in range(3)]

    assert len({answer["access_token"] for answer in answers}) == 1
    assert len({answer["refresh_token"] for answer in answers}) == 1
    assert tokens(app.refresh(answers[0]["refresh_token"])).access != answers[0]["access_token"]
