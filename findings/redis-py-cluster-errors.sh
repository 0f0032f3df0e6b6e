#!/usr/bin/env bash
# redis-py 8.1.0: a client of a cluster whose nodes can't be reached.
# Expected: what redis.Redis does: making a client connects to nothing, and whatever goes wrong later is a redis.RedisError.
# Seen: RedisCluster connects in its constructor, so a process that starts while the cluster is away gets no client at all; and
# the error is a RedisClusterException, which is no RedisError: `except redis.RedisError` lets it through.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check redis==8.1.0
seen=$(env/bin/python - <<'PY'
import socket

import redis

with socket.socket() as unused:
    unused.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
    port = unused.getsockname()[1]
    redis.Redis(host="127.0.0.1", port=port)
    print("redis.Redis: made")
    try:
        redis.RedisCluster(host="127.0.0.1", port=port)
        print("redis.RedisCluster: made")
    except Exception as error:
        print(f"redis.RedisCluster: {type(error).__name__}, a RedisError: {isinstance(error, redis.RedisError)}")
PY
)
printf '%s\n' "$seen"
[ "$seen" = 'redis.Redis: made
redis.RedisCluster: RedisClusterException, a RedisError: False' ] || { echo "This has changed." >&2; exit 1; }
