#!/bin/sh
# What a token is worth, asked by an API with its own name and secret: AUTH=… API=name:secret TOKEN=… sh introspect.sh
set -eu
curl -sS --fail-with-body -u "$API" -d "token=$TOKEN" "$AUTH/introspect" | jq .
