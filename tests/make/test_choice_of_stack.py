"""`make up` goes on where the data are, and touches the containers of no other checkout. Docker is a stand-in."""

import re
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.checkout import Checkout
from tests.support.compose import TWO

ENGINE = """#!/bin/sh
# An engine that answers, knows the containers that "containers" names, and builds nothing.
case "$1" in
    info) exit 0 ;;
    ps) cat "$(dirname "$0")/containers" ;;
    *) exit 1 ;;
esac
"""
COMPOSE = """#!/bin/sh
echo "$@" >>"$(dirname "$0")/asked"
[ "$1" != build ] || { echo "nothing is built here" >&2; exit 1; }
"""


SENTINELS = """#!/bin/sh
# Compose with Sentinels that name redis-2 the master, whose replica follows when they are asked for the third time.
echo "$@" >>"$(dirname "$0")/asked"
case "$*" in
    build) echo "nothing is built here" >&2; exit 1 ;;
    *get-master-addr-by-name*) printf 'redis-2\\n6379\\n' ;;
    *replicas*) status=err; [ "$(grep -c "sentinel-1.*replicas" "$(dirname "$0")/asked")" -lt 3 ] || status=ok
        printf 'name\\nredis:6379\\nip\\nredis\\nmaster-link-status\\n%s\\nrole-reported\\nslave\\n' $status ;;
esac
"""


def in_sync(programs: Path) -> None:
    (programs / "docker-compose").write_text(SENTINELS)


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    return programs_in(tmp_path / "programs")


def programs_in(folder: Path) -> Path:
    folder.mkdir()
    for name, text in {"docker": ENGINE, "docker-compose": COMPOSE}.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    (folder / "containers").touch()
    (folder / "asked").touch()
    return folder


