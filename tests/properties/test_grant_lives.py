"""Grants live arbitrary lives, and at every step the server says what the oracle says."""

import time
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from auth_service.components import Components
from auth_service.crypto.token_handle import TokenKind, new_grant_id
from auth_service.models.authentication import Authentication
from auth_service.models.tokens import RevokedBecause
from auth_service.protocol.grants.creation import Decision, FirstCredential
from auth_service.protocol.oauth_request import ProtocolRequest, ProtocolResponse
from auth_service.protocol.resource_indicators import Target
from auth_service.storage.grant_keys import GrantKeys
from tests.properties.grant_oracle import INVALID_CLIENT, THE_SAME_TOKENS, TOKENS, Form, Life
from tests.properties.live import basic
from tests.support.actions import CALLBACK, PLANS, READ, WRITE, Actions, App, Person, Verifier
from tests.support.grants_in_redis import put_back
from tests.support.stack import Stack
from tests.support.volumes import PART, Volume

BOTH = (READ, WRITE)
VERIFIER = Verifier()

either = st.integers(0, 1)
keys = st.sampled_from([None, None, "one-and-the-same-key", "another-key-of-the-client"])
asked_for = st.sampled_from([None, None, READ, WRITE, f"{READ} {WRITE}", PLANS])
seldom = st.integers(0, 5).map(lambda number: number == 5)
some_grant = st.integers(0, 5)
some_token = st.integers(0, 9)


class World:
    """Who takes part. It outlives the machines; a client that is deleted gets a successor."""

    def __init__(self, stack: Stack) -> None:
        self.actions, self.stack = Actions(stack), stack
        self.parts: Components = stack.parts
        self.people: list[Person] = [self.actions.person(), self.actions.person()]
        self.apps: list[App] = [self.actions.app(), self.actions.app(public=True)]
        self.stranger = self.actions.app()
        self._addresses = count()
        self.keys = GrantKeys(self.parts.settings.redis_shards)

    def post(self, app: App, path: str, form: Form, key: str | None = None) -> ProtocolResponse:
        headers = {"Authorization": basic(app.client_id, app.secret)} if app.secret else {}
        headers |= {"Idempotency-Key": key} if key else {}
        parameters = {**form, **({} if app.secret else {"client_id": app.client_id})}
        lists = {name: [value] for name, value in parameters.items()}
        address = f"address {next(self._addresses)}"  # no brake for those who fail is in the way of the next
        request = ProtocolRequest("POST", self.stack.auth + path, headers, lists, address)
        if path == "/token":
            return self.parts.server.create_token_response(request)
        return self.parts.token_revocation.answer(request)


@dataclass(frozen=True)
class Grant:
    id: str
    app: App
    person: Person
    life: Life


