#!/usr/bin/env bash
# Cheroot 11.1.2 (the server of CherryPy) beside waitress 3.0.2: an application reads a body of b"name,kg\r\n82.35" with readlines().
# Expected: PEP 3333 has readlines() of wsgi.input mean what it means of a file: all lines. Its hint is optional.
# Seen: [], with a Content-Length and in chunks alike, as if nothing had been sent. With a hint the lines are there, so nothing was lost
# on the way: without one, each line is asked for with room for 0 bytes.
set -euo pipefail
folder=$(mktemp -d)
servers=()
trap 'for server in "${servers[@]}"; do kill -9 -- "-$server"; done; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check cheroot==11.1.2 waitress==3.0.2
cat >lines.py <<'PY'
def application(environ, start_response):
    body = environ["wsgi.input"]
    lines = body.readlines(14) if environ["PATH_INFO"] == "/hint" else body.readlines()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [repr(lines).encode()]
PY
export PYTHONPATH=$folder
declare -A ports
for server in waitress cheroot; do
    ports[$server]=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
done
setsid env/bin/waitress-serve --listen "127.0.0.1:${ports[waitress]}" lines:application >/dev/null 2>&1 &
servers+=($!)
setsid env/bin/cheroot --bind "127.0.0.1:${ports[cheroot]}" lines:application >/dev/null 2>&1 &
servers+=($!)
seen=$(for server in waitress cheroot; do
    address=http://127.0.0.1:${ports[$server]}
    until curl -s -o /dev/null "$address"; do sleep 0.2; done
    send() { curl -s -m 10 --data-binary $'name,kg\r\n82.35' "$@"; }
    echo "$server: $(send "$address")"
    echo "$server, chunks: $(send -H "Transfer-Encoding: chunked" "$address")"
    echo "$server, hint: $(send "$address/hint")"
done)
printf '%s\n' "$seen"
[ "$seen" = "waitress: [b'name,kg\r\n', b'82.35']
waitress, chunks: [b'name,kg\r\n', b'82.35']
waitress, hint: [b'name,kg\r\n', b'82.35']
cheroot: []
cheroot, chunks: []
cheroot, hint: [b'name,kg\r\n', b'82.35']" ] || { echo "This has changed." >&2; exit 1; }
