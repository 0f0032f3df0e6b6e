#!/usr/bin/env bash
# Hypercorn 0.18.0 serving WSGI: an answer without a body, start_response("204 No Content", []) and return [].
# Expected: 204. PEP 3333 lets an application return an empty iterable, as frameworks do for 204, 304 and HEAD.
# Seen: 500, since the status is only read together with the first piece of the body.
set -euo pipefail
folder=$(mktemp -d)
trap 'kill -9 -- "-$server" 2>/dev/null; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check hypercorn==0.18.0
cat >empty.py <<'PY'
def application(environ, start_response):
    start_response("204 No Content", [])
    return [] if environ["PATH_INFO"] == "/none" else [b""]
PY
setsid env/bin/hypercorn --bind unix:server.sock wsgi:empty:application --log-level critical >/dev/null 2>&1 &
server=$!
until curl -s -o /dev/null --unix-socket server.sock http://localhost/one; do sleep 0.2; done
seen=$(for path in none one; do curl -s -o /dev/null -w "$path %{http_code}\n" --unix-socket server.sock "http://localhost/$path"; done)
printf '%s\n' "$seen"
[ "$seen" = "none 500
one 204" ] || { echo "This has changed." >&2; exit 1; }
