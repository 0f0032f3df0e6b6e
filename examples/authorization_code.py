"""Connect an app on somebody's computer (RFC 8252): `AUTH=http://localhost:8000 CLIENT_ID=… python … TOKENS`.

The client is public and has the redirect address http://127.0.0.1/callback, whose port is free. TOKENS is a new file.
"""

import base64
import hashlib
import os
import secrets
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qsl, urlencode, urlsplit

import requests

AUTH, CLIENT_ID = os.environ["AUTH"], os.environ["CLIENT_ID"]

state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
answer: dict[str, str] = {}


class Callback(BaseHTTPRequestHandler):
    """Where the browser comes back with the code."""

    def do_GET(self) -> None:
        """Once."""
        answer.update(parse_qsl(urlsplit(self.path).query))
        self.wfile.write(b"HTTP/1.0 200 OK\r\n\r\nYou can close this window.")


with HTTPServer(("127.0.0.1", 0), Callback) as here:
    client = {"client_id": CLIENT_ID, "redirect_uri": f"http://127.0.0.1:{here.server_port}/callback"}
    request = {"response_type": "code", "state": state, "code_challenge": challenge, "code_challenge_method": "S256"}
    print(f"Open {AUTH}/authorize?{urlencode(client | request)}", flush=True)
    here.handle_request()

if answer.get("state") != state or answer.get("iss") != AUTH or "code" not in answer:
    sys.exit(f"not connected: {answer.get('error', 'the answer is not to our request')}")
exchange = {"grant_type": "authorization_code", "code": answer["code"], "code_verifier": verifier}
tokens = requests.post(f"{AUTH}/token", client | exchange, timeout=10)
tokens.raise_for_status()
with open(sys.argv[1], "w", encoding="utf-8", opener=lambda path, flags: os.open(path, flags, 0o600)) as kept:
    kept.write(tokens.text)
