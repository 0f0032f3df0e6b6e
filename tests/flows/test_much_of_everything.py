"""Where there are many clients and grants: lists and pages read a portion, and what ends many tells Redis in portions.

Counted, not timed: a portion is 500.
"""

import json
import re
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from sqlalchemy import func, select

from auth_service.crypto.token_handle import TokenKind
from auth_service.models.grant import GrantRecord
from auth_service.models.security_event import SecurityEvent
from auth_service.models.tokens import AccessTokenClaims
from auth_service.storage import redis_master
from auth_service.storage.exchanged_tokens import ExchangedTokenStore
from auth_service.storage.grant_keys import GrantKeys
from shared.service import progress
from tests.support.actions import Actions, Person
from tests.support.asked import scripts_sent
from tests.support.many import many_clients, many_grants
from tests.support.query_plans import Asked, statements
from tests.support.stack import Stack


@pytest.fixture
def stack(start_stack: Callable[..., Stack], monkeypatch: pytest.MonkeyPatch) -> Stack:
    """With a database that nobody else has filled, and whose Redis is known."""
    monkeypatch.setattr(redis_master, "LOOK_AGAIN_AFTER", 3_600)
    running = start_stack()
    running.parts.reconciler.run_once()
    return running


@pytest.fixture
def mo(actions: Actions) -> Person:
    """Somebody who is signed in."""
    mo = actions.person()
    mo.sign_in()
    return mo


def asked_sql(stack: Stack) -> AbstractContextManager[list[Asked]]:
    return statements(stack.parts.database._engine, stack.parts.database._asking)


def count(asked: list[Asked]) -> int:
    """How many questions: on SQLite each transaction has a BEGIN, too."""
    return len([statement for statement, _ in asked if not statement.startswith("BEGIN")])


def living(stack: Stack, grant_ids: list[str]) -> int:
    keys = GrantKeys(stack.parts.settings.redis_shards)
    return int(stack.parts.redis.reads.exists(*(keys.grant(each) for each in grant_ids)))


def shown(page: str) -> list[str]:
    return re.findall(r"<h2><bdi>(.*?)</bdi></h2>", page)


def older(page: str) -> str | None:
    link = re.search(r'<a rel="next" href="([^"]+)">', page)
    return link[1].replace("&amp;", "&") if link else None


def test_a_list_reads_no_more_than_it_prints(stack: Stack) -> None:
    ids = many_clients(stack.parts, [f"App {number}" for number in range(1_200)])
    with asked_sql(stack) as asked:
        listed = stack.command("client", "list")
    assert [each["client_id"] for each in listed] == sorted(ids)
    assert count(asked) == 3
    with asked_sql(stack) as asked:
        assert stack.command("client", "list", "--limit", "7") == listed[:7]
    assert count(asked) == 1


def test_every_list_is_an_object_a_line_and_takes_a_limit(stack: Stack, mo: Person) -> None:
    clients = many_clients(stack.parts, ["One", "Two"])
    many_grants(stack.parts, mo.subject, clients)
    mo.sign_in()  # which is another event
    stack.command("account", "create", "another", "--password-stdin", stdin="a password of another")
    for name in ("client", "account", "resource-server", "grant", "event"):
        for limit, expected in (("1", 1), ("2", 2)):
            result = stack.auth_app.test_cli_runner().invoke(args=[name, "list", "--limit", limit])
            assert len([json.loads(line) for line in result.stdout.splitlines()]) == expected, name


def test_the_grants_of_one_person_are_listed_each_once(stack: Stack, mo: Person) -> None:
    ids = many_grants(stack.parts, mo.subject, many_clients(stack.parts, ["App"]) * 1_001)
    with asked_sql(stack) as asked:
        listed = stack.command("grant", "list", "--username", mo.username)
    assert [each["grant_id"] for each in listed] == sorted(ids)
    assert count(asked) == 1 + 3


def test_disabling_an_account_ends_its_grants_in_portions(stack: Stack, mo: Person, actions: Actions) -> None:
    clients = many_clients(stack.parts, ["App"])
    ids = many_grants(stack.parts, mo.subject, clients * 1_001)
    kept = many_grants(stack.parts, actions.person().subject, clients)
    assert living(stack, ids) == 1_001
    with asked_sql(stack) as asked, scripts_sent() as sent:
        stack.command("account", "disable", mo.username)
    assert (living(stack, ids), living(stack, kept)) == (0, 1)
    # Find, disable and record it; end each portion and see that none is left; read them.
    assert count(asked) == 3 + (3 * 3 + 1) + 3
    assert sum(sent) >= 1_000
    assert len(sent) <= 2 + 1  # the third portion is of one; where the script is not known yet, one goes twice
    assert max(sent) == 500
    with stack.parts.database.reading() as session:
        ended = select(func.count()).where(GrantRecord.account_id == mo.subject, GrantRecord.revoked_at.is_not(None))
        told = select(func.count()).where(SecurityEvent.account_id == mo.subject, SecurityEvent.kind == "grant_revoked")
        assert (session.scalar(ended), session.scalar(told)) == (1_001, 1_001)


