#!/usr/bin/env bash
# Granian 2.8.9 beside gunicorn 27.0.1: an application looks at how a body of b"name,kg\r\n82.35" begins and then reads the rest.
# Expected: PEP 3333 has read(), readline() and readlines() of wsgi.input mean what they mean of a file, so the next one goes on where
# the last one ended.
# Seen: only read(size) and readline() go on. After either of them read() gives b"" and readlines() [], as if the body had ended: whoever
# reads the heading of a table first gets an empty table, with no error.
set -euo pipefail
folder=$(mktemp -d)
servers=()
trap 'for server in "${servers[@]}"; do kill -9 -- "-$server"; done; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check gunicorn==27.0.1 granian==2.8.9
cat >table.py <<'PY'
READS = {
    "/read(4)-read()": lambda body: [body.read(4), body.read()],
    "/readline()-readlines()": lambda body: [body.readline(), body.readlines()],
    "/readline()-read(9)": lambda body: [body.readline(), body.read(9)],
}


def application(environ, start_response):
    body = environ["wsgi.input"]
    read = READS.get(environ["PATH_INFO"], lambda body: [])
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [repr(read(body)).encode()]
PY
setsid env/bin/gunicorn --bind unix:gunicorn.sock --no-control-socket --log-level critical table:application >/dev/null 2>&1 &
servers+=($!)
setsid env/bin/granian --interface wsgi --uds granian.sock --no-log table:application >/dev/null 2>&1 &
servers+=($!)
seen=$(for server in gunicorn granian; do
    until curl -s -o /dev/null --unix-socket "$server.sock" http://localhost/; do sleep 0.2; done
    for reads in "read(4)-read()" "readline()-readlines()" "readline()-read(9)"; do
        echo "$server $reads: $(curl -s -m 10 --data-binary $'name,kg\r\n82.35' --unix-socket "$server.sock" "http://localhost/$reads")"
    done
done)
printf '%s\n' "$seen"
[ "$seen" = "gunicorn read(4)-read(): [b'name', b',kg\r\n82.35']
gunicorn readline()-readlines(): [b'name,kg\r\n', [b'82.35']]
gunicorn readline()-read(9): [b'name,kg\r\n', b'82.35']
granian read(4)-read(): [b'name', b'']
granian readline()-readlines(): [b'name,kg\r\n', []]
granian readline()-read(9): [b'name,kg\r\n', b'82.35']" ] || { echo "This has changed." >&2; exit 1; }