class GrantLives(RuleBasedStateMachine):
    """Grants of two people and two apps, used rightly and wrongly in any order."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.grants: list[Grant] = []

    @initialize(app=either, person=either)
    def first(self, app: int, person: int) -> None:
        self.begin(app, person, BOTH)

    @rule(app=either, person=either, ticked=st.sampled_from([BOTH, (READ,), (WRITE,)]))
    def begin(self, app: int, person: int, ticked: tuple[str, ...]) -> None:
        """A person allows an app something."""
        by, of, parts = self.world.apps[app], self.world.people[person], self.world.parts
        account, client = parts.accounts.find(of.subject), parts.clients.get(by.client_id)
        assert account is not None
        code = parts.keys.make(TokenKind.AUTHORIZATION_CODE, new_grant_id(), 0)
        assert parts.creation.begin(
            client,
            Decision(
                account, Authentication(time.time()), ticked, parts.consents.withdrawals(account.id, client.client_id)
            ),
            Target(BOTH, (self.world.stack.fit_credentials.resource,)),
            FirstCredential(code.grant_id, code.digest, 600, redirect_uri=CALLBACK, code_challenge=VERIFIER.challenge),
        )
        self.grants.append(Grant(code.grant_id, by, of, Life([code.text], frozenset(ticked))))

    @rule(which=some_grant, key=keys)
    def go_on(self, which: int, key: str | None) -> None:
        """As an app does that means well."""
        grant = self._pick(which)
        self._use(grant, len(grant.life.credentials) - 1, None, key)

    @rule(which=some_grant, too_late=seldom, otherwise=st.booleans(), scope=asked_for)
    def repeat(self, which: int, too_late: bool, otherwise: bool, scope: str | None) -> None:
        """The last request, whose answer may have been lost; with a scope of its own it is another."""
        grant = self._pick(which)
        life = grant.life
        if life.last_form is None:
            return
        if too_late and not life.is_over:
            put_back(self.world.parts.redis, self.world.keys.grant(grant.id), "rotated_at", 61_000)
            life.window_open = False
        self._use(grant, len(life.credentials) - 2, scope if otherwise else life.last_form.get("scope"), life.last_key)

    @rule(which=some_grant, back=st.sampled_from([0, 0, 1, 2, 9]), scope=asked_for, key=keys, stolen=seldom)
    def use(self, which: int, back: int, scope: str | None, key: str | None, stolen: bool) -> None:
        """Any credential, by its client or another."""
        grant = self._pick(which)
        self._use(grant, max(0, len(grant.life.credentials) - 1 - back), scope, key, stolen=stolen)

    @rule(which=some_grant, token=some_token, access=st.booleans(), stolen=seldom)
    def revoke(self, which: int, token: int, access: bool, stolen: bool) -> None:
        """A refresh token of any generation, the code, or an access token."""
        grant = self._pick(which)
        life = grant.life
        tokens = list(life.access) if access else life.credentials
        if not tokens:
            return
        text = tokens[token % len(tokens)]
        answer = self.world.post(self.world.stranger if stolen else grant.app, "/revoke", {"token": text})
        assert answer.status == (401 if life.client_deleted and not stolen else 200)
        if answer.status == 200 and not stolen:
            life.gone |= {text} & life.access.keys()
            life.ended = life.ended or text in life.credentials[1:]
        self._check(grant)

    @rule(which=some_grant, left=st.sampled_from([(READ,), (WRITE,), BOTH, (), (PLANS,)]))
    def narrow(self, which: int, left: tuple[str, ...]) -> None:
        grant = self._pick(which)
        self.world.parts.revocation.narrow_grant(grant.id, left, RevokedBecause.PERSON)
        grant.life.narrowed(frozenset(left))
        self._check(grant)

    @rule(which=some_grant, token=some_token, months=seldom)
    def time_passes(self, which: int, token: int, months: bool) -> None:
        """An access token expires, or the whole grant, as far as Redis can tell."""
        grant = self._pick(which)
        life, redis = grant.life, self.world.parts.redis.scripts
        if months:
            redis.delete(self.world.keys.grant(grant.id))
            life.forgotten = True
        elif life.access:
            text = list(life.access)[token % len(life.access)]
            handle = self.world.parts.keys.parse(text)
            assert handle is not None
            redis.delete(self.world.keys.access_token(grant.id, handle.digest))
            life.gone.add(text)
        self._check(grant)

    @rule(number=either, client=st.booleans(), really=seldom)
    def someone_goes(self, number: int, client: bool, really: bool) -> None:
        """An account is disabled for a while, or a client deleted for good."""
        app, person = self.world.apps[number], self.world.people[number]
        if not really:
            return
        if client:
            self.world.parts.revocation.delete_client(app.client_id)
            self.world.apps[number] = self.world.actions.app(public=app.secret is None)
        else:
            self.world.parts.revocation.disable_account(person.subject)
        for grant in self.grants:
            grant.life.ended |= not client and grant.person is person
            grant.life.client_deleted |= client and grant.app is app
            self._check(grant)
        self.world.parts.accounts.enable(person.subject)

    def teardown(self) -> None:
        for grant in self.grants:
            self._check(grant)

    def _pick(self, which: int) -> Grant:
        """Most often one that lives."""
        living = [grant for grant in self.grants if not grant.life.is_over]
        among = living if living and which < 4 else self.grants
        return among[-1 - which % len(among)]

    def _use(self, grant: Grant, index: int, scope: str | None, key: str | None, *, stolen: bool = False) -> None:
        life = grant.life
        form = _form(life.credentials[index], index, scope)
        expected = life.expected(index, form, key, own_client=not stolen)
        answer = self.world.post(self.world.stranger if stolen else grant.app, "/token", form, key)
        body: Any = answer.body
        if expected == TOKENS:
            assert answer.status == 200, body
            life.got(body, form, key)
        elif expected == THE_SAME_TOKENS:
            assert answer.status == 200, body
            assert life.last_answer is not None
            assert {**body, "expires_in": 0} == {**life.last_answer, "expires_in": 0}
        else:
            assert (answer.status, body["error"]) == (401 if expected == INVALID_CLIENT else 400, expected)
        self._check(grant)

    def _check(self, grant: Grant) -> None:
        """Every access token that ever was is good for exactly what the oracle says."""
        fit = self.world.parts.resource_servers.find(self.world.stack.fit_credentials.name)
        assert fit is not None
        for token in grant.life.access:
            told = self.world.parts.introspection.introspect(token, fit)
            assert frozenset(str(told.get("scope", "")).split()) == grant.life.good_for(token), (told, grant)


def _form(credential: str, index: int, scope: str | None) -> Form:
    if index == 0:
        code = {"grant_type": "authorization_code", "code": credential}
        return {**code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER.verifier}
    form = {"grant_type": "refresh_token", "refresh_token": credential}
    return {**form, "scope": scope} if scope else form


def live(stack: Stack, sequences: int, steps: int, **options: Any) -> None:
    class Machine(GrantLives):
        world = World(stack)

    options |= {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}
    run_state_machine_as_test(Machine, settings=settings(max_examples=sequences, stateful_step_count=steps, **options))


@pytest.mark.clause("RFC 6749 §4.1.2", line=19)
@pytest.mark.clause("RFC 7009 §2.1", line=59)
@pytest.mark.clause("RFC 9700 §4.14.2", line=115)
@pytest.mark.volume("lives")
def test_whatever_becomes_of_a_grant_each_step_is_answered_as_expected(stack: Stack, volume: Volume) -> None:
    steps = 20
    same: dict[str, Any] = {"derandomize": True, "phases": [Phase.generate]}
    live(stack, sequences=volume.asked // steps, steps=steps, **(same if PART is None else {"print_blob": True}))
    volume.done += volume.asked


@pytest.mark.torture
@pytest.mark.timeout(3600)
def test_so_are_twenty_thousand_steps(stack: Stack) -> None:
    live(stack, sequences=400, steps=50, print_blob=True)
