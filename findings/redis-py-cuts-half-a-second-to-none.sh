#!/usr/bin/env bash
# redis-py 8.1.0 (with fakeredis 2.41.0 for a server): a time to live that is a timedelta with a fraction, as a lifetime that was halved has.
# Expected: the type says half a second, and Redis has PEXPIRE and PX for that; or else an error.
# Seen: expire() sends EXPIRE with 0, which deletes the key at once, and says True. 1.9 s are one second, with set(ex=…) too; there less
# than a second is an error of the server's. pexpire() and set(px=…) take the same timedelta as it is.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check redis==8.1.0 fakeredis==2.41.0
seen=$(env/bin/python - <<'PY'
from datetime import timedelta

import fakeredis
import redis


class Redis(fakeredis.FakeRedis):
    """Says what it sends, and what came of it."""

    def execute_command(self, *command, **options):
        answer = super().execute_command(*command, **options)
        if len(command) > 2 and command != ("SET", "token", "kept"):
            print(*command, "->", answer, super().execute_command("EXISTS", "token"))
        return answer


store = Redis(server_type="redis")
for seconds in (0.5, 1.9):
    lifetime = timedelta(seconds=seconds)
    for live in (store.expire, store.pexpire):
        store.set("token", "kept")
        live("token", lifetime)
    try:
        store.set("token", "new", ex=lifetime)
    except redis.ResponseError:
        print("SET with ex refused")
    store.set("token", "new", px=lifetime)
PY
)
printf '%s\n' "$seen"
[ "$seen" = "EXPIRE token 0 -> True 0
PEXPIRE token 500 -> True 1
SET with ex refused
SET token new PX 500 -> True 1
EXPIRE token 1 -> True 1
PEXPIRE token 1900 -> True 1
SET token new EX 1 -> True 1
SET token new PX 1900 -> True 1" ] || { echo "This has changed." >&2; exit 1; }
