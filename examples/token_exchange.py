"""Get a token for another API out of one that came with a request (RFC 8693).

`AUTH=… CLIENT_ID=… CLIENT_SECRET=… TOKEN=… python examples/token_exchange.py RESOURCE`. The client has the grant type
token-exchange, and `--exchange-from` the service that got TOKEN.
"""

import os
import sys

import requests

TYPE = "urn:ietf:params:oauth:token-type:access_token"

answer = requests.post(
    f"{os.environ['AUTH']}/token",
    {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token": os.environ["TOKEN"],  # what the app sent to this service
        "subject_token_type": TYPE,
        "resource": sys.argv[1],  # whom this service wants to call
    },
    auth=(os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"]),
    timeout=10,
).json()
if "error" in answer:
    sys.exit(f"nothing to call it with: {answer['error']}")
print(f"Good for {answer['scope']} for {answer['expires_in']} seconds")
