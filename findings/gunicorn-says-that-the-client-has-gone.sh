#!/usr/bin/env bash
# gunicorn 27.0.1 with its asgi worker, beside uvicorn 0.54.0: Starlette 1.10.0's request.is_disconnected(), asked three times while the
# client waits for its answer.
# Expected: False each time. ASGI has http.disconnect for "when a client disconnects from the web server"; to stop waiting for it, as
# is_disconnected() and any timeout do, says nothing about the client.
# Seen: False once, and then True for as long as the request lasts. A stream that looks whether anybody is still there ends early, and
# looks whole to whoever gets it.
set -euo pipefail
folder=$(mktemp -d)
servers=()
trap 'for server in "${servers[@]}"; do kill -9 -- "-$server"; done; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check gunicorn==27.0.1 uvicorn==0.54.0 starlette==1.10.0
cat >stream.py <<'PY'
from starlette.applications import Starlette
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route


async def asked(request):
    await request.body()
    return JSONResponse([await request.is_disconnected() for _ in range(3)])


async def streamed(request):
    async def weights():
        for weight in ("82.35 ", "82.40 ", "82.30 "):
            if await request.is_disconnected():
                return
            yield weight

    return StreamingResponse(weights())


application = Starlette(routes=[Route("/asked", asked, methods=["POST"]), Route("/streamed", streamed)])
PY
setsid env/bin/gunicorn --bind unix:gunicorn.sock --worker-class asgi --no-control-socket --log-level critical stream:application \
    >/dev/null 2>&1 &
servers+=($!)
setsid env/bin/uvicorn --uds uvicorn.sock --log-level critical stream:application >/dev/null 2>&1 &
servers+=($!)
seen=$(for server in uvicorn gunicorn; do
    until curl -s -o /dev/null --unix-socket "$server.sock" http://localhost/; do sleep 0.2; done
    echo "$server: $(curl -s -m 10 -d weight=1 --unix-socket "$server.sock" http://localhost/asked)"
    echo "$server: $(curl -s -m 10 --unix-socket "$server.sock" http://localhost/streamed) ($?)"
done)
printf '%s\n' "$seen"
[ "$seen" = "uvicorn: [false,false,false]
uvicorn: 82.35 82.40 82.30  (0)
gunicorn: [false,true,true]
gunicorn: 82.35 82.40  (0)" ] || { echo "This has changed." >&2; exit 1; }
