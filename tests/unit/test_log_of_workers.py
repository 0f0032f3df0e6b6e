"""A worker that is a process of its own tells what nobody catches as the services do."""

import json
import subprocess
import sys
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest

from tools.addresses import service_environment

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.clause("ASVS 16.5.1")
@pytest.mark.parametrize(("service", "command"), [("auth_service", "mail"), ("fit_service", "webhooks")])
def test_an_error_that_ends_a_thread_of_a_worker_is_a_line_without_secrets(
    service: str, command: str, tmp_path: Path
) -> None:
    program = f"""
import os, signal, threading, time
from {service} import create_app

def end():
    while signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        time.sleep(0.01)
    try:
        raise OSError("at mat_0123456789abcdef")
    finally:
        os.kill(os.getpid(), signal.SIGINT)

app = create_app()
threading.Thread(target=end, name="worker").start()
app.test_cli_runner().invoke(args=["{command}", "deliver"])
"""
    settings = {
        "AUTH_ISSUER": "http://localhost:9",
        "AUTH_DATABASE_URL": f"sqlite:///{tmp_path / 'sqlite'}",
        "AUTH_REDIS_URL": "redis://127.0.0.1:9/0",
        "AUTH_TOKEN_KEYS": urlsafe_b64encode(bytes(32)).decode(),
        "AUTH_SMTP_URL": "smtp://127.0.0.1:9",
        "AUTH_MAIL_SENDER": "no-reply@example.org",
        "FIT_RESOURCE": "http://localhost:9/api/",
        "FIT_ISSUER": "http://localhost:9",
        "FIT_CLIENT_ID": "moogle-fit",
        "FIT_CLIENT_SECRET": "secret",
        "FIT_DATABASE_URL": f"sqlite:///{tmp_path / 'sqlite'}",
        "FIT_FOLLOW_REVOCATIONS": "false",
    }
    run = [sys.executable, "-c", program]
    environment = service_environment(settings)
    done = subprocess.run(run, cwd=ROOT, env=environment, capture_output=True, text=True, check=True, timeout=120)
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    [raised] = [line for line in lines if line["message"] == "the thread worker was ended by an error"]
    assert raised["exc_info"].endswith("OSError: at mat_…")
