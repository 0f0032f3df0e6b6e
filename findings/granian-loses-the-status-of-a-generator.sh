#!/usr/bin/env bash
# Granian 2.8.9 beside gunicorn 27.0.1: an application that is a generator, so start_response is called when its first part is asked for.
# Expected: PEP 3333: "servers must not assume that start_response() has been called before they begin iterating".
# Seen: Granian has answered by then: 200 without any of the fields, and the body of the error. So whoever is told to come back
# later takes the text for what was asked. gunicorn sends 503 with Retry-After.
set -euo pipefail
folder=$(mktemp -d)
servers=()
trap 'for server in "${servers[@]}"; do kill -9 -- "-$server"; done; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check gunicorn==27.0.1 granian==2.8.9
cat >later.py <<'PY'
def application(environ, start_response):
    start_response("503 Service Unavailable", [("Content-Type", "text/plain"), ("Retry-After", "7")])
    yield b"try again later"
PY
setsid env/bin/gunicorn --bind unix:gunicorn.sock --no-control-socket --log-level critical later:application >/dev/null 2>&1 &
servers+=($!)
setsid env/bin/granian --interface wsgi --uds granian.sock --no-log later:application >/dev/null 2>&1 &
servers+=($!)
seen=$(for server in gunicorn granian; do
    until curl -s -o /dev/null --unix-socket "$server.sock" http://localhost/; do sleep 0.2; done
    curl -s -m 10 -D head -o body -w "$server %{http_code}: " --unix-socket "$server.sock" http://localhost/
    cat body; echo "; $(grep -ciE '^(retry-after|content-type):' head || true) of 2 fields"
done)
printf '%s\n' "$seen"
[ "$seen" = "gunicorn 503: try again later; 2 of 2 fields
granian 200: try again later; 0 of 2 fields" ] || { echo "This has changed." >&2; exit 1; }
