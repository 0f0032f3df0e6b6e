"""Settings that can't be used are told in one line on stderr and exit code 2, whatever was to be started."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = [
    "flask --app auth_service client list",
    "flask --app fit_service webhooks deliver",
    "gunicorn -c auth_service/gunicorn.conf.py -b 127.0.0.1:0",
    "gunicorn -c fit_service/gunicorn.conf.py -b 127.0.0.1:0",
    "gunicorn -c examples/strength_app/gunicorn.conf.py -b 127.0.0.1:0",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_says_in_one_line_what_to_set(command: str) -> None:
    program, *arguments = command.split()
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AUTH_", "FIT_", "APP_"))}
    done = subprocess.run(
        [str(Path(sys.executable).with_name(program)), *arguments],
        cwd=ROOT,
        env={**clean, "AUTH_ISSUER": "http://localhost:8000/", "FIT_ISSUER": "http://localhost:8000/"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    [line] = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert "is not set" in line
    if "strength_app" not in command:
        assert "_ISSUER: must end with host or port, without a slash: http://localhost:8000" in line
