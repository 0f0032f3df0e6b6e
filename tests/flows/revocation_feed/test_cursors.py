"""The revocation feed, `GET /revocations`: where a reader goes on, and when it begins again."""

from collections.abc import Callable

import pytest

from tests.support.actions import Actions
from tests.support.feed_reader import Reader
from tests.support.servers import fake_redis
from tests.support.stack import Stack


@pytest.mark.parametrize(
    "spoil",
    [
        lambda cursor: "",
        lambda cursor: "nonsense",
        lambda cursor: cursor + ".1-1",
        lambda cursor: "A" * 16 + cursor[16:],
        lambda cursor: cursor[:17] + "9" * 19 + "-0",
        lambda cursor: cursor[:17] + "1-0",
        lambda cursor: cursor.replace("~", "7~"),
        lambda cursor: "é" * 40,
        lambda cursor: cursor[:17] + "9" * 3000 + "-0",
    ],
    ids=["empty", "nonsense", "other shards", "foreign", "beyond the end", "too old", "changed", "not ascii", "huge"],
)
def test_an_unknown_cursor_is_answered_at_once_with_a_reset(reader: Reader, spoil: Callable[[str], str]) -> None:
    body = reader.poll(spoil(reader.cursor), wait=1)
    said = {name: body[name] for name in ("cursor", "reset", "events", "more")}
    assert said == {"cursor": reader.cursor, "reset": True, "events": [], "more": False}


def test_a_redis_that_lost_its_data_resets_every_reader(start_stack: Callable[..., Stack]) -> None:
    with fake_redis() as url:
        stack = start_stack(redis=url)
        reader = Reader(stack)
        stack.parts.redis.scripts.flushall()

        body = reader.poll(reader.cursor)

        assert (body["reset"], body["events"]) == (True, [])
        assert body["cursor"] != reader.cursor
        assert reader.poll(body["cursor"])["reset"] is False


def test_a_reader_that_fell_behind_a_trimmed_log_begins_again(start_stack: Callable[..., Stack]) -> None:
    with fake_redis() as url:
        actions = Actions(start_stack(redis=url))
        reader, app = Reader(actions.stack), actions.app()
        app.revoke(app.connect(actions.person()).access)
        for key in actions.stack.parts.redis.scripts.scan_iter("revocations:{0}"):
            actions.stack.parts.redis.scripts.xtrim(key, maxlen=1, approximate=False)

        assert reader.poll(reader.cursor)["reset"] is True


def test_a_long_quiet_time_is_no_reason_to_begin_again(start_stack: Callable[..., Stack]) -> None:
    with fake_redis() as url:
        actions = Actions(start_stack(redis=url, revocation_log_lifetime=61, access_token_lifetime=60))
        reader, redis = Reader(actions.stack), actions.stack.parts.redis.scripts
        position, incarnation = "1-0", reader.cursor[:16]
        redis.delete("revocations:{0}")  # as if its newest entry were ages old
        redis.xadd("revocations:{0}", {"mark": ""}, id=position)
        reader.cursor = f"{incarnation}.{position}"

        assert reader.news() == []
        assert reader.cursor != f"{incarnation}.{position}"


def test_more_than_one_batch_is_told_in_pieces_and_says_so(actions: Actions, reader: Reader) -> None:
    redis = actions.stack.parts.redis.scripts
    entry = {"client_id": "c", "sub": "s", "aud": actions.stack.fit_credentials.resource}
    for number in range(1_500):
        redis.xadd("revocations:{0}", {"grant_id": str(number), **entry})

    first = reader.poll(reader.cursor, wait=1)
    rest = reader.poll(first["cursor"])

    assert (len(first["events"]), first["more"]) == (1_000, True)
    assert (len(rest["events"]), rest["more"]) == (500, False)
    assert [event["grant_id"] for event in first["events"] + rest["events"]] == [str(n) for n in range(1_500)]
