"""Connect an app without a browser (RFC 8628): `AUTH=http://localhost:8000 CLIENT_ID=… python device_login.py`.

The client is public and has the grant types urn:ietf:params:oauth:grant-type:device_code and refresh_token.
"""

import os
import secrets
import sys
import time

import requests

AUTH, CLIENT_ID = os.environ["AUTH"], os.environ["CLIENT_ID"]

device = requests.post(f"{AUTH}/device_authorization", {"client_id": CLIENT_ID}, timeout=10).json()
print(f"Open {device['verification_uri']} and type {device['user_code']}", flush=True)

interval = device["interval"]
poll = {
    "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
    "device_code": device["device_code"],
    "client_id": CLIENT_ID,
}
same_request = {"Idempotency-Key": secrets.token_urlsafe(32)}  # so that an answer lost on the way can be repeated
while True:
    time.sleep(interval)
    try:
        answer = requests.post(f"{AUTH}/token", poll, headers=same_request, timeout=10).json()
    except requests.RequestException:
        continue
    match answer.get("error"):
        case None:
            break
        case "authorization_pending" | "temporarily_unavailable":
            pass
        case "slow_down":
            interval += 5
        case refusal:
            sys.exit(f"not connected: {refusal}")  # access_denied, expired_token

print(f"Connected for {answer['scope']}, the first time for {answer['expires_in']} seconds")
