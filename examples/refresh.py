"""Use a refresh token, which works once, and survive a lost answer: `AUTH=… CLIENT_ID=… python … TOKENS`.

TOKENS is a file with the last answer of /token. The client is public; one with a secret authenticates beside it.
"""

import hmac
import json
import os
import sys
import time
from pathlib import Path

import requests

kept = Path(sys.argv[1])
refresh_token = json.loads(kept.read_text(encoding="utf-8"))["refresh_token"]
request = {"grant_type": "refresh_token", "refresh_token": refresh_token, "client_id": os.environ["CLIENT_ID"]}
# Made from the token: whoever repeats this request, also after a crash or in another process, arrives at the same key.
key = hmac.new(refresh_token.encode(), b"refresh", "sha256").hexdigest()

for pause in (0, 1, 2, 4, 8):
    time.sleep(pause)
    try:
        answer = requests.post(f"{os.environ['AUTH']}/token", request, headers={"Idempotency-Key": key}, timeout=10)
    except requests.RequestException:
        continue  # it may have been done all the same; repeated with its key, it gets the identical answer
    if answer.status_code not in {429, 503}:
        break
else:
    sys.exit("no answer: the token is still good, try again later")

if not answer.ok:
    sys.exit(f"the grant has ended, connect again: {answer.json()['error']}")
new = kept.with_suffix(".new")
new.touch(mode=0o600)
new.write_text(answer.text, encoding="utf-8")
new.replace(kept)  # whole or not at all, and before the access token is used
print(f"refreshed, for {answer.json()['expires_in']} seconds")
