"""`docs/fit_api.md` tells the truth: each of its commands gives the answer that stands below it."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from fit_service.api import body_weight_batch
from fit_service.api.body_weight_list import LIMIT
from fit_service.api.import_report import MAX_WARNINGS
from fit_service.rules import client_record, entry_batch, entry_import
from fit_service.rules.body_weight_entry import FIRST_YEAR, MAX_AHEAD
from fit_service.rules.exact_json import MAX_NUMBER_LENGTH
from fit_service.rules.formats import csv_rows, table
from fit_service.rules.summary import MAX_BUCKETS
from fit_service.rules.weight import HEAVIEST_KG, LIGHTEST_KG, MAX_DECIMALS, MAX_LENGTH
from fit_service.settings import Settings
from fit_service.storage.entry_changes import TOMBSTONE_LIFETIME
from fit_service.storage.kept_answers import LIFETIME
from fit_service.web import access, bodies
from tests.support.actions import Actions
from tests.support.reverse_proxies import NGINX, SERVERS, reverse_proxy
from tests.support.stack import Stack

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "fit_api.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```sh\n(.*?)^```\n.*?^```(json|text)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
END = "== end of the answer =="


def without_ids(text: str) -> str:
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "a UUID", text)
    text = re.sub(r'"(stored_at|modified_at)": ?"[^"]*"', r'"\1": "an instant"', text)
    return re.sub(r"\b[0-9a-f]{16}\b", "a version", re.sub(r"\b[0-9a-f]{24}\b", "an id", text))


@pytest.fixture(params=["HTTP/1.1", "HTTP/2"])
def fit(request: pytest.FixtureRequest, actions: Actions, tmp_path: Path) -> Iterator[str]:
    """The API's address. HTTP/2, by way of nginx, has the names of headers in small letters."""
    if request.param == "HTTP/1.1":
        yield actions.stack.fit
        return
    if NGINX.path is None:
        pytest.skip("needs nginx")
    with reverse_proxy(NGINX, dict.fromkeys(SERVERS, urlsplit(actions.stack.fit).netloc)) as proxy:
        settings = f'connect-to = "::localhost:{proxy.port}"\ninsecure\nhttp2\n'
        (tmp_path / ".curlrc").write_text(settings)
        yield "https://fit.moogle.test"


@pytest.fixture
def stack(start_stack: Callable[..., Stack]) -> Stack:
    return start_stack(fit_trusted_hosts=("fit.moogle.test",))


def test_every_command_gives_the_answer_below_it(actions: Actions, fit: str, tmp_path: Path) -> None:
    if shutil.which("jq") is None or shutil.which("curl") is None:
        pytest.skip("needs curl and jq")
    assert len(EXAMPLES) == PAGE.count("```sh\n") >= 14
    script = "set -euo pipefail\n" + "".join(f"{commands}echo; echo '{END}'\n" for commands, _, _ in EXAMPLES)
    token = actions.app().connect(actions.person()).access
    folder = tmp_path / "checkout"
    (folder / ".local").mkdir(parents=True)
    environment = {**os.environ, "FIT": fit, "TOKEN": token, "CURL_HOME": str(tmp_path)}
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr + done.stdout
    assert [*folder.iterdir()] == [folder / ".local"], "git ignores nothing else"
    answers = done.stdout.split(f"{END}\n")
    for (commands, form, shown), answer in zip(EXAMPLES, answers, strict=False):
        given, expected = without_ids(answer.strip()), without_ids(shown.strip())
        if form == "json":
            assert json.loads(given) == json.loads(expected), commands
        else:
            assert given.splitlines() == expected.splitlines(), commands


def test_each_limit_in_the_table_is_that_of_the_code() -> None:
    limits = PAGE.partition("\n## Limits\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (?!What)([^|]*[^| -]) \| ([^|]*[^| -]) \|$", limits, re.MULTILINE)
    import_limit = Settings.model_fields["import_limit"].default
    assert dict(rows) == {
        "a weight": f"{LIGHTEST_KG} to {HEAVIEST_KG} kg, {MAX_DECIMALS} decimals",
        "a number or an amount, in characters": str(MAX_NUMBER_LENGTH),
        "the year of an entry": f"{FIRST_YEAR} at the earliest",
        "an entry's instant": f"{MAX_AHEAD.days} day from now at the latest",
        "the body of a request": f"{access.MAX_BODY} bytes",
        "the body of a batch": f"{body_weight_batch.MAX_BODY} bytes",
        "entries of a batch": str(entry_batch.MAX_ENTRIES),
        "an app's own id of a record, in characters": str(client_record.MAX_LENGTH),
        "an app's own version of a record": str(client_record.MAX_VERSION),
        "an imported file": f"{import_limit} bytes",
        "what is compressed in it": f"{table.UNPACKED * import_limit} bytes",
        "entries of an imported file": str(entry_import.MAX_ENTRIES),
        "rows of an imported file that are marked deleted, or no weighings": str(entry_import.MAX_SKIPPED),
        "columns of a CSV file": str(csv_rows.MAX_COLUMNS),
        "errors and warnings of an import that are named": str(entry_import.MAX_ERRORS),
        "entries of a page": str(LIMIT.reader.schema["maximum"]),
        "buckets of a summary": str(MAX_BUCKETS),
        "memory of deletions": f"{TOMBSTONE_LIFETIME.days} days",
        "memory of an `Idempotency-Key`": f"{LIFETIME.days * 24} hours",
    }
    assert entry_import.MAX_ERRORS == MAX_WARNINGS
    assert MAX_NUMBER_LENGTH == MAX_LENGTH
    assert all(charset in PAGE for charset in bodies.CHARSETS)
