#!/usr/bin/env bash
# Werkzeug 3.1.9: WWWAuthenticate.from_header() of a field with two challenges (RFC 9110 section 11.6.1).
# Expected: one scheme with its own parameters, whichever of the two; or an error.
# Seen: the second scheme's name becomes part of a parameter's name of the first, or a comma part of the scheme.
# A client of an API that offers both DPoP and Bearer (RFC 9449 section 7.1) can't read the challenge with it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check werkzeug==3.1.9
seen=$(env/bin/python - <<'PY'
from werkzeug.datastructures import WWWAuthenticate

for field in ('Bearer error="invalid_token", DPoP algs="ES256"', 'DPoP, Bearer realm="api"'):
    challenge = WWWAuthenticate.from_header(field)
    print(repr(challenge.type), dict(challenge.parameters))
PY
)
printf '%s\n' "$seen"
[ "$seen" = "'bearer' {'error': 'invalid_token', 'DPoP algs': 'ES256'}
'dpop,' {'Bearer realm': 'api'}" ] || { echo "This has changed." >&2; exit 1; }
