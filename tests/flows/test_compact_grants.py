"""A grant lives the same life, whichever way it is written to Redis: whole answers are compared."""

import json
from pathlib import Path
from typing import Any

import requests

from auth_service.models.account import Account
from tests.support.actions import PLANS, READ, WRITE, Actions, Person, Verifier, tokens
from tests.support.stack import run_stack

_OWN = {"jti", "grant_id", "access_token", "refresh_token", "expires_in", "error_description"}
"""What no two grants have in common, and how much of a token's life is left."""
_TIMES = {"iat", "exp", "auth_time"}


def rename(mo: Person, actions: Actions) -> None:
    with actions.stack.parts.database.writing() as session:
        session.get_one(Account, mo.subject).username = mo.username = f"{mo.username}-too"


def life(actions: Actions) -> list[Any]:
    """What an app, a service that exchanges its tokens and both APIs are told until a refresh token comes twice."""
    app, mo, fit = actions.app(scopes=[READ, WRITE, PLANS]), actions.person(), actions.stack.fit_credentials
    service = actions.exchanger(fit.resource, scopes=[READ, PLANS])
    told: list[Any] = []
    issued: list[str] = []

    def answered(answer: requests.Response) -> str:
        told.append((answer.status_code, answer.json()))
        issued.append(tokens(answer).access)
        return tokens(answer).refresh

    def look() -> None:
        for token in issued:
            told.extend(actions.introspect(token, caller) for caller in (fit, actions.stack.other_credentials))

    verifier = Verifier()
    code = app.get_code(mo, verifier, nonce="a\nnonce\n")
    for _ in range(2):
        first = answered(app.exchange(code, verifier, key="1" * 16))
    look()
    for _ in range(2):
        narrow = answered(app.refresh(first, key="2" * 16, scope=READ))
    answered(service.exchange_token(issued[-1], scope=READ, resource=fit.resource))
    refresh = answered(app.refresh(narrow, resource=actions.stack.other_credentials.resource))
    refresh = answered(app.refresh(refresh, scope=f"{PLANS} {READ}"))
    answered(service.exchange_token(issued[-1]))
    look()
    name = mo.username
    rename(mo, actions)
    issued.clear()  # a token from before the change keeps the name, or takes the new one with the next refresh
    refresh = answered(app.refresh(refresh))
    answered(service.exchange_token(issued[-1]))
    look()
    grant_id = actions.introspect(issued[0])["grant_id"]
    actions.stack.command("grant", "narrow", grant_id, "--scope", READ)
    answered(service.exchange_token(issued[0]))
    last = answered(app.refresh(refresh))
    look()
    app.revoke(issued[0])
    look()
    uses = actions.stack.parts.grants.uses(grant_id)
    told.append([(use.generation, use.network, use.program) for use in uses])
    told.append(app.refresh(refresh).json())
    told.append(app.refresh(last).json())
    look()
    names = {app.client_id: "app", service.client_id: "service", mo.subject: "sub", name: "mo"}
    names |= {actions.stack.auth: "auth", fit.resource: "fit"}
    text = json.dumps(told, default=str)
    for name, stands_for in names.items():
        text = text.replace(name, stands_for)
    return [_comparable(each) for each in json.loads(text)]


def _comparable(answer: Any) -> Any:
    if isinstance(answer, list):
        return [_comparable(each) for each in answer]
    if not isinstance(answer, dict):
        return answer
    kept = {name: value for name, value in answer.items() if name not in _OWN | _TIMES}
    times = {name: type(answer[name]).__name__ for name in _TIMES & answer.keys()}
    lasts = {"lasts": answer["exp"] - answer["iat"]} if "exp" in answer and "act" not in answer else {}
    return {**kept, **times, **lasts}


def test_apps_and_apis_are_told_the_same_of_a_grant_however_it_is_written(redis_url: str, tmp_path: Path) -> None:
    lives = []
    for compact in (False, True):
        folder = tmp_path / str(compact)
        folder.mkdir()
        with run_stack(folder, redis_url, compact_grants=compact) as stack:
            lives.append(life(Actions(stack)))
    assert lives[0] == lives[1]
    assert sum(each["active"] for each in lives[0] if "active" in each) > 20  # it is a life
