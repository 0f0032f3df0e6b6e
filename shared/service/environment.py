"""Reads a service's settings from environment variables, once, and refuses to start half-set.

Every variable may also be given as `NAME_FILE`, the path of a file that holds the value (Docker's and Kubernetes' way).
What a setting means is said in each `settings.py`, and what kinds of values several of them have in `setting_types.py`.
"""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

T = TypeVar("T")


class SettingsError(Exception):
    """The environment does not describe a service that could start; the message says what to set."""


class EnvironmentSettings(BaseModel):
    """These settings are read from variables that share a prefix, and are frozen."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    prefix: ClassVar[str]
    """The names of the variables begin with it."""

    @classmethod
    def load(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read every variable that begins with `prefix`.

        Raises:
            SettingsError: a variable is missing, unknown (often a typing error) or has a value that can't be used.
        """
        prefix = cls.prefix
        values = {name.lower(): value for name, value in _without_files(prefix, environment, cls.model_fields).items()}
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            problems = [_problem(prefix, detail) for detail in error.errors(include_url=False, include_input=False)]
            raise SettingsError("; ".join(problems)) from None


def load_or_exit(load: Callable[[], T]) -> T:
    """Return the settings, or end this process with exit code 2 and one line on stderr that says what to set."""
    try:
        return load()
    except SettingsError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(2) from None


def _problem(prefix: str, detail: "ErrorDetails") -> str:
    message = detail["msg"].removeprefix("Value error, ")
    if not detail["loc"]:
        return message
    name = f"{prefix}{str(detail['loc'][0]).upper()}"
    if detail["type"] == "missing":
        return f"{name} is not set"
    if detail["type"] == "extra_forbidden":
        return f"{name} is not a setting: check its spelling"
    return f"{name}: {message}"


def _without_files(prefix: str, environment: Mapping[str, str], fields: Mapping[str, object]) -> dict[str, str]:
    """Return the variables with the prefix cut off, each `NAME_FILE` replaced by the content of the file it names."""
    given = {name.removeprefix(prefix): value for name, value in environment.items() if name.startswith(prefix)}
    for name in [name for name in given if name.endswith("_FILE") and name.lower() not in fields]:
        target, path = name.removesuffix("_FILE"), given.pop(name)
        if target in given:
            raise SettingsError(f"{prefix}{target} and {prefix}{name} are both set: keep one of them")
        try:
            given[target] = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else "it holds no text"
            raise SettingsError(f"{prefix}{name}: {path} can't be read ({why})") from None
    return given
