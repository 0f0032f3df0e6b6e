#!/usr/bin/env bash
# uvicorn 0.54.0 with httptools 0.9.0, as uvicorn[standard] has it, and with h11: an answer whose length isn't known, for HTTP/1.0.
# Expected: RFC 9112 section 6.1: a server must not send Transfer-Encoding "unless the corresponding request indicates HTTP/1.1 (or later
# minor revisions)". What ends such an answer is the end of the connection.
# Seen: with httptools it comes in chunks all the same, so a client of HTTP/1.0 has their sizes in its JSON. With h11 it doesn't, so
# whether a program is right depends on what else is installed. A change of 2022 that mended it was closed (pull request 1360).
set -euo pipefail
folder=$(mktemp -d)
servers=()
trap 'for server in "${servers[@]}"; do kill -9 -- "-$server"; done; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check uvicorn==0.54.0 httptools==0.9.0 h11==0.16.0
cat >weight.py <<'PY'
async def application(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": b'{"body_weight": 82.35}'})
PY
for parser in httptools h11; do
    setsid env/bin/uvicorn --http "$parser" --uds "$parser.sock" --log-level critical weight:application >/dev/null 2>&1 &
    servers+=($!)
done
seen=$(for parser in httptools h11; do
    until curl -s -o /dev/null --unix-socket "$parser.sock" http://localhost/; do sleep 0.2; done
    env/bin/python - "$parser" <<'PY'
import socket
import sys

with socket.socket(socket.AF_UNIX) as connection:
    connection.connect(f"{sys.argv[1]}.sock")
    connection.settimeout(10)
    connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
    head, _, body = b"".join(iter(lambda: connection.recv(4096), b"")).partition(b"\r\n\r\n")
print(sys.argv[1], b"chunked" in head.lower(), body)
PY
done)
printf '%s\n' "$seen"
[ "$seen" = "httptools True b'16\r\n{\"body_weight\": 82.35}\r\n0\r\n\r\n'
h11 False b'{\"body_weight\": 82.35}'" ] || { echo "This has changed." >&2; exit 1; }
