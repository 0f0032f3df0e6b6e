"""Settings that the worker can't heed end gunicorn at its start, with the reason."""

import os
import subprocess

import pytest

from buffering_worker.tests.served import APP, GUNICORN, PARENT


@pytest.mark.parametrize(
    ("options", "environment", "said"),
    [
        (["--certfile", "pyproject.toml"], {}, "plain HTTP/1.1"),
        (["--strip-header-spaces"], {}, "doesn't heed strip_header_spaces"),
        (["--forwarded-allow-ips", "*"], {}, "doesn't heed forwarded_allow_ips"),
        ([], {"SCRIPT_NAME": "/below"}, "doesn't heed SCRIPT_NAME"),
    ],
    ids=["TLS", "a lenient parser", "a proxy", "a path"],
)
def test_what_it_can_not_do_it_says_at_once(options: list[str], environment: dict[str, str], said: str) -> None:
    command = [GUNICORN, "-k", "buffering_worker.tests.plain_service.Worker", "-b", "127.0.0.1:0", *options, APP]
    environment = {**os.environ, **environment}
    done = subprocess.run(command, cwd=PARENT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, said in done.stderr) == (1, True)
