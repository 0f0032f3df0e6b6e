#!/usr/bin/env bash
# golang.org/x/oauth2 0.38.0: a token request that gets no answer while `AuthStyle` isn't set.
# Expected: "The client MUST NOT use the authorization code more than once" (RFC 6749 section 4.1.2), nor a refresh token that each
# refresh replaces: whoever gets no answer can't know whether the server acted, so the program is told.
# Seen: the same code, or refresh token, goes again at once, with the secret in the body instead of the header. With `AuthStyle` it doesn't.
set -euo pipefail
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
export GOPATH="$folder/go" GOFLAGS=-mod=mod GOCACHE="$folder/cache"
cat >main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"golang.org/x/oauth2"
)

func main() {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) {
		_, _, inHeader := request.BasicAuth()
		fmt.Println("came:", request.FormValue("code")+request.FormValue("refresh_token"), inHeader)
		panic(http.ErrAbortHandler) // the answer is lost
	}))
	defer server.Close()
	ctx, config := context.Background(), oauth2.Config{ClientID: "it", ClientSecret: "secret"}
	config.Endpoint.TokenURL = server.URL
	_, err := config.Exchange(ctx, "code")
	fmt.Println("told:", err != nil)
	_, err = config.TokenSource(ctx, &oauth2.Token{RefreshToken: "refresh", Expiry: time.Unix(1, 0)}).Token()
	fmt.Println("told:", err != nil)
	config.Endpoint.AuthStyle = oauth2.AuthStyleInHeader
	_, err = config.Exchange(ctx, "another")
	fmt.Println("told:", err != nil)
}
GO
go mod init twice >/dev/null 2>&1
go get golang.org/x/oauth2@v0.38.0 >/dev/null 2>&1
seen=$(go run .)
printf '%s\n' "$seen"
[ "$seen" = "came: code true
came: code false
told: true
came: refresh true
came: refresh false
told: true
came: another true
told: true" ] || { echo "This has changed." >&2; exit 1; }
