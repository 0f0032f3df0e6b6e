#!/bin/sh
# Hand a token back. A refresh token takes its whole grant along: AUTH=… CLIENT=id:secret TOKEN=… sh revoke.sh
set -eu
curl -sS --fail-with-body -u "$CLIENT" -d "token=$TOKEN" "$AUTH/revoke"
