#!/usr/bin/env bash
# @modelcontextprotocol/sdk 1.32.2 beside its successor @modelcontextprotocol/client 2.4.0 (npm): a server that takes DPoP and Bearer.
# Expected: RFC 9110 section 11.6.1 lets a server offer several schemes, in one field or in several that a client joins, in any
# order; a client of Bearer finds its own.
# Seen: the older one finds nothing unless Bearer comes first: no resource_metadata, no scope, no insufficient_scope.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @modelcontextprotocol/client@2.4.0 @modelcontextprotocol/sdk@1.32.2
cat >read.mjs <<'JS'
import { extractWWWAuthenticateParams as client } from "@modelcontextprotocol/client";
import { extractWWWAuthenticateParams as sdk } from "@modelcontextprotocol/sdk/client/auth.js";

const bearer = 'Bearer error="insufficient_scope", scope="notes:write", resource_metadata="https://api.example/metadata"';
const dpop = 'DPoP algs="ES256"';
for (const [name, read] of Object.entries({ client, sdk })) {
  for (const order of [[bearer, dpop], [dpop, bearer]]) {
    const headers = new Headers(order.map((challenge) => ["WWW-Authenticate", challenge]));
    const { resourceMetadataUrl, scope, error } = read(new Response(null, { status: 403, headers }));
    console.log(`${name}: ${resourceMetadataUrl?.href} ${scope} ${error}`);
  }
}
JS
seen=$(node read.mjs)
printf '%s\n' "$seen"
[ "$seen" = "client: https://api.example/metadata notes:write insufficient_scope
client: https://api.example/metadata notes:write insufficient_scope
sdk: https://api.example/metadata notes:write insufficient_scope
sdk: undefined undefined undefined" ] || { echo "This has changed." >&2; exit 1; }
