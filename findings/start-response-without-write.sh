#!/usr/bin/env bash
# Hypercorn 0.18.0 and Granian 2.8.9 beside gunicorn 27.0.1: the write() that start_response returns.
# Expected: PEP 3333 demands that every server's start_response returns a write callable, for applications written for it.
# Seen: gunicorn's does; with the other two an application that calls it is a 500, since start_response returns None.
set -euo pipefail
folder=$(mktemp -d)
servers=()
trap 'for server in "${servers[@]}"; do kill -9 -- "-$server"; done; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check gunicorn==27.0.1 hypercorn==0.18.0 granian==2.8.9
cat >writes.py <<'PY'
def application(environ, start_response):
    write = start_response("200 OK", [("Content-Type", "text/plain")])
    write(b"written, ")
    return [b"returned"]
PY
setsid env/bin/gunicorn --bind unix:gunicorn.sock --no-control-socket --log-level critical writes:application >/dev/null 2>&1 &
servers+=($!)
setsid env/bin/hypercorn --bind unix:hypercorn.sock --log-level critical wsgi:writes:application >/dev/null 2>&1 &
servers+=($!)
setsid env/bin/granian --interface wsgi --uds granian.sock --no-log writes:application >/dev/null 2>&1 &
servers+=($!)
seen=$(for server in gunicorn hypercorn granian; do
    until curl -s -o /dev/null --unix-socket "$server.sock" http://localhost/; do sleep 0.2; done
    curl -s -m 10 -o body -w "$server %{http_code} " --unix-socket "$server.sock" http://localhost/
    cat body; echo; : >body
done)
printf '%s\n' "$seen"
[ "$seen" = "gunicorn 200 written, returned
hypercorn 500 
granian 500 " ] || { echo "This has changed." >&2; exit 1; }
