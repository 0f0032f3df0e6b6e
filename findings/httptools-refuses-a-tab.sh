#!/usr/bin/env bash
# httptools 0.9.0: optional white space behind a field's value.
# Expected: RFC 9110 section 5.5 takes blanks and tabs around a value alike, so both of these are a chunked request.
# Seen: "Transfer-Encoding: chunked" followed by a blank is read, followed by a tab it is refused; a tab before the value is read.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check httptools==0.9.0
seen=$(env/bin/python - <<'PY'
import httptools

for name, value in {"blank behind": "chunked ", "tab before": "\tchunked", "tab behind": "chunked\t"}.items():
    head = f"POST / HTTP/1.1\r\nHost: api.example\r\nTransfer-Encoding: {value}\r\n\r\n0\r\n\r\n"
    try:
        httptools.HttpRequestParser(object()).feed_data(head.encode())
        print(name, "read")
    except httptools.HttpParserError as error:
        print(name, type(error).__name__)
PY
)
printf '%s\n' "$seen"
[ "$seen" = "blank behind read
tab before read
tab behind HttpParserError" ] || { echo "This has changed." >&2; exit 1; }