def test_a_client_that_is_narrowed_narrows_its_grants_in_portions(stack: Stack, mo: Person) -> None:
    (client_id,) = many_clients(stack.parts, ["App"])
    ids = many_grants(stack.parts, mo.subject, [client_id] * 501)
    with scripts_sent() as sent:
        stack.parts.revocation.change_client(client_id, lambda client: setattr(client, "scopes", ()))
    assert living(stack, ids) == 0
    assert sum(sent) >= 500
    assert len(sent) <= 2 + 2  # two portions, which go twice where the script is not known yet


def test_who_waits_for_longer_than_two_seconds_is_told_how_far_it_is(
    stack: Stack, mo: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_SAY_EVERY", 0)
    many_grants(stack.parts, mo.subject, many_clients(stack.parts, ["App"]) * 501)
    result = stack.auth_app.test_cli_runner().invoke(args=["account", "disable", mo.username])
    assert result.stderr.splitlines() == ["500 grants ended", "501 grants ended"]
    assert json.loads(result.stdout) == {"username": mo.username, "enabled": False}


def test_connected_apps_are_shown_newest_first_on_pages_that_lead_to_all(stack: Stack, mo: Person) -> None:
    names = [f"App {number:03d}" for number in range(45)]
    many_grants(stack.parts, mo.subject, many_clients(stack.parts, names))
    page, few = _counted(stack, mo)
    seen, pages = shown(page), 1
    while address := older(page):
        page, pages = mo.browser.get(address).text, pages + 1
        seen += shown(page)
    assert seen == names[::-1]
    assert pages == 3
    many_grants(stack.parts, mo.subject, many_clients(stack.parts, names * 10))
    assert _counted(stack, mo)[1] == few


def _counted(stack: Stack, mo: Person) -> tuple[str, int]:
    """The page, and how often SQL was asked for it."""
    with asked_sql(stack) as asked:
        page = mo.browser.get("/connected-apps").text
    return page, count(asked)


def test_apps_that_ran_out_unused_fill_no_page(stack: Stack, mo: Person) -> None:
    many_grants(stack.parts, mo.subject, many_clients(stack.parts, ["Living"]))
    many_grants(stack.parts, mo.subject, many_clients(stack.parts, ["Gone"] * 60), living=False)
    page = mo.browser.get("/connected-apps").text
    assert shown(page) == ["Living"]
    assert older(page) is None


def test_ending_access_leads_back_to_the_page_it_was_ended_on(stack: Stack, mo: Person) -> None:
    ids = many_clients(stack.parts, [f"App {number:03d}" for number in range(30)])
    many_grants(stack.parts, mo.subject, ids)
    second = older(mo.browser.get("/connected-apps").text)
    assert second is not None
    before = shown(mo.browser.get(second).text)
    after = mo.disconnect(ids[3], page=second)
    assert str(after.url).endswith(second)
    assert shown(after.text) == [name for name in before if name != "App 003"]


@pytest.mark.parametrize("place", ["", "1", "x.y", "1." + "x" * 256, "99999999999999999.x", "-1.x"])
def test_a_place_that_no_page_led_to_is_refused(mo: Person, place: str) -> None:
    assert mo.browser.get("/connected-apps", params={"before": place}).status_code == 400


def test_what_a_client_got_by_exchange_ends_in_portions(stack: Stack, mo: Person) -> None:
    parts = stack.parts
    (client_id,) = many_clients(stack.parts, ["Service"])
    grants = many_grants(stack.parts, mo.subject, [client_id] * 2)
    for grant_id in grants:
        subject = parts.keys.make(TokenKind.ACCESS_TOKEN, grant_id, 1)
        claims = AccessTokenClaims(client_id, mo.subject, mo.username, ("https://a.example/",), "body_weight:read")
        _store_access_token(stack, subject.grant_id, subject.digest)
        exchanged: ExchangedTokenStore = parts.issuance._exchanged
        for _ in range(300):
            made = parts.keys.make(TokenKind.ACCESS_TOKEN, grant_id, 1)
            exchanged.issue(subject, made.digest, claims, 600)
    assert _tokens(stack, grants) == 602
    with scripts_sent() as sent:
        exchanged.revoke_those_of({client_id: ()})
    assert _tokens(stack, grants) == 2
    assert sum(sent) >= 600
    assert len(sent) <= 2 + 1  # where the script is not known yet, one goes twice


def _tokens(stack: Stack, grant_ids: list[str]) -> int:
    redis = stack.parts.redis.reads
    return sum(len(list(redis.scan_iter(f"at:*{grant_id}*", count=5_000))) for grant_id in grant_ids)


def _store_access_token(stack: Stack, grant_id: str, digest: str) -> None:
    key = GrantKeys(stack.parts.settings.redis_shards).access_token(grant_id, digest)
    stack.parts.redis.scripts.hset(
        key,
        mapping={
            "claims": json.dumps({"client_id": "x", "sub": "mo", "aud": []}),
            "issued_at": 1,
            "expires_at": 4_000_000_000,
        },
    )
    stack.parts.redis.scripts.expire(key, 600)
