"""Whatever is sent to whichever address: a refusal in OAuth's words, quickly, and nothing that works once is spent."""

from collections import Counter
from itertools import chain
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from werkzeug.routing import Map, Rule

from tests.properties.good_requests import GOOD, NO_USE, Draft
from tests.properties.hostile_requests import hostile_requests
from tests.properties.live import Live
from tests.properties.proper_answers import assert_is_proper, is_refusal, next_step
from tests.properties.sender import Answer, Sender
from tests.support.actions import Actions
from tests.support.addresses import addresses
from tests.support.stack import Stack
from tests.support.volumes import PART, Volume

EVERY_KIND = {200, 303, 400, 401, 404, 405}
"""Statuses that show that the requests are neither all hopeless nor all harmless."""

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")


class Hold:
    """Sends requests, each to the end of where it leads, and holds the answers to what they must be."""

    def __init__(self, stack: Stack) -> None:
        stack.forget_failures()
        self._live = Live(Actions(stack))
        self._sender = Sender(stack, self._live)
        self.statuses: Counter[int] = Counter()
        self.slowest = 0.0

    def send(self, draft: Draft) -> Answer:
        """The first answer. All were proper, and if it was a refusal, whatever works once still does."""
        self._live.renew()
        before = self._live.state()
        assert [name for name, held in before.items() if not held] == []
        answers = self._follow(draft)
        after = self._live.state()
        spent = [name for name in before if after[name] != before[name]]
        assert spent == [] or not is_refusal(answers[0]), (spent, answers)
        self._live.forget(*spent)
        changes_session = any("moogle_auth=" in answer.headers.get("Set-Cookie", "") for answer in answers)
        self._live.sent(str(draft), answers[0].status, changes_session=changes_session)
        self.statuses[answers[0].status] += 1
        self.slowest = max(self.slowest, *(answer.seconds for answer in answers))
        return answers[0]

    def _follow(self, draft: Draft) -> list[Answer]:
        answers: list[Answer] = []
        step: Draft | None = draft
        while step is not None and len(answers) < 4:
            answers.append(self._sender.send(step))
            assert_is_proper(answers[-1])
            step = next_step(answers[-1], by_public="LIVE_public_id" in str(draft))
        return answers


def try_hostile_requests(stack: Stack, examples: int, **options: Any) -> int:
    hold = Hold(stack)

    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck), **options)
    @given(hostile_requests())
    def properly_answered(draft: Draft) -> None:
        note(repr(draft)[:5_000])
        hold.send(draft)

    properly_answered()
    print(f"{hold.statuses.total()} hostile requests, slowest {hold.slowest:.2f} s: {hold.statuses.most_common()}")
    assert set(hold.statuses) >= EVERY_KIND
    return hold.statuses.total()


@pytest.mark.volume("requests")
@pytest.mark.clause("RFC 6749 §5.2", lines=(16, 143))
def test_no_request_gets_anything_but_a_proper_answer(open_stack: Stack, volume: Volume) -> None:
    same: dict[str, Any] = {"derandomize": True, "phases": [Phase.generate]}
    options = same if PART is None else {"print_blob": True}
    volume.done += try_hostile_requests(open_stack, examples=volume.asked, **options)


@pytest.mark.torture
@pytest.mark.timeout(3600)
def test_no_request_of_five_thousand_gets_anything_else(open_stack: Stack) -> None:
    try_hostile_requests(open_stack, examples=5_000, print_blob=True)


def test_what_is_spoiled_is_good_before(open_stack: Stack) -> None:
    """Else its errors would hide everything behind them."""
    hold = Hold(open_stack)
    refused = [(draft, answer) for draft in chain(*GOOD) if is_refusal(answer := hold.send(draft))]
    assert refused == []


def test_every_method_of_every_address_is_tried(open_stack: Stack) -> None:
    ours = list(addresses(open_stack.auth_app))
    router = Map([Rule(path, endpoint=path, methods=methods) for path, methods in ours]).bind("localhost")
    tried = {(router.match(draft.path, draft.method)[0], draft.method) for draft in chain(*GOOD, NO_USE[1:])}
    assert tried == {(path, method) for path, methods in ours for method in methods - {"HEAD", "OPTIONS"}}
