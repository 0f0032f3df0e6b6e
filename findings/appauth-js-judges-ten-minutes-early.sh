#!/usr/bin/env bash
# @openid/appauth 1.3.2: TokenResponse.isValid() of a token that lives for ten minutes.
# Expected: a token that was issued this very second, with expires_in 600, is valid.
# Seen: it is not, since isValid() takes ten minutes off by itself; one second more of life makes it valid for a second.
# A client that asks isValid() before each call refreshes before each call, where access tokens live for ten minutes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @openid/appauth@1.3.2
cat >fresh.cjs <<'JS'
const { TokenResponse } = require("@openid/appauth");
for (const life of ["600", "660"]) {
  const token = new TokenResponse({ access_token: "token", token_type: "bearer", expires_in: life });
  console.log(life, token.isValid());
}
JS
seen=$(node fresh.cjs)
printf '%s\n' "$seen"
[ "$seen" = "600 false
660 true" ] || { echo "This has changed." >&2; exit 1; }
