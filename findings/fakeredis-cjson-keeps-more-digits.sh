#!/usr/bin/env bash
# fakeredis 2.41.0 with lupa 2.8: cjson in scripts.
# Expected: what Redis does. Its cjson writes 14 significant digits, so that the microseconds of an instant come out as
# 1.7959727231235e+15, and it writes an empty table as {}.
# Seen: fakeredis writes 1795972723123456 and []. A script that keeps instants in microseconds as JSON passes its tests and
# loses the last two digits in production.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check fakeredis==2.41.0 lupa==2.8
seen=$(env/bin/python - <<'PY'
import fakeredis

server = fakeredis.FakeRedis()
print(server.eval("return cjson.encode({at = 1795972723123456})", 0).decode())
print(server.eval("return cjson.encode({})", 0).decode())
PY
)
printf '%s\n' "$seen"
if command -v redis-server >/dev/null; then
    redis-server --port 0 --unixsocket "$folder/socket" --save "" --daemonize yes >/dev/null
    until redis-cli -s "$folder/socket" ping >/dev/null 2>&1; do sleep 0.1; done
    echo "a redis-server here: $(redis-cli -s "$folder/socket" eval 'return cjson.encode({at = 1795972723123456})' 0)"
    redis-cli -s "$folder/socket" shutdown nosave
fi
[ "$seen" = '{"at":1795972723123456}
[]' ] || { echo "This has changed." >&2; exit 1; }
