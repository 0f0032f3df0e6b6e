#!/usr/bin/env bash
# Authlib 1.9.10 as client and as server: client_secret_basic with a secret that has a percent sign.
# Expected: RFC 6749 section 2.3.1 encodes id and secret as a form does before Basic; both halves of one library agree.
# Seen: the client doesn't encode, the server decodes percent signs (but leaves "+" alone, which a form writes for a blank). So
# Authlib's own client can't use the secret 50%25off at Authlib's server, and a client that follows the RFC can't use a blank.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check authlib==1.9.10
seen=$(env/bin/python - <<'PY'
from base64 import b64encode
from types import SimpleNamespace
from urllib.parse import quote_plus

from authlib.oauth2.auth import encode_client_secret_basic
from authlib.oauth2.rfc6749.util import extract_basic_authorization

client = SimpleNamespace(client_id="app", client_secret="50%25off")
_, headers, _ = encode_client_secret_basic(client, "POST", "https://login.example/token", {}, "")
print("Authlib's client, 50%25off:", extract_basic_authorization(headers)[1])
by_the_rfc = b64encode(f"app:{quote_plus('two words')}".encode()).decode()
print("by the RFC, two words:", extract_basic_authorization({"Authorization": f"Basic {by_the_rfc}"})[1])
PY
)
printf '%s\n' "$seen"
[ "$seen" = "Authlib's client, 50%25off: 50%off
by the RFC, two words: two+words" ] || { echo "This has changed." >&2; exit 1; }
