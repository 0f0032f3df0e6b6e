#!/usr/bin/env bash
# requests_oauth2client 1.8.0: an API that takes DPoP says 401, once for a token that was revoked and once to ask for a nonce.
# Expected: RFC 9449 section 9 has an API ask for a nonce by error="use_dpop_nonce"; invalid_token is for the program, which refreshes. And
# RFC 9110 section 11.6.1 lets the challenges of an API that takes Bearer too come in any order.
# Seen: the error isn't looked at. A revoked token is an exception that the server had asked for a nonce and given none. And what asks for a
# nonce is only seen when DPoP's challenge is the first one: behind Bearer's, the request isn't repeated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check requests_oauth2client==1.8.0 requests==2.34.2
seen=$(env/bin/python - <<'PY'
import threading
from base64 import urlsafe_b64decode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests
from requests_oauth2client import DPoPKey, DPoPToken

REVOKED, NONCE = 'DPoP error="invalid_token", algs="ES256"', 'DPoP error="use_dpop_nonce", algs="ES256"'
ANSWERS = {"/revoked": [REVOKED], "/nonce": [NONCE], "/bearer-first": ["Bearer", NONCE], "/bearer-last": [NONCE, "Bearer"]}


class Api(BaseHTTPRequestHandler):
    def do_GET(self):
        claims = self.headers["DPoP"].split(".")[1]
        good = b'"nonce":"fresh"' in urlsafe_b64decode(claims + "==")
        self.send_response(200 if good else 401)
        for challenge in [] if good else ANSWERS[self.path]:
            self.send_header("WWW-Authenticate", challenge)
        if self.path != "/revoked":
            self.send_header("DPoP-Nonce", "fresh")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *words):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
threading.Thread(target=server.serve_forever, daemon=True).start()
for path in ANSWERS:
    token = DPoPToken("a-token", _dpop_key=DPoPKey.generate())
    try:
        print(path, requests.get(f"http://127.0.0.1:{server.server_port}{path}", auth=token).status_code)
    except Exception as error:
        print(path, type(error).__name__, error)
PY
)
printf '%s\n' "$seen"
[ "$seen" = "/revoked MissingDPoPNonce Server requested client to use a DPoP \`nonce\`, but the \`DPoP-Nonce\` HTTP header is missing.
/nonce 200
/bearer-first 401
/bearer-last 200" ] || { echo "This has changed." >&2; exit 1; }
