"""Prove who the client is with a signature (RFC 7523): `AUTH=http://localhost:8000 CLIENT_ID=… python … KEYS`.

KEYS is the file with the client's private keys; where there is none it is made, and the public half printed, to be
registered: `client create … --jwks FILE`. The client has the grant type client_credentials.
"""

import json
import os
import secrets
import sys
import time
from pathlib import Path

import requests
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

AUTH, kept = os.environ["AUTH"], Path(sys.argv[1])
if not kept.exists():
    made = KeySet([ECKey.generate_key("P-256")])
    kept.touch(mode=0o600)
    kept.write_text(json.dumps(made.as_dict(private=True)), encoding="utf-8")
    print(json.dumps(made.as_dict(private=False)))
    sys.exit()

key = KeySet.import_key_set(json.loads(kept.read_text(encoding="utf-8"))).keys[0]
client_id, now = os.environ["CLIENT_ID"], int(time.time())
claims = {"iss": client_id, "sub": client_id, "aud": AUTH, "exp": now + 60, "iat": now, "jti": secrets.token_urlsafe()}
proof = {
    "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    "client_assertion": jwt.encode({"alg": "ES256"}, claims, key),  # works once: sign another for each attempt
}
answer = requests.post(f"{AUTH}/token", {"grant_type": "client_credentials"} | proof, timeout=10)
print(answer.text)
