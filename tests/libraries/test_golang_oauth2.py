"""golang.org/x/oauth2, with the settings of docs/libraries.md."""

import json
from pathlib import Path

import pytest

from tests.libraries.page import Section
from tests.libraries.program import go_with, program
from tests.support.actions import READ, WRITE, Actions, query_of

pytestmark = [pytest.mark.torture, pytest.mark.timeout(600)]
LIBRARY, VERSION = "golang.org/x/oauth2", "0.38.0"
MODULE = f"{LIBRARY}@v{VERSION}"
IN_PARAMS = "AuthStyle:     oauth2.AuthStyleInParams,"
LINES = """
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
)

var lines = bufio.NewScanner(os.Stdin)

func tell(value any) {
	line, _ := json.Marshal(value)
	fmt.Println(string(line))
}

func heard() string {
	lines.Scan()
	return lines.Text()
}
"""
PERSON = """
package main

import (
	"context"
	"errors"
	"io"
	"time"

	"golang.org/x/oauth2"
)

func main() {
	ctx, verifier, kept := context.Background(), oauth2.GenerateVerifier(), (*oauth2.Token)(nil)
	keep := func(token *oauth2.Token) error { kept = token; return nil }
	tell(link("a state", verifier))
	source, err := connected(ctx, heard(), verifier, keep)
	if err != nil {
		panic(err)
	}
	tell(map[string]any{"token": kept.AccessToken, "refresh": kept.RefreshToken, "scope": kept.Extra("scope")})
	heard()
	answer, err := oauth2.NewClient(ctx, source).Get("https://login.example/userinfo")
	if err != nil {
		panic(err)
	}
	body, _ := io.ReadAll(answer.Body)
	tell(string(body))
	heard()
	old := *kept
	old.Expiry = time.Now().Add(-time.Minute)
	used, err := again(ctx, &old, keep).Token()
	if err != nil {
		panic(err)
	}
	tell(map[string]any{"used": used.AccessToken, "token": kept.AccessToken, "refresh": kept.RefreshToken})
	heard()
	kept.Expiry = old.Expiry
	_, err = again(ctx, kept, keep).Token()
	refused := (*oauth2.RetrieveError)(nil)
	tell(errors.As(err, &refused) && refused.ErrorCode == "invalid_grant")
}
"""
DEVICE = """
package main

import (
	"context"
	"errors"

	"golang.org/x/oauth2"
)

func main() {
	for {
		token, err := connect(context.Background(), func(_, code string) { tell(code) })
		refused := (*oauth2.RetrieveError)(nil)
		if errors.As(err, &refused) {
			tell(refused.ErrorCode)
		} else if err != nil {
			panic(err)
		} else {
			tell(token.AccessToken)
		}
		heard()
	}
}
"""
ITSELF = """
package main

import "context"

func main() {
	source := moogle.TokenSource(context.Background())
	for {
		token, err := source.Token()
		if err != nil {
			panic(err)
		}
		tell(token.AccessToken)
		heard()
	}
}
"""


def test_a_person_signs_in_and_each_new_refresh_token_is_kept(actions: Actions, tmp_path: Path) -> None:
    page, mo = Section(LIBRARY, actions.stack, VERSION), actions.person()
    client = page.run_command()
    steps = PERSON.replace("https://login.example", actions.stack.auth)
    with program(go_with(tmp_path, MODULE, page.block("go"), LINES, steps), tmp_path) as app:
        back = query_of(mo.decide(app.hear(), ["openid"]).headers["Location"])
        assert back["state"] == ["a state"]
        first = app.say(back["code"][0])
        assert first["scope"] == "openid"
        assert json.loads(app.say()) == {"sub": mo.subject}
        second = app.say()
        assert second["used"] == second["token"]
        assert {first["token"], first["refresh"]}.isdisjoint({second["token"], second["refresh"]})
        mo.disconnect(client["client_id"])
        assert app.say() is True


@pytest.mark.parametrize("style", ["with AuthStyle", "without"])
def test_a_device_waits_for_a_yes_or_a_no(actions: Actions, tmp_path: Path, style: str) -> None:
    page, mo = Section(LIBRARY, actions.stack, VERSION, part="A device"), actions.person()
    page.run_command()
    settings = page.block("go")
    assert IN_PARAMS in settings
    if style == "without":
        settings = settings.replace(IN_PARAMS, "")
    with program(go_with(tmp_path, MODULE, settings, LINES, DEVICE), tmp_path) as app:
        mo.answer_device(app.hear(), [WRITE])
        told = actions.introspect(app.hear())
        assert (told["active"], told["scope"], told["sub"]) == (True, WRITE, mo.subject)
        mo.answer_device(app.say(), [], decision="deny")
        assert app.hear() == "access_denied"


def test_an_app_gets_a_token_for_itself_and_uses_it_again(actions: Actions, tmp_path: Path) -> None:
    page = Section(LIBRARY, actions.stack, VERSION, part="An app for itself")
    client = page.run_command()
    with program(go_with(tmp_path, MODULE, page.block("go"), LINES, ITSELF), tmp_path) as app:
        token = app.hear()
        told = actions.introspect(token)
        assert (told["active"], told["scope"], told["sub"]) == (True, READ, client["client_id"])
        assert app.say() == token
