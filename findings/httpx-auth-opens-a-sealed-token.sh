#!/usr/bin/env bash
# httpx-auth 0.23.1 and its sibling requests-auth 8.0.0: an opaque token whose answer has no expires_in.
# Expected: RFC 6749 section 5.1 only recommends the member, and a token "is usually opaque to the client" (section 1.4). The client uses
# it until it is refused.
# Seen: both look for the expiry in the token itself, as a JWT, and throw the token away: a ValueError of something that is not there to
# be unpacked. A token that is said to have "expires_in": 0 is opened too. So nobody's tokens but JWTs work without the member.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check httpx-auth==0.23.1 httpx==0.28.1 requests-auth==8.0.0 requests==2.34.2
seen=$(env/bin/python - <<'PY'
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import httpx_auth
import requests
import requests_auth

answer = {}


class Server(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.tell(answer)

    def do_GET(self):
        self.tell({"came": self.headers["Authorization"]})

    def tell(self, body):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *words):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_port}"
for expiry in ({"expires_in": 600}, {}, {"expires_in": 0}):
    answer = {"access_token": "opaque", "token_type": "Bearer"} | expiry
    for get, library in ((httpx.get, httpx_auth), (requests.get, requests_auth)):
        library.OAuth2.token_cache.clear()
        client = library.OAuth2ClientCredentials(f"{base}/token", client_id="it", client_secret="secret")
        try:
            print(library.__name__, expiry, get(f"{base}/api", auth=client).json()["came"])
        except Exception as error:
            print(library.__name__, expiry, repr(error))
PY
)
printf '%s\n' "$seen"
[ "$seen" = "httpx_auth {'expires_in': 600} Bearer opaque
requests_auth {'expires_in': 600} Bearer opaque
httpx_auth {} ValueError('not enough values to unpack (expected 3, got 1)')
requests_auth {} ValueError('not enough values to unpack (expected 3, got 1)')
httpx_auth {'expires_in': 0} ValueError('not enough values to unpack (expected 3, got 1)')
requests_auth {'expires_in': 0} ValueError('not enough values to unpack (expected 3, got 1)')" ] || { echo "This has changed." >&2; exit 1; }
