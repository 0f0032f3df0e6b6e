#!/usr/bin/env bash
# mcp 2.3.0 (Python), @modelcontextprotocol/client 2.4.0 and @modelcontextprotocol/sdk 1.32.2 (npm): a challenge whose
# error_description says what is missing in words, "scope=notes:read is not enough", before `scope` names all that is needed.
# Expected: what RFC 9110 section 11.2 says: a quoted string is one value, and a parameter's name begins where another one ended.
# Seen: all three search for "scope=" anywhere in the field, so the sentence's word is taken for the scope: the agent asks for what it
# has, and never for what the tool needs. A parameter whose name ends in "scope", like min_scope, is taken for it too.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check mcp==2.3.0
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @modelcontextprotocol/client@2.4.0 @modelcontextprotocol/sdk@1.32.2
cat >challenges.json <<'JSON'
[
  "Bearer error=\"insufficient_scope\", scope=\"notes:read notes:write\", error_description=\"scope=notes:read is not enough\"",
  "Bearer error=\"insufficient_scope\", error_description=\"scope=notes:read is not enough\", scope=\"notes:read notes:write\"",
  "Bearer min_scope=\"notes:read\", scope=\"notes:read notes:write\""
]
JSON
cat >read.mjs <<'JS'
import { readFileSync } from "node:fs";
import { extractWWWAuthenticateParams as client } from "@modelcontextprotocol/client";
import { extractWWWAuthenticateParams as sdk } from "@modelcontextprotocol/sdk/client/auth.js";

for (const [name, read] of Object.entries({ client, sdk })) {
  for (const field of JSON.parse(readFileSync("challenges.json", "utf8"))) {
    console.log(`${name}:`, read(new Response(null, { status: 403, headers: { "WWW-Authenticate": field } })).scope);
  }
}
JS
seen=$(
env/bin/python - <<'PY'
import json
from types import SimpleNamespace

from mcp.client.auth.utils import extract_scope_from_www_auth

with open("challenges.json") as file:
    for field in json.load(file):
        print("mcp:", extract_scope_from_www_auth(SimpleNamespace(headers={"WWW-Authenticate": field})))
PY
node read.mjs
)
printf '%s\n' "$seen"
[ "$seen" = "mcp: notes:read notes:write
mcp: notes:read
mcp: notes:read
client: notes:read notes:write
client: notes:read
client: notes:read
sdk: notes:read notes:write
sdk: notes:read
sdk: notes:read" ] || { echo "This has changed." >&2; exit 1; }
