"""An API behind Apache's mod_oauth2, which asks about tokens, with the settings of docs/libraries.md."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import pytest
import requests

from tests.libraries.apache import apache, apache_folder
from tests.libraries.page import Section
from tests.support.actions import TIMEOUT, Actions
from tests.support.polling import eventually
from tests.support.proxy import TcpProxy
from tests.support.servers import free_port
from tests.support.stack import ResourceServerCredentials

pytestmark = [pytest.mark.torture, pytest.mark.timeout(120)]
INVALID = (401, 'Bearer error="invalid_token", error_description="Token could not be verified."')
LET_IN = (200, "a page")
UNCACHED = "&expiry=0"


@dataclass(frozen=True)
class Diary:
    """A running API, its way to the authorization server, and as whom it asks there."""

    url: str
    way: TcpProxy
    credentials: ResourceServerCredentials

    def call(self, token: str) -> tuple[int, str]:
        """Status and challenge or page, of a client that also claims to have the scope."""
        headers = {"Authorization": f"Bearer {token}", "OAUTH2_CLAIM_scope": "diary:read"}
        answer = requests.get(self.url, headers=headers, timeout=TIMEOUT)
        return answer.status_code, answer.headers.get("WWW-Authenticate", answer.text)


@contextmanager
def diary(actions: Actions, expiry: str = UNCACHED) -> Iterator[Diary]:
    port = free_port()
    with apache_folder("oauth2") as folder, TcpProxy.to(actions.stack.auth) as way, ExitStack() as at_end:
        page = Section("mod_oauth2", actions.stack, "3.3.1", "1.4.5.4", app=f"http://localhost:{port}")
        made = page.run_command("--scope", "diary:write=Write in your diary")
        at_end.callback(actions.stack.command, "resource-server", "delete", "diary", "--yes")
        settings = page.block("apache")
        assert UNCACHED in settings
        settings = settings.replace(UNCACHED, expiry).replace(actions.stack.auth, f"http://localhost:{way.port}")
        with apache(folder, port, "diary", ("headers", "oauth2"), settings):
            credentials = ResourceServerCredentials("diary", made["client_secret"], made["resource"])
            yield Diary(made["resource"], way, credentials)


def test_it_lets_in_whose_token_has_the_scope_until_that_is_revoked(actions: Actions) -> None:
    with diary(actions) as api:
        mo, app = actions.person(), actions.app(scopes=["diary:read", "diary:write"])
        both, read = app.connect(mo).access, app.connect(mo, ["diary:read"]).access
        write = app.connect(mo, ["diary:write"]).access
        assert [api.call(both), api.call(read)] == [LET_IN, LET_IN]
        assert api.call(write) == (401, 'Bearer error="insufficient_scope"')
        assert api.call("nonsense") == INVALID
        mo.disconnect(app.client_id)
        assert [api.call(both), api.call(read)] == [INVALID, INVALID]


def test_an_outage_is_told_as_an_invalid_token_and_passes(actions: Actions) -> None:
    with diary(actions) as api:
        token = actions.app(scopes=["diary:read"]).connect(actions.person()).access
        assert api.call(token) == LET_IN
        api.way.refuse()
        assert api.call(token) == INVALID
        api.way.recover()
        assert api.call(token) == LET_IN


def test_with_its_own_cache_a_token_stays_good_after_it_was_revoked_and_after_it_has_expired(actions: Actions) -> None:
    with diary(actions, expiry="") as api:
        mo, app = actions.person(), actions.app("--access-token-lifetime", "5", scopes=["diary:read"])
        revoked, expires = app.connect(mo).access, app.connect(actions.person()).access
        assert [api.call(revoked), api.call(expires)] == [LET_IN, LET_IN]
        mo.disconnect(app.client_id)
        eventually(lambda: not actions.introspect(expires, api.credentials)["active"], within=20)
        assert [api.call(revoked), api.call(expires)] == [LET_IN, LET_IN]
