"""`flask --app auth_service doctor`: nothing is found where nothing is wrong, and each thing that is wrong is found."""

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import redis
from sqlalchemy import delete, update

from auth_service.cli.doctor import database as database_checks
from auth_service.cli.doctor import redis as redis_checks
from auth_service.components import Components
from auth_service.models.base import now
from auth_service.models.queued_mail import MailKind, QueuedMail
from auth_service.models.security_event import SecurityEvent
from auth_service.models.signing_key import SigningKey
from shared.operations import doctor, sql_findings
from shared.operations.doctor import Finding, examine
from shared.operations.public_address import certificate_findings
from tests.flows.doctor.conftest import Others, examined, problems
from tests.support.certificates import self_signed
from tests.support.mail import mail_server
from tests.support.polling import eventually
from tests.support.servers import free_port, running_redis
from tests.support.stack import Stack
from tests.support.tls import serving_tls

Config = Callable[[str, str], None]
OTHER_KEY = "YW5vdGhlciBrZXkgb2YgYWxsIHRlc3RzLCAzMiBieXRlcyE"


def test_in_good_health_nothing_is_found(stack: Stack) -> None:
    result = stack.auth_app.test_cli_runner().invoke(args=["doctor"])
    assert (result.exit_code, result.stdout) == (0, "14 checks, 0 findings\n")


def test_a_finding_is_a_line_that_says_what_to_do(stack: Stack, config: Config) -> None:
    config("maxmemory-policy", "allkeys-lru")
    result = stack.auth_app.test_cli_runner().invoke(args=["doctor"])
    evicts = (
        "Redis' room: Redis evicts (allkeys-lru): grants would end without a reason. Set `maxmemory-policy noeviction`."
    )
    assert (result.exit_code, result.stdout) == (1, f"{evicts}\n14 checks, 1 finding\n")


def test_a_redis_that_is_nearly_full(stack: Stack, config: Config) -> None:
    config("maxmemory", str(stack.parts.redis.reads.info("memory")["used_memory"]))
    assert "of its maxmemory" in problems(stack.auth_app, "Redis' room")


def test_a_redis_that_keeps_nothing(stack: Stack, config: Config) -> None:
    config("appendonly", "no")
    assert "keeps no append-only file" in problems(stack.auth_app, "Redis' persistence")


