"""A worker that is killed in mid-delivery loses nothing: what was under way comes again, the rest in its order."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import update

from fit_service.models.webhooks import Webhook
from fit_service.storage.body_weights import BodyWeightStore
from fit_service.storage.database import Database
from tests.fit_storage.entries import insert, new
from tests.fit_storage.hooks import Hooks
from tests.support.polling import eventually
from tests.support.receiver import Message, receiver
from tools.addresses import service_environment

ROOT = Path(__file__).resolve().parents[2]
PEOPLE, EVENTS = 3, 6


@contextmanager
def worker_process(database_url: str) -> Iterator[subprocess.Popen[bytes]]:
    """As it is deployed."""
    environment = {
        **service_environment({}),
        "FIT_RESOURCE": "http://localhost:9/api/",
        "FIT_ISSUER": "http://localhost:9",
        "FIT_CLIENT_ID": "moogle-fit",
        "FIT_CLIENT_SECRET": "secret",
        "FIT_DATABASE_URL": database_url,
        "FIT_FOLLOW_REVOCATIONS": "false",
        "FIT_WEBHOOK_ALLOW_PRIVATE": "true",
        "FIT_LOG_LEVEL": "ERROR",
    }
    command = [str(Path(sys.executable).with_name("flask")), "--app", "fit_service", "webhooks", "deliver"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        yield process
    finally:
        process.kill()
        process.wait(120)


def let_the_leases_run_out(database: Database) -> None:
    """What a minute would do."""
    with database.writing() as session:
        session.execute(update(Webhook).where(Webhook.due_at.is_not(None)).values(due_at=0))


def test_after_kill_9_in_mid_delivery_everything_arrives_at_least_once_and_in_order(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'fit.sqlite'}"
    database, killed = Database(url), threading.Event()
    database.upgrade()
    hooks, store = Hooks(database), BodyWeightStore(database)

    def hold_the_second(message: Message) -> int:
        if message.id.endswith("_2"):
            assert killed.wait(60)
        return 204

    with receiver() as inbox:
        inbox.answer = hold_the_second
        people = [f"person {number}" for number in range(PEOPLE)]
        expected: dict[str, list[str]] = {}
        for subject in people:
            webhook_id = hooks.register(subject, url=inbox.url)
            entries = [insert(store, new(80, day), subject=subject)[0] for day in range(EVENTS)]
            expected[webhook_id] = [entry.id for entry in entries]
        with worker_process(url) as process:
            inbox.wait_for(2 * PEOPLE, within=60)  # the first of each was settled before the second was begun
            process.kill()
            process.wait(120)
        killed.set()
        assert hooks.outbox.figures().waiting == PEOPLE * (EVENTS - 1)
        let_the_leases_run_out(database)
        with worker_process(url) as process:
            eventually(lambda: hooks.outbox.figures().waiting == 0)
            process.terminate()
            assert process.wait(120) == 0
    arrived: dict[str, list[str]] = {webhook_id: [] for webhook_id in expected}
    for message in inbox.messages:
        [entry_id] = message.event["data"]["ids"]
        arrived[message.event["webhook_id"]].append(entry_id)
    for webhook_id, ids in expected.items():
        assert arrived[webhook_id] == [ids[0], ids[1], *ids[1:]]
    database.close()
