"""Ask what a token is worth and keep the answer as a proof (RFC 9701): `AUTH=… API=… API_SECRET=… python … TOKEN`."""

import json
import os
import sys

import requests
from joserfc import jwt
from joserfc.jwk import KeySet

AUTH, API = os.environ["AUTH"], os.environ["API"]

signed = requests.post(
    f"{AUTH}/introspect",
    {"token": sys.argv[1]},
    auth=(API, os.environ["API_SECRET"]),
    headers={"Accept": "application/token-introspection+jwt"},
    timeout=10,
)
signed.raise_for_status()

keys = KeySet.import_key_set(requests.get(f"{AUTH}/jwks", timeout=10).json())
answer = jwt.decode(signed.text, keys, algorithms=["ES256"])
jwt.JWTClaimsRegistry(iss={"essential": True, "value": AUTH}, aud={"essential": True, "value": API}).validate(
    answer.claims
)
if answer.header["typ"] != "token-introspection+jwt":
    sys.exit("signed for another purpose")
print(json.dumps(answer.claims["token_introspection"], indent=2))
