"""Begin an authorization without showing the request to the browser (RFC 9126).

`AUTH=http://localhost:8000 CLIENT_ID=… CLIENT_SECRET=… REDIRECT_URI=… python examples/pushed_request.py`
"""

import base64
import hashlib
import os
import secrets
from urllib.parse import urlencode

import requests

AUTH, CLIENT_ID = os.environ["AUTH"], os.environ["CLIENT_ID"]

state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(32)  # keep both in the browser's session
challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()

pushed = requests.post(
    f"{AUTH}/par",
    {
        "response_type": "code",
        "redirect_uri": os.environ["REDIRECT_URI"],
        "state": state,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    },
    auth=(CLIENT_ID, os.environ["CLIENT_SECRET"]),
    timeout=10,
)
pushed.raise_for_status()

link = urlencode({"client_id": CLIENT_ID, "request_uri": pushed.json()["request_uri"]})
print(f"{AUTH}/authorize?{link}")  # send the browser there within a minute
