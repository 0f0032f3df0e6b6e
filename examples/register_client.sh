#!/bin/sh
# A client registers itself (RFC 7591), changes its name and goes again (RFC 7592). AUTH_REGISTRATION must allow it:
# AUTH=http://localhost:8000 INITIAL_ACCESS_TOKEN=… sh register_client.sh
set -eu

curl -sS --fail-with-body "$AUTH/register" \
    -H "Authorization: Bearer $INITIAL_ACCESS_TOKEN" -H "Content-Type: application/json" -d '{
        "client_name": "Lifting log", "redirect_uris": ["http://127.0.0.1/callback"],
        "grant_types": ["authorization_code", "refresh_token"], "token_endpoint_auth_method": "none"}' > .local/client.json
registration="$(jq -r .registration_client_uri .local/client.json)"
token="Authorization: Bearer $(jq -r .registration_access_token .local/client.json)"

curl -sS --fail-with-body "$registration" -H "$token" \
    | jq 'del(.registration_access_token, .registration_client_uri, .client_id_issued_at) | .client_name = "Lifting diary"' \
    | curl -sS --fail-with-body -X PUT "$registration" -H "$token" -H "Content-Type: application/json" -d @- \
    | jq -r .client_name

curl -sS --fail-with-body -X DELETE "$registration" -H "$token"
