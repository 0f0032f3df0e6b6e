#!/usr/bin/env bash
# Authlib 1.9.10, oauthlib 4.0.1 and golang.org/x/oauth2 0.38.0: a token response with "expires_in": 0.
# Expected: a token whose lifetime is zero seconds (RFC 6749 section 5.1) has expired.
# Seen: all three take it for a token that never expires: Authlib doesn't know, oauthlib drops the member, Go sets no expiry.
set -euo pipefail
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
export GOPATH="$folder/go" GOFLAGS=-mod=mod GOCACHE="$folder/cache"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check authlib==1.9.10 oauthlib==4.0.1
cat >main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"golang.org/x/oauth2"
)

func main() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"access_token": "token", "token_type": "Bearer", "expires_in": 0}`)
	}))
	defer server.Close()
	config := oauth2.Config{Endpoint: oauth2.Endpoint{TokenURL: server.URL}}
	token, err := config.Exchange(context.Background(), "code")
	fmt.Println("x/oauth2:", err, token.Expiry.IsZero(), token.Valid())
}
GO
go mod init zero >/dev/null 2>&1
go get golang.org/x/oauth2@v0.38.0 >/dev/null 2>&1
seen=$(
env/bin/python - <<'PY'
from authlib.oauth2.rfc6749 import OAuth2Token
from oauthlib.oauth2.rfc6749.parameters import parse_token_response

print("Authlib:", OAuth2Token({"access_token": "token", "token_type": "Bearer", "expires_in": 0}).is_expired())
print("oauthlib:", sorted(parse_token_response('{"access_token": "token", "token_type": "Bearer", "expires_in": 0}')))
PY
go run .
)
printf '%s\n' "$seen"
[ "$seen" = "Authlib: None
oauthlib: ['access_token', 'token_type']
x/oauth2: <nil> true true" ] || { echo "This has changed." >&2; exit 1; }
