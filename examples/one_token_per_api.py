"""Get a token that only one API can use (RFC 8707): `AUTH=… CLIENT_ID=… CLIENT_SECRET=… python … RESOURCE [RESOURCE…]`.

The client has the grant type client_credentials. With a code or a refresh token it is the same parameter.
"""

import os
import sys

import requests

for resource in sys.argv[1:]:
    answer = requests.post(
        f"{os.environ['AUTH']}/token",
        {"grant_type": "client_credentials", "resource": resource},
        auth=(os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"]),
        timeout=10,
    ).json()
    print(resource, answer.get("scope") or answer["error"])
