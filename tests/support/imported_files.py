"""Sends files of other apps and services, and says what came of them."""

import io
import zipfile
from pathlib import Path
from typing import Any

import requests

from tests.support.actions import Actions

IMPORT = "/api/body_weight/import"
FOLDER = Path(__file__).parents[1] / "unit" / "imported_files"
WITHINGS = FOLDER / "withings-weight-lb.csv"


def send(actions: Actions, token: str, file: bytes, media_type: str = "text/csv", **query: str) -> requests.Response:
    return actions.fit("POST", IMPORT, token, params=query, data=file, headers={"Content-Type": media_type})


def shown(actions: Actions, token: str) -> list[tuple[str, str, str]]:
    entries = actions.fit("GET", token=token).json()
    return [(entry["body_weight"], entry["unit"], entry["created_at"]) for entry in entries]


def faults(answer: requests.Response) -> list[tuple[Any, str]]:
    assert answer.status_code == 422, answer.text
    return [(error.get("line") or error.get("place"), error["field"]) for error in answer.json()["errors"]]


def questions(answer: requests.Response) -> dict[str, list[str]]:
    """Which parameters a dry run asks for, each with the places of the rows that need it."""
    assert answer.status_code == 200, answer.text
    return {each["parameter"]: each["places"] for each in answer.json()["dry_run"]["questions"]}


def zipped(**files: bytes) -> bytes:
    with io.BytesIO() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(f"export/{name}", content)
        return file.getvalue()
