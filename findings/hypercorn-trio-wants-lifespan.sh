#!/usr/bin/env bash
# Hypercorn 0.18.0 with its asyncio and its Trio worker: an application that has no use for the lifespan scope and returns.
# Expected: the ASGI specification lets an application not support lifespan, and the server goes on without; so asyncio does.
# Seen: under Trio the same application ends the server while it starts.
set -euo pipefail
folder=$(mktemp -d)
servers=()
trap 'for server in "${servers[@]}"; do kill -9 -- "-$server" 2>/dev/null; done; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check hypercorn==0.18.0 trio==0.35.0
cat >plain.py <<'PY'
async def application(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})
PY
for kind in asyncio trio; do
    setsid env/bin/hypercorn --bind "unix:$kind.sock" --worker-class "$kind" --workers 0 plain:application >"$kind.log" 2>&1 &
    servers+=($!)
done
seen=$(for kind in asyncio trio; do
    answer=000
    for _ in $(seq 50); do
        answer=$(curl -s -o /dev/null -w '%{http_code}' --unix-socket "$kind.sock" http://localhost/ || true)
        [ "$answer" = 000 ] && ! grep -q Error "$kind.log" || break
        sleep 0.2
    done
    echo "$kind $answer $(grep -o '[A-Za-z]*ResourceError' "$kind.log" | head -n 1)"
done)
printf '%s\n' "$seen"
[ "$seen" = "asyncio 204 
trio 000 ClosedResourceError" ] || { echo "This has changed." >&2; exit 1; }
