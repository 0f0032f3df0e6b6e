"""`docs/imports.md` tells the truth: its table lists every format, and each command gives the answer below it."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from fit_service.rules import entry_import, exact_json, long_import
from fit_service.rules.formats import apple_health, csv_rows, fit_file, health_connect, mapped_csv, packed
from fit_service.rules.formats import table as formats
from fit_service.rules.formats.table import FORMATS
from fit_service.settings import Settings
from fit_service.web.import_parameters import CHOICES
from tests.support.actions import Actions

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "imports.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```sh\n(.*?)^```\n.*?^```json\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def test_the_table_lists_every_format_as_the_code_does() -> None:
    table = PAGE.partition("## What is recognised")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", table, re.MULTILINE)
    assert rows == [(each.name, each.title) for each in FORMATS]


def test_each_limit_is_that_of_the_code() -> None:
    table = PAGE.partition("\n## Limits\n")[2]
    assert apple_health.MAX_TOKEN == csv_rows.MAX_ROW == exact_json.MAX_ITEM
    assert re.findall(r"^\| (?:[^|]*[^| -]) \| ([\d, ]+) \|$", table, re.MULTILINE) == [
        f"{entry_import.MAX_ENTRIES}",
        f"{mapped_csv.MAX_LENGTH}",
        f"{entry_import.MAX_SKIPPED}",
        f"{csv_rows.MAX_COLUMNS}",
        f"{csv_rows.MAX_ROW}",
        f"{apple_health.MAX_DEPTH}, {apple_health.MAX_ATTRIBUTES}",
        "0",
        f"{packed.MAX_MEMBERS}, {formats.MAX_FILES}",
        f"{formats.UNPACKED * Settings.model_fields['import_limit'].default}",
        f"{csv_rows.MAX_LINES}",
        f"{health_connect.MAX_BYTES}, {health_connect.MAX_STEPS}",
        f"{fit_file.MAX_MESSAGES}, {fit_file.MAX_FIELDS}, {fit_file.MAX_BYTES}",
        f"{long_import.MAX_READINGS}",
    ]


def test_every_choice_is_told() -> None:
    assert all(re.search(f"`{each.name}[`=]", PAGE) for each in CHOICES)


@pytest.mark.parametrize(("commands", "shown"), EXAMPLES)
def test_a_command_gives_the_answer_below_it(actions: Actions, tmp_path: Path, commands: str, shown: str) -> None:
    if shutil.which("curl") is None:
        pytest.skip("needs curl")
    assert len(EXAMPLES) == PAGE.count("```sh\n")
    (tmp_path / ".local").mkdir()
    for earlier, _ in EXAMPLES:  # they share their files
        if earlier.startswith("printf"):
            subprocess.run(["bash", "-c", earlier.splitlines()[0]], cwd=tmp_path, check=True)
    token = actions.app().connect(actions.person()).access
    environment = {**os.environ, "FIT": actions.stack.fit, "TOKEN": token}
    done = subprocess.run(["bash", "-c", commands], cwd=tmp_path, env=environment, capture_output=True, check=True)
    assert json.loads(done.stdout) == json.loads(shown)