@pytest.fixture
def busy_port() -> Iterator[str]:
    """Ends `make up` before it starts anything."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield str(server.getsockname()[1])


def kept(checkout: Checkout, name: str) -> str:
    found = re.search(rf"^{name}=(.+)$", (checkout.folder / ".env").read_text(), re.MULTILINE)
    assert found, f"no {name} in .env"
    return found[1]


def project(checkout: Checkout) -> str:
    return kept(checkout, "COMPOSE_PROJECT_NAME")


def test_checkouts_in_folders_of_the_same_name_have_projects_of_their_own_and_keep_them(
    tmp_path: Path, programs: Path
) -> None:
    one, other = (Checkout(tmp_path / parent / "moogle", programs) for parent in ("one", "other"))
    for checkout in (one, other):
        assert "nothing is built here" in checkout.make("up", STACK="compose").stdout
    names = [project(one), project(other)]
    assert len({*names, "moogle"}) == 3
    one.make("up", STACK="compose")
    assert project(one) == names[0]


def test_an_engine_without_a_network_is_told_in_one_line(tmp_path: Path, programs: Path) -> None:
    said = "Get https://registry.example/v2/: dial tcp: lookup registry.example: Temporary failure in name resolution"
    (programs / "docker-compose").write_text(f'#!/bin/sh\n[ "$1" != build ] || {{ echo "{said}" >&2; exit 1; }}\n')
    refused = Checkout(tmp_path / "moogle", programs).make("up", STACK="compose")
    assert refused.returncode != 0
    assert "problem: images and what they need could not be fetched: is there a network?" in refused.stdout


def test_containers_from_before_projects_had_names_keep_the_folders(tmp_path: Path, programs: Path) -> None:
    checkout = Checkout(tmp_path / "Moogle 2", programs)
    (checkout.folder / ".env").write_text("POSTGRES_PASSWORD=as it was\n")
    checkout.make("up", STACK="compose")
    assert project(checkout) == "moogle2"


def test_grants_are_compact_in_a_new_stack_and_in_an_older_one_when_nothing_older_runs(
    tmp_path: Path, programs: Path
) -> None:
    new, older = (Checkout(tmp_path / name / "moogle", programs) for name in ("new", "older"))
    new.make("up", STACK="compose")
    assert kept(new, "AUTH_COMPACT_GRANTS") == "true"
    (older.folder / ".env").write_text("COMPOSE_PROJECT_NAME=moogle-1234\n")
    for _ in range(2):  # the images could not be built, so the containers are still those of before
        older.make("up", STACK="compose")
        assert "AUTH_COMPACT_GRANTS" not in (older.folder / ".env").read_text()
    older.python("from tools import compose_environment; compose_environment.note_update()")  # as when all has started
    assert kept(older, "AUTH_COMPACT_GRANTS") == "false"
    for _ in range(2):
        older.make("up", STACK="compose")
        assert kept(older, "AUTH_COMPACT_GRANTS") == "true"


def test_the_containers_of_another_checkout_are_left_alone(tmp_path: Path, programs: Path) -> None:
    copied = Checkout(tmp_path / "copy" / "moogle", programs)
    (copied.folder / ".env").write_text("COMPOSE_PROJECT_NAME=moogle-1234\n")
    owner = tmp_path / "original" / "moogle"
    owner.mkdir(parents=True)
    (programs / "containers").write_text(f"{owner}\n")
    assert copied.make("down").stdout == "Nothing was running.\n"
    refused = copied.make("up", STACK="compose").stdout
    assert f"the containers of the project moogle-1234 belong to {owner}: `make down` there first" in refused
    assert {line.split()[0] for line in (programs / "asked").read_text().splitlines()} <= {"version", "ps"}


def test_data_in_local_processes_stay_in_use_when_an_engine_appears(
    tmp_path: Path, programs: Path, busy_port: str
) -> None:
    checkout = Checkout(tmp_path / "moogle", programs)
    (checkout.folder / ".local").mkdir(mode=0o700)
    (checkout.folder / ".local" / "auth-settings.json").write_text("{}")
    said = checkout.make("up", AUTH_PORT=busy_port).stdout
    assert "Continuing with local processes, which have your data" in said
    assert (programs / "asked").read_text() == ""
    other = checkout.make("up", AUTH_PORT=busy_port, STACK="compose").stdout
    assert "The containers have data of their own; those of the local processes stay where they are." in other


def test_data_in_containers_are_not_left_for_empty_ones_when_the_engine_is_gone(tmp_path: Path, programs: Path) -> None:
    (programs / "docker").write_text("#!/bin/sh\nexit 1\n")
    checkout = Checkout(tmp_path / "moogle", programs)
    (checkout.folder / ".env").write_text("COMPOSE_PROJECT_NAME=moogle-1234\n")
    refused = checkout.make("up")
    assert refused.returncode != 0
    assert "no Docker engine answers: start it" in refused.stdout


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """For what is refused before anything is done."""
    folder = tmp_path_factory.mktemp("untouched")
    return Checkout(folder / "moogle", programs_in(folder / "programs"))


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"TLS": "yes"}, "TLS=yes is neither 1 (https) nor 0 (http)"),
        ({"DEMO": "no"}, "DEMO=no is neither 1 (make a demo account) nor 0"),
        ({"REPLICAS": "3"}, "REPLICAS=3 is neither 1 nor 2"),
        (
            {"STACK": "local", "REPLICAS": "2"},
            "a second replica needs the proxy of Docker Compose: `make up STACK=comp",
        ),
        ({"MAIL": "yes"}, "MAIL=yes is neither 0 nor 1"),
        ({"STACK": "local", "MAIL": "1"}, "the mail server is a container: `make up STACK=compose MAIL=1`"),
        ({"STACK": "docker"}, "STACK=docker is neither local nor compose"),
        ({"AUTH_PORT": "http"}, "AUTH_PORT=http is not a port"),
        ({"FIT_PORT": "8000", "AUTH_PORT": "8000"}, "each service needs a port of its own"),
        ({"STACK": "local", "TLS": "1"}, "https needs the proxy of Docker Compose: `make up STACK=compose TLS=1`"),
    ],
)
def test_a_value_that_no_option_has_is_refused_in_one_line(
    untouched: Checkout, variables: dict[str, str], said: str
) -> None:
    refused = untouched.make("up", **variables)
    assert refused.returncode != 0
    assert refused.stdout.startswith(f"problem: {said}")
    assert not (untouched.folder / ".env").exists()


def test_https_stays_until_it_is_given_up_and_a_change_of_the_issuer_is_said(tmp_path: Path, programs: Path) -> None:
    checkout = Checkout(tmp_path / "moogle", programs)
    checkout.use_installed()
    port = checkout.ports["AUTH_PORT"]
    first = checkout.make("up", STACK="compose", TLS="1").stdout
    assert "The issuer changes" not in first
    assert f"who is to believe it has to trust {checkout.folder}/.local/tls/ca.crt" in first
    environment = (checkout.folder / ".env").read_text()
    assert "\nPUBLIC_SCHEME=https\n" in environment
    again = checkout.make("up", STACK="compose").stdout
    assert "The issuer changes" not in again
    assert "Made a certificate" not in again
    assert (checkout.folder / ".env").read_text() == environment
    back = checkout.make("up", STACK="compose", TLS="0").stdout
    assert f"The issuer changes from https://localhost:{port} to http://localhost:{port}: " in back
    assert "PUBLIC_SCHEME" not in (checkout.folder / ".env").read_text()


def test_two_replicas_stay_until_one_is_asked_for(tmp_path: Path, programs: Path) -> None:
    checkout = Checkout(tmp_path / "moogle", programs)
    checkout.make("up", STACK="compose", REPLICAS="2")
    environment = (checkout.folder / ".env").read_text()
    pair = kept(checkout, "REDIS_PAIR")
    expected = {**TWO, "REDIS_PAIR": pair, "REDIS_START": TWO["REDIS_START"].replace(TWO["REDIS_PAIR"], pair)}
    assert environment.endswith("".join(f"{name}={value}\n" for name, value in expected.items()))
    checkout.make("up", STACK="compose")
    assert (checkout.folder / ".env").read_text() == environment
    in_sync(programs)
    checkout.make("up", STACK="compose", REPLICAS="1")
    assert not set(TWO) & {line.partition("=")[0] for line in (checkout.folder / ".env").read_text().splitlines()}
    checkout.make("up", STACK="compose", REPLICAS="2")
    assert kept(checkout, "REDIS_PAIR") != pair, "what the first pair left decides nothing"


def test_mail_is_sent_from_when_it_is_wanted_until_it_is_not(tmp_path: Path, programs: Path) -> None:
    checkout = Checkout(tmp_path / "moogle", programs)
    checkout.make("up", STACK="compose", MAIL="1", REPLICAS="2")
    assert kept(checkout, "COMPOSE_PROFILES") == "mail,replicas"
    checkout.make("up", STACK="compose")
    assert kept(checkout, "AUTH_SMTP_URL") == "smtp+plain://mail-server:1025"
    checkout.make("up", STACK="compose", MAIL="0", REPLICAS="2")
    assert "AUTH_SMTP_URL" not in (checkout.folder / ".env").read_text()


def test_before_one_redis_goes_on_alone_it_gets_what_the_other_took(tmp_path: Path, programs: Path) -> None:
    checkout = Checkout(tmp_path / "moogle", programs)
    checkout.make("up", STACK="compose", REPLICAS="2")
    in_sync(programs)
    (programs / "asked").write_text("")
    assert "Bringing Redis' data together" in checkout.make("up", STACK="compose", REPLICAS="1").stdout
    asked = (programs / "asked").read_text().splitlines()
    started = asked.index("up --detach sentinel-1 sentinel-2 sentinel-3")
    questions = [line for line in asked if line.startswith("exec -T sentinel-") and line.endswith("replicas moogle")]
    assert [line.split()[2] for line in questions] == ["sentinel-1"] * 3 + ["sentinel-2", "sentinel-3"]
    assert started < asked.index(questions[0]) < asked.index(questions[-1]) < asked.index("down")
    assert asked.index("down") < asked.index("build"), "nothing else runs meanwhile"


def test_a_rolling_restart_needs_two_of_each_service(tmp_path: Path, programs: Path) -> None:
    checkout = Checkout(tmp_path / "moogle", programs)
    refused = checkout.make("restart")
    assert refused.returncode != 0
    assert refused.stdout.startswith("problem: a rolling restart needs two of each service: `make up STACK=compose REP")
