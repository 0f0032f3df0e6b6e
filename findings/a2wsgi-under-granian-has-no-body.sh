#!/usr/bin/env bash
# a2wsgi 1.10.10 under Granian 2.8.9 and under uvicorn 0.54.0: a WSGI application, as Flask's are, reads the body of a request.
# Expected: the body. ASGI calls receive "an awaitable callable", and both keep to that: what it returns can be awaited.
# Seen: under Granian each request whose body is read is a 500, and those without a body are right. Granian returns a future of its own,
# and a2wsgi hands it to asyncio.run_coroutine_threadsafe(), which takes nothing but coroutines.
set -euo pipefail
folder=$(mktemp -d)
servers=()
trap 'for server in "${servers[@]}"; do kill -9 -- "-$server"; done; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check a2wsgi==1.10.10 granian==2.8.9 uvicorn==0.54.0
cat >weight.py <<'PY'
from a2wsgi import WSGIMiddleware


def weigh(environ, start_response):
    body = environ["wsgi.input"].read() if environ["REQUEST_METHOD"] == "POST" else b"no body"
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [body]


application = WSGIMiddleware(weigh)
PY
setsid env/bin/granian --interface asgi --uds granian.sock --no-log weight:application >/dev/null 2>&1 &
servers+=($!)
setsid env/bin/uvicorn --uds uvicorn.sock --log-level critical weight:application >/dev/null 2>&1 &
servers+=($!)
seen=$(for server in uvicorn granian; do
    until curl -s -o /dev/null --unix-socket "$server.sock" http://localhost/; do sleep 0.2; done
    ask() { curl -s -m 10 -w ' %{http_code}' --unix-socket "$server.sock" http://localhost/ "$@"; }
    echo "$server: $(ask), $(ask --data-binary 82.35)"
done)
printf '%s\n' "$seen"
[ "$seen" = "uvicorn: no body 200, 82.35 200
granian: no body 200, Internal server error 500" ] || { echo "This has changed." >&2; exit 1; }