def test_a_redis_that_would_not_replay(stack: Stack, redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.execute_command("ACL", "SETUSER", "default", "-pexpireat")
        try:
            assert "may not PEXPIREAT" in problems(stack.auth_app, "Redis' persistence")
        finally:
            client.execute_command("ACL", "SETUSER", "default", "+@all")


def test_a_redis_that_acknowledges_without_its_replicas(stack: Stack, redis_url: str, config: Config) -> None:
    place = redis_url.removeprefix("redis://").partition("/")[0]
    with running_redis("--replicaof", *place.split(":")):
        eventually(lambda: stack.parts.redis.reads.info("replication")["connected_slaves"] == 1)
        assert "acknowledges without them" in problems(stack.auth_app, "Redis' replicas")
        config("min-replicas-to-write", "1")
        assert examined(stack.auth_app) == {}


def test_clocks_that_differ(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_checks, "CLOCKS_AGREE_WITHIN", -60)
    assert "clocks of Redis and this machine" in problems(stack.auth_app, "Redis' clock")


def test_keys_that_never_end(stack: Stack) -> None:
    client = stack.parts.redis.scripts
    client.hset("grant:{0}:stuck", "client_id", "x")
    try:
        assert "1 of 1 keys grant:* of Redis never end" in problems(stack.auth_app, "Redis' keys")
        client.expire("grant:{0}:stuck", 60)
        assert examined(stack.auth_app) == {}
        client.hset("grant:{0}:stuck", "scopes", "x" * 20_000)
        assert "ten times what is usual" in problems(stack.auth_app, "Redis' keys")
    finally:
        client.delete("grant:{0}:stuck")


def test_a_redis_that_is_not_there_is_a_finding_of_each_check_that_asks_it(others: Others) -> None:
    found = examined(others.auth(redis_url=f"redis://127.0.0.1:{free_port()}/0"))
    of_redis = {"Redis' persistence", "Redis' room", "Redis' replicas", "Redis' clock", "Redis' keys", "ends"}
    assert set(found) == of_redis
    assert all("Redis could not be asked" in each[0]["problem"] for each in found.values())


def test_a_database_that_is_not_there(others: Others) -> None:
    found = examined(others.auth(database_url=f"postgresql+psycopg://nobody@127.0.0.1:{free_port()}/none"))
    assert set(found) >= {"database", "signing keys", "issuer"}
    assert all("SQL could not be asked" in found[name][0]["problem"] for name in ("database", "signing keys", "issuer"))


def test_a_schema_of_another_release(others: Others, tmp_path: Path, redis_url: str) -> None:
    with running_redis("--appendonly", "yes") as untold:  # of what ended, nobody can tell it
        app = others.auth(database_url=f"sqlite:///{tmp_path / 'new.sqlite'}", redis_url=untold.url)
        found = examined(app)
    assert found["database"] == [
        {"problem": "the schema is at None", "remedy": "Run `flask --app auth_service database upgrade`"}
    ]
    assert "not told" in found["ends"][0]["problem"]


def test_a_full_disk(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql_findings, "_FREE_AT_LEAST", 1.0)
    assert "% full" in problems(stack.auth_app, "database")


def test_rows_that_nobody_asks_for(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_checks, "_MANY", 1)
    assert examined(stack.auth_app) == {}
    stack.parts.events.add(SecurityEvent(kind="signed_in", at=now() - timedelta(days=500)))
    assert "older than 400 days" in problems(stack.auth_app, "database")
    stack.command("database", "prune", "--older-than", "400")
    assert examined(stack.auth_app) == {}


def test_keys_that_sign_for_too_long_or_no_more(stack: Stack, others: Others) -> None:
    stack.command("signing-key", "rotate", "--at-once")
    assert examined(stack.auth_app) == {}
    found = examined(others.auth(token_keys=(OTHER_KEY,)))
    assert "not in AUTH_TOKEN_KEYS" in found["signing keys"][0]["problem"]
    with stack.parts.database.writing() as session:
        session.execute(update(SigningKey).values(signs_from=now() - timedelta(days=500)))
    assert "signs for 500 days" in problems(stack.auth_app, "signing keys")
    stack.command("signing-key", "rotate", "--at-once")


def test_a_mail_server_that_takes_nothing_and_mail_that_waits(stack: Stack, others: Others) -> None:
    sender = {"mail_sender": "no-reply@example.org"}
    with mail_server() as server:
        app = others.auth(smtp_url=server.url, **sender)
        assert "mail" not in examined(app)
        parts: Components = app.extensions["auth_service"]
        with parts.database.writing() as session:
            parts.mail.add(session, MailKind.NEW_PASSWORD, "mo@example.org", {}, timedelta(hours=1))
            session.flush()
            session.execute(update(QueuedMail).values(created_at=now() - timedelta(minutes=7)))
        assert problems(app, "mail") == "1 messages wait, the oldest for 7 minutes"
        with parts.database.writing() as session:
            session.execute(delete(QueuedMail))
    away = f"smtp+plain://127.0.0.1:{free_port()}"
    assert "takes nothing: ConnectionRefusedError" in problems(others.auth(smtp_url=away, **sender), "mail")


def test_an_issuer_that_does_not_lead_here(others: Others) -> None:
    app = others.auth(issuer=f"http://localhost:{free_port()}")
    assert "does not answer with JSON" in problems(app, "issuer")


def test_processes_with_other_settings(others: Others) -> None:
    said = problems(others.auth(registration="token"), "issuer")
    assert said.endswith("says something else than this process would: registration_endpoint")


def test_settings_that_hardly_go_together(others: Others) -> None:
    found = examined(others.auth(issuer=f"https://localhost:{free_port()}", registration="token"))
    assert "AUTH_TRUSTED_PROXIES is 0" in found["settings"][0]["problem"]
    found = examined(others.auth(registration="open"))
    assert "open on a service without https" in found["settings"][0]["problem"]


def test_a_certificate_that_is_not_believed_or_ends_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = self_signed(tmp_path, "localhost")
    with serving_tls(certificate) as port:
        (unknown,) = certificate_findings(f"https://localhost:{port}")
        assert "is not believed here" in unknown.problem
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        (soon,) = certificate_findings(f"https://localhost:{port}")
        assert "ends in 1 days" in soon.problem
    assert list(certificate_findings("http://localhost:1")) == []


def test_hosts_of_documents_that_can_not_be_reached(others: Others) -> None:
    app = others.auth(client_id_metadata_documents="127.0.0.1", client_documents_on_loopback=True)
    [finding] = examined(app)["documents of clients"]
    assert finding["problem"] == "documents of clients can't be read: 127.0.0.1 doesn't answer at a public address"
    secure = others.auth(issuer=f"https://localhost:{free_port()}", client_documents_on_loopback=True)
    assert any("DOCUMENTS_ON_LOOPBACK" in each["problem"] for each in examined(secure)["settings"])


def test_a_check_that_hangs_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_WITHIN", 0.2)
    began = time.monotonic()
    found = examine({"slow": lambda: time.sleep(60) or [], "quick": lambda: [Finding("a", "b")]}, lambda _error: None)
    assert time.monotonic() - began < 30
    assert found["quick"] == [Finding("a", "b")]
    assert "did not answer within" in found["slow"][0].problem


def test_a_fault_of_the_doctor_is_no_traceback() -> None:
    (found,) = examine({"broken": lambda: [1 // 0]}, lambda _error: None)["broken"]  # type: ignore[list-item]
    assert "ZeroDivisionError" in found.problem
