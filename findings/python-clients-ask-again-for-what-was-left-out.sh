#!/usr/bin/env bash
# Authlib 1.9.10 and requests-oauthlib 2.0.0: an app asked for "a b", the person allowed "a" alone, and the app refreshes.
# Expected: RFC 6749 section 6 has a refresh without `scope` mean what was granted, and says of `scope` that it "MUST NOT include any
# scope not originally granted"; both libraries know what was, since they keep the token's `scope`.
# Seen: both send the scope that the app was configured with, "a b". A server that keeps to section 5.2 answers invalid_scope, so
# whoever leaves something out is signed out at the first refresh. With the granted scope given by hand, both send that.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check authlib==1.9.10 requests-oauthlib==2.0.0 oauthlib==4.0.1 requests==2.34.2
seen=$(OAUTHLIB_INSECURE_TRANSPORT=1 OAUTHLIB_RELAX_TOKEN_SCOPE=1 env/bin/python - <<'PY'
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs

from authlib.integrations.requests_client import OAuth2Session as Authlib
from requests_oauthlib import OAuth2Session as RequestsOAuthlib

ANSWER = {"access_token": "token", "token_type": "Bearer", "expires_in": 600, "refresh_token": "next", "scope": "a"}
asked = []


class Token(BaseHTTPRequestHandler):
    def do_POST(self):
        asked.append(parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode()).get("scope"))
        body = json.dumps(ANSWER).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Token)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/token"
here = "https://app.example/callback"
for name, app in (
    ("Authlib", Authlib("app", scope="a b", redirect_uri=here)),
    ("requests-oauthlib", RequestsOAuthlib("app", scope=["a", "b"], redirect_uri=here)),
):
    asked.clear()
    app.trust_env = False
    granted = app.fetch_token(url, code="code")["scope"]
    app.refresh_token(url)
    if name == "Authlib":
        app.refresh_token(url, scope=granted)
    else:
        app.scope = granted
        app.refresh_token(url)
    print(f"{name}: granted {granted}, refreshes ask for {asked[1:]}")
PY
)
printf '%s\n' "$seen"
[ "$seen" = "Authlib: granted a, refreshes ask for [['a b'], ['a']]
requests-oauthlib: granted ['a'], refreshes ask for [['a b'], ['a']]" ] || { echo "This has changed." >&2; exit 1; }
