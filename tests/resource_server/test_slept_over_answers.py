"""A process may be stopped for any time between two instructions. An answer that waited in its socket meanwhile is as
old as the question, and what was revoked since is not in it.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

from tests.resource_server.conftest import ISSUER, RESOURCE, TOKEN, active
from tests.support.stub_authorization_server import StubAuthorizationServer, reply

DEADLINE = 1.5
PROGRAM = """
import sys
from shared.resource_server import NotLetThroughError, connect

resource, issuer, address, token, deadline = sys.argv[1:]
validator = connect(
    resource=resource,
    issuer=issuer,
    client_id="plans",
    client_secret="a secret",
    auth_url=address,
    follow_revocations=False,
    deadline=float(deadline),
)
try:
    validator.validate(f"Bearer {token}")
    print("let through", flush=True)
except NotLetThroughError as refusal:
    print(refusal.status, flush=True)
"""


def test_an_answer_that_waited_while_the_process_was_stopped_is_not_believed() -> None:
    asked, may_answer, answered = threading.Event(), threading.Event(), threading.Event()

    def hold_back(connection: socket.socket, _token: str) -> None:
        asked.set()
        may_answer.wait(60)
        connection.sendall(reply(body=json.dumps(active()).encode()))
        answered.set()

    with StubAuthorizationServer.running() as stub:
        stub.behaviour = hold_back
        arguments = [RESOURCE, ISSUER, stub.address, TOKEN, str(DEADLINE)]
        with subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *arguments], stdout=subprocess.PIPE, text=True
        ) as service:
            assert service.stdout
            assert asked.wait(60)
            os.kill(service.pid, signal.SIGSTOP)
            os.waitpid(service.pid, os.WUNTRACED)
            may_answer.set()
            assert answered.wait(60)
            time.sleep(DEADLINE)  # since it was asked, more than that has passed
            os.kill(service.pid, signal.SIGCONT)
            assert service.stdout.readline().strip() == "503"
