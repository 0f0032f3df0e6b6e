#!/bin/sh
# A token for an app itself, without a person: AUTH=http://localhost:8000 CLIENT=id:secret SCOPE=… sh client_credentials.sh
set -eu
curl -sS --fail-with-body -u "$CLIENT" -d grant_type=client_credentials -d "scope=$SCOPE" "$AUTH/token" | jq .
