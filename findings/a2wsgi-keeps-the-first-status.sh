#!/usr/bin/env bash
# a2wsgi 1.10.10: an application that fails after start_response("200 OK") and calls it again with exc_info.
# Expected: PEP 3333 lets the second call replace status and fields as long as nothing was sent, so the client reads 503.
# Seen: the client gets the error's body with the first status, 200, and the server the exception that was handled.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check a2wsgi==1.10.10
seen=$(env/bin/python - <<'PY'
import asyncio
import sys

from a2wsgi import WSGIMiddleware


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    try:
        raise ConnectionError
    except ConnectionError:
        start_response("503 Service Unavailable", [("Content-Type", "text/plain")], sys.exc_info())
        return [b"try again later"]


async def call():
    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    sent = []
    scope = {
        "type": "http", "http_version": "1.1", "method": "GET", "scheme": "http", "path": "/", "raw_path": b"/",
        "query_string": b"", "root_path": "", "headers": [], "server": ("localhost", 80), "client": ("localhost", 1),
    }
    try:
        await WSGIMiddleware(application)(scope, receive, send)
    except ConnectionError:
        print("raised as well:", end=" ")
    print(sent[0]["status"], b"".join(message.get("body", b"") for message in sent).decode())


asyncio.run(call())
PY
)
printf '%s\n' "$seen"
[ "$seen" = "raised as well: 200 try again later" ] || { echo "This has changed." >&2; exit 1; }
