"""`make` on local processes: in a folder of any name, after accidents, and where something is missing."""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.checkout import Checkout


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Checkout]:
    checkout = Checkout(tmp_path / """a folder, 100% "its" own's é""")
    yield checkout
    checkout.make("down")


@pytest.fixture
def busy_port() -> Iterator[str]:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield str(server.getsockname()[1])


def test_a_busy_port_is_said_before_anything_is_installed(checkout: Checkout, busy_port: str) -> None:
    for target in ("up", "demo"):
        refused = checkout.make(target, STACK="local", FIT_PORT=busy_port)
        assert refused.returncode != 0
        assert f"port {busy_port} is in use by another program" in refused.stdout
        assert not (checkout.folder / ".venv").exists()


def test_without_a_network_the_installation_says_so(checkout: Checkout) -> None:
    refused = checkout.make("up", STACK="local")
    assert refused.returncode != 0
    assert "the package index could not be reached: is there a network?" in refused.stdout
    assert "Traceback" not in refused.stdout


def test_old_logs_are_not_taken_for_those_of_what_runs(tmp_path: Path) -> None:
    tail = tmp_path / "tail"
    tail.write_text("#!/bin/sh\necho followed\n", encoding="utf-8")
    tail.chmod(0o755)
    checkout = Checkout(tmp_path / "checkout", programs=tmp_path)
    assert "there are no logs yet: `make up` first" in checkout.make("logs").stdout
    log = checkout.folder / ".local" / "log" / "auth.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.touch()
    assert checkout.make("logs").stdout.startswith(
        "Nothing is running: these are old logs (Ctrl-C to leave).\nfollowed"
    )


@pytest.mark.torture  # the gate itself plays the demo, in a folder with a space too
@pytest.mark.timeout(400)
def test_in_any_folder_the_demo_starts_what_it_needs_and_stops_it_again(checkout: Checkout) -> None:
    checkout.use_installed()
    played = checkout.make("demo", STACK="local")
    assert played.returncode == 0, played.stdout
    assert played.stdout.startswith("Nothing is running: starting it for the demo, and stopping it again afterwards.")
    assert "The whole story holds" in played.stdout
    assert listening(checkout) == []


@pytest.mark.torture
@pytest.mark.timeout(400)
def test_what_a_killed_supervisor_leaves_behind_is_stopped(checkout: Checkout) -> None:
    checkout.use_installed()
    begun = checkout.make("up", STACK="local")
    assert begun.returncode == 0, begun.stdout
    assert len(listening(checkout)) == 3
    os.kill(int((checkout.folder / ".local" / "run" / "supervisor.lock").read_text()), signal.SIGKILL)
    assert "Stopped." in checkout.make("down").stdout
    assert listening(checkout) == []
    again = checkout.make("up")
    assert again.returncode == 0, again.stdout
    assert "Stopped." in checkout.make("down").stdout
    assert checkout.make("down").stdout == "Nothing was running.\n"


def listening(checkout: Checkout) -> list[int]:
    found = []
    for port in checkout.ports.values():
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                found.append(port)
    return found
