"""Get a token that is bound to a key and use it (RFC 9449): `AUTH=… CLIENT_ID=… CLIENT_SECRET=… python … ADDRESS`.

The client has the grant type client_credentials. With a code or a refresh token it is the same header.
"""

import base64
import hashlib
import json
import os
import secrets
import sys
import time

import requests
from joserfc import jwk, jws

AUTH, ADDRESS = os.environ["AUTH"], sys.argv[1]
CLIENT = os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"]

key = jwk.generate_key("EC", "P-256")  # keep it for as long as the tokens


def proof(method: str, address: str, token: str | None = None, **more: str) -> str:
    """Made for one request; at an API it names the token too."""
    claims = {"htm": method, "htu": address, "iat": int(time.time()), "jti": secrets.token_urlsafe(), **more}
    if token is not None:
        claims["ath"] = base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).decode().rstrip("=")
    header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": key.as_dict(private=False)}
    return jws.serialize_compact(header, json.dumps(claims), key)


request = {"grant_type": "client_credentials"}
headers = {"DPoP": proof("POST", f"{AUTH}/token")}
answer = requests.post(f"{AUTH}/token", request, auth=CLIENT, headers=headers, timeout=10).json()

token = answer["access_token"]  # answer["token_type"] is now DPoP
headers = {"Authorization": f"DPoP {token}", "DPoP": proof("GET", ADDRESS, token)}
print(requests.get(ADDRESS, headers=headers, timeout=10).text)
