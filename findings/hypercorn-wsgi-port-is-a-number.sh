#!/usr/bin/env bash
# Hypercorn 0.18.0 serving WSGI: an application that makes its own address as PEP 3333 (URL Reconstruction) and wsgiref.util do.
# Expected: http://127.0.0.1:PORT/ for a request of HTTP/1.0 without Host, as simple checks of a balancer send. PEP 3333 has each variable
# of CGI be a native string.
# Seen: a TypeError for such a request, since SERVER_PORT is an int, which is added to text; with Host nothing shows.
set -euo pipefail
folder=$(mktemp -d)
trap 'kill -9 -- "-$server" 2>/dev/null; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check hypercorn==0.18.0
cat >address.py <<'PY'
from wsgiref.util import application_uri


def application(environ, start_response):
    try:
        body = f"{type(environ['SERVER_PORT']).__name__} {application_uri(environ)}"
    except TypeError as error:
        body = f"{type(environ['SERVER_PORT']).__name__} {error}"
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [body.encode()]
PY
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
setsid env/bin/hypercorn --bind "127.0.0.1:$port" wsgi:address:application --log-level critical >/dev/null 2>&1 &
server=$!
until curl -s -o /dev/null "http://127.0.0.1:$port/"; do sleep 0.2; done
seen=$(for fields in "Host: api.example" "Host:"; do curl -s --http1.0 -H "$fields" "http://127.0.0.1:$port/"; echo; done)
printf '%s\n' "$seen"
[ "$seen" = 'int http://api.example/
int can only concatenate str (not "int") to str' ] || { echo "This has changed." >&2; exit 1; }
