#!/usr/bin/env bash
# redis-py 8.1.0: connection objects are made while a process runs, for a pool that grows or after a restart of Redis.
# Expected: that is memory only, until the connection connects.
# Seen: each new object looks its package's version up on the disk. A service that has no file descriptor left gets an OSError
# for that, which is no redis.RedisError, where it was ready for a ConnectionError. With `driver_info` given, nothing is read.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check redis==8.1.0
seen=$(env/bin/python - <<'PY'
import sys

import redis

read = []
sys.addaudithook(lambda event, arguments: event == "open" and read.append(str(arguments[0]).rpartition("/")[2]))
redis.Connection()
for _ in range(3):
    read.clear()
    redis.Connection()
    print("a further connection reads METADATA:", "METADATA" in read)
PY
)
printf '%s\n' "$seen"
[ "$seen" = 'a further connection reads METADATA: True
a further connection reads METADATA: True
a further connection reads METADATA: True' ] || { echo "This has changed." >&2; exit 1; }
