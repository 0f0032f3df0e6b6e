#!/usr/bin/env bash
# PyJWT 2.15.1, joserfc 1.8.0 and jose 6.1.0 (npm): a token whose iat lies half a minute ahead of the reader's clock.
# Expected: RFC 7519 section 4.1.6 gives iat for telling a token's age, and defines no check that it lies in the past (nbf is for
# that); so libraries agree that such a token is good.
# Seen: both Python libraries refuse it with no leeway set, jose takes it. An issuer whose clock runs ahead is refused by some of
# its clients and not by others.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check pyjwt==2.15.1 joserfc==1.8.0
npm init -y >/dev/null
npm install --silent --no-audit --no-fund jose@6.1.0
cat >make.py <<'PY'
import time

import jwt

print(jwt.encode({"iat": int(time.time()) + 30, "exp": int(time.time()) + 600}, "k" * 40, "HS256"))
PY
token=$(env/bin/python make.py)
seen=$(
env/bin/python - "$token" <<'PY'
import sys

import joserfc.errors
import joserfc.jwt
import jwt
from joserfc.jwk import OctKey

try:
    jwt.decode(sys.argv[1], "k" * 40, ["HS256"])
except jwt.ImmatureSignatureError as error:
    print("PyJWT:", error)
try:
    joserfc.jwt.JWTClaimsRegistry().validate(joserfc.jwt.decode(sys.argv[1], OctKey.import_key("k" * 40)).claims)
except joserfc.errors.JoseError as error:
    print("joserfc:", error)
PY
node --input-type=module -e '
import { jwtVerify } from "jose";
const { payload } = await jwtVerify(process.argv[1], new TextEncoder().encode("k".repeat(40)));
console.log("jose:", typeof payload.iat);
' "$token"
)
printf '%s\n' "$seen"
[ "$seen" = "PyJWT: The token is not yet valid (iat)
joserfc: invalid_claim: The token was issued in the future
jose: number" ] || { echo "This has changed." >&2; exit 1; }
