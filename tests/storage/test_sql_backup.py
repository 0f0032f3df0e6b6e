"""A backup is whole, as of one moment, and nobody else's to read; without one, the operator is told what helps."""

import math
import os
import stat
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from auth_service.storage.database import Database
from shared.service import sql_backup
from shared.service.sql_backup import BackupError, back_up
from tests.support.postgresql import new_database


def quiet(_bytes: int) -> None:
    pass


def restored(sql_url: str, file: Path, folder: Path) -> Database:
    """A new database with what the backup holds."""
    if sql_url.startswith("sqlite"):
        return Database(f"sqlite:///{file}")
    url = new_database(sql_url, "restored")
    place = make_url(url)
    options = ["--host", str(place.host), "--port", str(place.port), "--username", str(place.username)]
    subprocess.run(["pg_restore", *options, "--dbname", str(place.database), str(file)], check=True)
    return Database(url)


def count(database: Database) -> int:
    with database.reading() as session:
        return session.scalar(text("SELECT count(*) FROM scopes")) or 0


def add_scope(database: Database, name: str) -> None:
    with database.writing() as session:
        session.execute(text("DELETE FROM scopes WHERE name = :name"), {"name": name})
        session.execute(text("DELETE FROM resource_servers WHERE name = :name"), {"name": name})
        server = (
            "INSERT INTO resource_servers (name, resource, secret_digest, created_at) VALUES (:name, :name, '', :at)"
        )
        session.execute(text(server), {"name": name, "at": "2026-01-01 00:00:00"})
        scope = "INSERT INTO scopes (name, description, resource_server_name) VALUES (:name, '', :name)"
        session.execute(text(scope), {"name": name})


@pytest.mark.parametrize("sql_url", ["sqlite", "postgresql"], indirect=True)
def test_what_was_there_is_in_the_backup_which_its_owner_alone_can_read(
    database: Database, sql_url: str, tmp_path: Path
) -> None:
    add_scope(database, "one")
    file = tmp_path / "backup"
    size = back_up(sql_url, file, quiet)
    assert size == file.stat().st_size > 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["backup"]
    copy = restored(sql_url, file, tmp_path)
    copy.check()
    assert count(copy) == count(database)
    copy.close()


def test_what_others_write_meanwhile_neither_delays_it_nor_is_half_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql_backup, "_PAGES", 10)
    database = Database(f"sqlite:///{tmp_path / 'auth.sqlite'}")
    database.upgrade()
    add_scope(database, "before")
    words = []

    def write(written: int) -> None:
        words.append(written)
        add_scope(database, f"during {len(words)}")

    size = back_up(f"sqlite:///{tmp_path / 'auth.sqlite'}", tmp_path / "backup", write)
    pages = size // 4096
    assert len(words) == math.ceil(pages / 10)
    assert words == sorted(words)
    copy = Database(f"sqlite:///{tmp_path / 'backup'}")
    assert (count(copy), count(database)) == (1, 1 + len(words))
    copy.close()
    database.close()


def test_a_file_that_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "backup").write_text("the only one")
    with pytest.raises(BackupError, match="exists: choose another name"):
        back_up(f"sqlite:///{tmp_path / 'auth.sqlite'}", tmp_path / "backup", quiet)
    assert (tmp_path / "backup").read_text() == "the only one"


@pytest.mark.parametrize(
    ("url", "what_helps"),
    [
        ("sqlite:////nowhere/auth.sqlite", "look at the database URL"),
        ("postgresql+psycopg://nobody@127.0.0.1:1/none", "could not be read: .*refused"),
    ],
)
def test_a_database_that_is_not_there_leaves_no_file(tmp_path: Path, url: str, what_helps: str) -> None:
    with pytest.raises(BackupError, match=what_helps):
        back_up(url, tmp_path / "backup", quiet)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="can't be written"):
        back_up(f"sqlite:///{tmp_path / 'auth.sqlite'}", tmp_path / "nowhere" / "backup", quiet)


def test_without_pg_dump_the_operator_is_told_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BackupError, match="install PostgreSQL's client programs"):
        back_up("postgresql+psycopg://mo:secret@127.0.0.1/auth", tmp_path / "backup", quiet)


def test_the_password_is_no_argument_which_others_on_the_machine_could_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = tmp_path / "said"
    program = tmp_path / "pg_dump"
    program.write_text(f'#!/bin/sh\necho "$PGPASSWORD $@" > {said}\n')
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    back_up("postgresql+psycopg://mo:p%40ss@one,two/auth?target_session_attrs=any", tmp_path / "backup", quiet)
    password, arguments = said.read_text().split(" ", 1)
    assert password == "p@ss"
    assert "p@ss" not in arguments
    assert "--format=custom" in arguments
    assert "host=one,two" in arguments
    assert "target_session_attrs=any" in arguments
