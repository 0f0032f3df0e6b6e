#!/usr/bin/env bash
# mcp 2.3.0 (the Python SDK of the Model Context Protocol): metadata of a server for programs only.
# Expected: RFC 8414 section 2 requires authorization_endpoint "unless no grant types are supported that use the authorization
# endpoint", so a server that gives client credentials alone may leave it out; the SDK has a client for that grant.
# Seen: OAuthMetadata refuses the document, so such a server looks to this client as if it had no metadata.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check mcp==2.3.0
seen=$(env/bin/python - <<'PY'
from mcp.client.auth.extensions.client_credentials import ClientCredentialsOAuthProvider
from mcp.shared.auth import OAuthMetadata
from pydantic import ValidationError

document = {
    "issuer": "https://login.example",
    "token_endpoint": "https://login.example/token",
    "response_types_supported": [],
    "grant_types_supported": ["client_credentials"],
}
try:
    OAuthMetadata.model_validate(document)
except ValidationError as error:
    print(ClientCredentialsOAuthProvider.__name__, [(problem["loc"], problem["type"]) for problem in error.errors()])
PY
)
printf '%s\n' "$seen"
[ "$seen" = "ClientCredentialsOAuthProvider [(('authorization_endpoint',), 'missing')]" ] ||
    { echo "This has changed." >&2; exit 1; }
