"""`docs/webhooks.md` tells the truth: its commands give the answers it shows, both ways to verify messages work."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import WebhookVerificationError

from fit_service.rules.webhooks.schedule import RETRY_AFTER
from fit_service.rules.webhooks.signature import new_secret
from fit_service.workers.webhook_sender import DEADLINE, Sender
from tests.support.actions import Actions
from tests.support.receiver import Message, receiver

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "webhooks.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    found = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    assert found
    return found


def without_what_differs(text: str) -> Any:
    for pattern in (r"[0-9a-f]{24}", r"\d{4}-\d\d-\d\dT[\d:.]+\+00:00", r"whsec_[\w+/=]{44}"):
        text = re.sub(pattern, "…", text)
    return json.loads(text)


def test_every_command_gives_the_answer_below_it(actions: Actions, tmp_path: Path) -> None:
    if shutil.which("jq") is None or shutil.which("curl") is None:
        pytest.skip("needs curl and jq")
    script = "set -euo pipefail\n" + "echo ==\n".join(blocks("sh"))
    environment = {
        **os.environ,
        "FIT": actions.stack.fit,
        "TOKEN": actions.app().connect(actions.person()).access,
    }
    (tmp_path / ".local").mkdir()
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    answers = done.stdout.split("==\n")
    assert [without_what_differs(answer) for answer in answers] == [
        without_what_differs(shown) for shown in blocks("json")
    ]


@pytest.fixture(scope="module")
def delivered() -> tuple[str, Message]:
    """A message, with the secret that it was signed with."""
    secret = new_secret()
    with receiver() as inbox:
        with Sender(allow_private=True).connection_to(inbox.url) as connection:
            connection.send(secret, "msg_b1946ac92492d2347c6235b4_2", '{"type":"body_weight.created"}')
        return secret, inbox.messages[0]


@pytest.mark.parametrize("lines", blocks("python"), ids=["with a library", "by hand"])
def test_both_ways_to_verify_believe_a_message_and_nothing_else(lines: str, delivered: tuple[str, Message]) -> None:
    secret, message = delivered
    names: dict[str, Callable[..., dict[str, Any]]] = {}
    exec(lines, names)  # type: ignore[arg-type]
    verify, headers = names["verify"], message.headers
    assert verify(secret, headers, message.body) == {"type": "body_weight.created"}
    for wrong in (
        (new_secret(), headers, message.body),
        (secret, headers, message.body + b" "),
        (secret, headers | {"webhook-id": "msg_1"}, message.body),
        (secret, headers | {"webhook-timestamp": "1767594600"}, message.body),
    ):
        with pytest.raises((WebhookVerificationError, ValueError)):
            verify(*wrong)


def test_the_page_tells_the_schedule() -> None:
    assert RETRY_AFTER == (5, 30, 2 * 60, 10 * 60, 30 * 60, 3_600, 2 * 3_600, 4 * 3_600)
    assert "after 5 s,\n  30 s, 2 min, 10 min, 30 min, 1 h, 2 h, then every 4 h" in PAGE
    assert f"within {DEADLINE:g} seconds" in PAGE
