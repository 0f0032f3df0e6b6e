"""Dovecot asks about tokens by introspection, with the settings of docs/libraries.md."""

import subprocess
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest

from tests.libraries.page import Section
from tests.libraries.program import installed
from tests.support.actions import READ, Actions
from tests.support.polling import eventually
from tests.support.reverse_proxies import open_folder

pytestmark = [pytest.mark.torture, pytest.mark.timeout(120)]
SURROUNDINGS = """
base_dir = FOLDER/run
state_dir = FOLDER/run
log_path = FOLDER/log
protocols =
ssl = no
userdb {
  driver = static
  args = uid=1000 gid=1000 home=FOLDER/mail
}
"""
PASSWORDS = ("oauthbearer xoauth2\n", "oauthbearer xoauth2 plain\n")
"""`doveadm auth test` gives the token as a password."""
Let = Callable[[str, str], bool]


@pytest.fixture
def lets_in(actions: Actions) -> Iterator[Let]:
    dovecot, doveadm = installed("dovecot"), installed("doveadm")
    page = Section("Dovecot", actions.stack, "2.3.19.1")
    page.run_command()
    with open_folder() as folder:
        (folder / "run").mkdir()
        settings = page.block("ini").replace("https:", "http:")
        (folder / "oauth2").write_text(settings.replace("login.example", urlsplit(actions.stack.auth).netloc))
        text = SURROUNDINGS.replace("FOLDER", str(folder)) + page.block("conf").replace(*PASSWORDS)
        (folder / "conf").write_text(text.replace("/etc/dovecot/auth-oauth2.conf.ext", str(folder / "oauth2")))
        with subprocess.Popen([dovecot, "-F", "-c", str(folder / "conf")]) as running:
            eventually((folder / "run" / "auth-client").exists, within=20)

            def let(username: str, token: str) -> bool:
                test = [doveadm, "-c", str(folder / "conf"), "auth", "test", username, token]
                said = subprocess.run(test, capture_output=True, text=True, check=False)
                assert f"passdb: {username} auth " in said.stdout, (folder / "log").read_text()
                return said.returncode == 0

            yield let
            running.terminate()


def test_it_lets_in_whose_token_it_is_until_that_is_revoked(actions: Actions, lets_in: Let) -> None:
    mo, app = actions.person(), actions.app(scopes=["mail", READ])
    both, other = app.connect(mo).access, app.connect(mo, [READ]).access
    assert [lets_in(*sent) for sent in ((mo.username, both), ("al", both), (mo.username, other))] == [
        True,
        False,
        False,
    ]
    assert not lets_in(mo.username, "nonsense")
    mo.disconnect(app.client_id)
    assert not lets_in(mo.username, both)
