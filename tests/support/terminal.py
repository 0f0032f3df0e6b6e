"""A terminal before which a command runs."""

import os
import sys
import threading
from contextlib import redirect_stdout

import pytest
from flask import Flask
from flask.cli import ScriptInfo

WIDTH = 200


def on_terminal(app: Flask, *arguments: str) -> str:
    """Run `flask --app … ARGUMENTS` with a terminal as its stdout; what that got, with line feeds alone."""
    master, slave = os.openpty()
    got: list[bytes] = []

    def read() -> None:
        while True:
            try:
                got.append(os.read(master, 65_536))
            except OSError:  # nobody has the other end any more
                return

    reader = threading.Thread(target=read)
    with pytest.MonkeyPatch.context() as patch, os.fdopen(slave, "w", encoding="utf-8") as terminal:
        patch.setenv("COLUMNS", str(WIDTH))
        patch.setenv("TERM", "xterm-256color")
        reader.start()
        with redirect_stdout(terminal):
            app.cli.main(list(arguments), obj=ScriptInfo(create_app=lambda: app), standalone_mode=False)
            sys.stdout.flush()
    reader.join()
    os.close(master)
    return b"".join(got).decode().replace("\r\n", "\n")
