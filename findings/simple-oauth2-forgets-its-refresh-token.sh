#!/usr/bin/env bash
# simple-oauth2 5.1.0 (npm) beside @badgateway/oauth2-client 3.3.1: a refresh whose answer has no refresh_token.
# Expected: RFC 6749 section 6 lets a server give no new one, and the one that was sent goes on; 5.1.0 is the release that says so.
# Seen: simple-oauth2 returns a token whose refresh_token is there, and undefined: a second refresh() of it sends an empty one,
# and {...old, ...new} loses the good one too. The other library carries it over.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund simple-oauth2@5.1.0 @badgateway/oauth2-client@3.3.1
cat >refresh.mjs <<'JS'
import http from "node:http";
import { OAuth2Client } from "@badgateway/oauth2-client";
import simple from "simple-oauth2";

const sent = [];
const server = http.createServer(async (request, response) => {
  let body = "";
  for await (const part of request) body += part;
  sent.push(new URLSearchParams(body).get("refresh_token"));
  response.setHeader("Content-Type", "application/json");
  response.end(JSON.stringify({ access_token: "second", token_type: "Bearer", expires_in: 600 }));
});
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const base = `http://127.0.0.1:${server.address().port}`;

const flow = new simple.AuthorizationCode({ client: { id: "app", secret: "secret" }, auth: { tokenHost: base, tokenPath: "/token" } });
const first = flow.createToken({ access_token: "first", refresh_token: "kept", token_type: "Bearer", expires_in: 600 });
const second = await first.refresh();
const merged = { ...first.token, ...second.token };
console.log("simple-oauth2:", "refresh_token" in second.token, second.token.refresh_token, merged.refresh_token);
await second.refresh();
console.log("simple-oauth2 sent:", JSON.stringify(sent));

const client = new OAuth2Client({ server: base, clientId: "app", clientSecret: "secret", tokenEndpoint: "/token" });
const other = await client.refreshToken({ accessToken: "first", refreshToken: "kept", expiresAt: null });
console.log("@badgateway/oauth2-client:", other.refreshToken);
server.close();
server.closeAllConnections();
JS
seen=$(node refresh.mjs)
printf '%s\n' "$seen"
[ "$seen" = "simple-oauth2: true undefined undefined
simple-oauth2 sent: [\"kept\",\"\"]
@badgateway/oauth2-client: kept" ] || { echo "This has changed." >&2; exit 1; }
