#!/usr/bin/env bash
# gunicorn 27.0.1 beside waitress 3.0.2: start_response called again with exc_info, before anything was sent.
# Expected: PEP 3333 lets the second call replace both status and fields, so what only the first one named isn't sent.
# Seen: gunicorn sends the new status with the fields of both calls, here a Cache-Control for a page that failed; waitress replaces.
set -euo pipefail
folder=$(mktemp -d)
servers=()
trap 'for server in "${servers[@]}"; do kill -9 -- "-$server" 2>/dev/null; done; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check gunicorn==27.0.1 waitress==3.0.2
cat >fails.py <<'PY'
import sys


def application(environ, start_response):
    start_response("200 OK", [("Cache-Control", "max-age=3600"), ("Content-Length", "9")])
    try:
        raise ConnectionError
    except ConnectionError:
        start_response("503 Service Unavailable", [("Retry-After", "1"), ("Content-Length", "9")], sys.exc_info())
        return [b"try again"]
PY
setsid env/bin/gunicorn --bind unix:gunicorn.sock --no-control-socket --log-level critical fails:application >/dev/null 2>&1 &
servers+=($!)
setsid env/bin/waitress-serve --unix-socket=waitress.sock fails:application >/dev/null 2>&1 &
servers+=($!)
seen=$(for server in gunicorn waitress; do
    until curl -s -o /dev/null --unix-socket "$server.sock" http://localhost/; do sleep 0.2; done
    fields=$(curl -s -D - -o /dev/null --unix-socket "$server.sock" http://localhost/ | tr -d '\r')
    echo "$server $(grep -c '^HTTP/1.1 503' <<<"$fields") $(grep -ci '^Retry-After' <<<"$fields") $(grep -ci '^Cache-Control' <<<"$fields")"
done)
printf '%s\n' "$seen"
[ "$seen" = "gunicorn 1 1 1
waitress 1 1 0" ] || { echo "This has changed." >&2; exit 1; }
