"""What we claim, and what we deliberately don't: requirements.toml, read and never judged here."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).with_name("requirements.toml")


@dataclass(frozen=True)
class Requirement:
    """One observable fact that specifications demand."""

    line: str
    """Its number; those without a number of their own are the part of one that we don't follow."""
    clauses: tuple[str, ...]
    says: str
    not_followed: str = ""
    """Why not; empty if it is claimed."""

    @property
    def specification(self) -> str:
        return self.clauses[0].partition(" §")[0]

    @property
    def sections(self) -> str:
        """Of its specification, by number alone; of others, with their names."""
        return ", ".join(clause.removeprefix(f"{self.specification} ") for clause in self.clauses)


@dataclass(frozen=True)
class Shortfall:
    """Where stock Authlib doesn't do what we claim, and the lines whose tests prove that we do."""

    name: str
    says: str
    lines: tuple[str, ...]


def requirements() -> list[Requirement]:
    """In the order of the file."""
    return list(_read("requirements", Requirement))


def shortfalls() -> list[Shortfall]:
    return list(_read("authlib", Shortfall))


def _read(table: str, kind: type) -> Iterator:  # type: ignore[type-arg]
    document = tomllib.loads(FILE.read_text(encoding="utf-8"))
    for name, entry in document[table].items():
        yield kind(name, **{key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()})
