#!/usr/bin/env bash
# joserfc 1.8.0 beside PyJWT 2.15.1: a token that was issued an eighth of a second ago, with iat to the millisecond.
# Expected: RFC 7519 section 2 has a NumericDate hold fractions, and what was issued before now is not of the future.
# Seen: joserfc cuts the fraction off its own clock and not off the token, so for the rest of the second the token "was issued in
# the future": two ends on one machine, whose clocks can't differ. So with nbf. PyJWT cuts both.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check joserfc==1.8.0 pyjwt==2.15.1
seen=$(env/bin/python - <<'PY'
import math
import time

import jwt
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import OctKey

text = "a secret of thirty-two characters"
key = OctKey.import_key(text)
while not 0.3 < time.time() % 1 < 0.4:
    time.sleep(0.01)
start = math.floor(time.time()) + 0.125
for name in ("iat", "nbf"):
    token = joserfc_jwt.encode({"alg": "HS256"}, {name: start, "exp": start + 60}, key)
    print(name, "is over:", start < time.time())
    print(name, "PyJWT:", jwt.decode(token, text, algorithms=["HS256"])[name] == start)
    try:
        joserfc_jwt.JWTClaimsRegistry().validate(joserfc_jwt.decode(token, key).claims)
        print(name, "joserfc: good")
    except Exception as error:
        print(name, "joserfc:", error)
PY
)
printf '%s\n' "$seen"
[ "$seen" = "iat is over: True
iat PyJWT: True
iat joserfc: invalid_claim: The token was issued in the future
nbf is over: True
nbf PyJWT: True
nbf joserfc: invalid_claim: The token is not yet valid" ] || { echo "This has changed." >&2; exit 1; }
