#!/usr/bin/env bash
# joserfc 1.8.0 beside PyJWT 2.15.1 and jwcrypto 1.6.1: a key set with a key of a curve that not everybody knows, here BP-256
# (Brainpool), as the sign-in of German health care has, beside one of P-256.
# Expected: RFC 7517 section 5: keys whose kty is not understood, "or for which values are out of the supported ranges", are ignored.
# Seen: joserfc leaves out an unknown kty, and for an unknown crv reads none of the keys: a KeyError, which is no JoseError. So
# whoever verifies with P-256 is stopped by a key that nobody asked for. The other two give the key that they know.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check joserfc==1.8.0 pyjwt==2.15.1 jwcrypto==1.6.1
seen=$(env/bin/python - <<'PY'
import json

import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet
from jwcrypto.jwk import JWK, JWKSet

known = ECKey.generate_key("P-256", {"kid": "known", "use": "sig"}).as_dict(private=False)
brainpool = json.loads(JWK.generate(kty="EC", crv="BP-256", kid="brainpool").export_public())
later = {"kty": "AKP", "alg": "ML-DSA-44", "kid": "later", "pub": "AAAA"}
for name, other in (("kty", later), ("crv", brainpool)):
    keys = {"keys": [known, other]}
    try:
        print(name, "joserfc:", [key.kid for key in KeySet.import_key_set(keys)])
    except Exception as error:
        print(name, "joserfc:", repr(error), isinstance(error, JoseError))
    print(name, "PyJWT:", [key.key_id for key in jwt.PyJWKSet.from_dict(keys).keys])
    print(name, "jwcrypto:", JWKSet.from_json(json.dumps(keys)).get_key("known") is not None)
PY
)
printf '%s\n' "$seen"
[ "$seen" = "kty joserfc: ['known']
kty PyJWT: ['known']
kty jwcrypto: True
crv joserfc: KeyError('BP-256') False
crv PyJWT: ['known']
crv jwcrypto: True" ] || { echo "This has changed." >&2; exit 1; }
