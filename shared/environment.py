"""Reads a service's settings from environment variables, once, and refuses to start half-set.

Every variable may also be given as `NAME_FILE`, the path of a file that holds the value (Docker's and Kubernetes' way).
What a setting means and which values it takes is each service's `settings.py`.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError


class SettingsError(Exception):
    """The environment does not describe a service that could start; the message says what to set."""


def _comma_separated(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


CommaSeparated = Annotated[tuple[str, ...], BeforeValidator(_comma_separated)]
"""A setting that may hold several values."""

_HOST_NAME = re.compile(r"[A-Za-z0-9.-]+")


def _host_names(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if _HOST_NAME.fullmatch(name) is None:
            raise ValueError(f"{name} is no host name: letters, digits, - and . only, no port")
    return names


HostNames = Annotated[CommaSeparated, AfterValidator(_host_names)]
"""Host names. With other characters, an underscore for example, no request for them would ever be let in."""


class EnvironmentSettings(BaseModel):
    """A frozen set of settings read from variables that share a prefix."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    @classmethod
    def from_environment(cls, prefix: str, environment: Mapping[str, str]) -> Self:
        """Read every variable that begins with `prefix`.

        Raises:
            SettingsError: a variable is missing, unknown (often a typing error) or has a value that can't be used.
        """
        values = {name.lower(): value for name, value in _without_files(prefix, environment, cls.model_fields).items()}
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            problems = [
                _problem(prefix, str(detail["loc"][0]) if detail["loc"] else "", detail["msg"])
                for detail in error.errors(include_url=False, include_input=False)
            ]
            raise SettingsError("\n".join(problems)) from None


def _problem(prefix: str, field: str, message: str) -> str:
    name = f"{prefix}{field.upper()}" if field else prefix.rstrip("_")
    if message == "Extra inputs are not permitted":
        return f"{name} is not a setting: check its spelling"
    return f"{name}: {message}"


def _without_files(prefix: str, environment: Mapping[str, str], fields: Mapping[str, object]) -> dict[str, str]:
    """The variables with the prefix cut off, each `NAME_FILE` replaced by the content of the file it names."""
    given = {name.removeprefix(prefix): value for name, value in environment.items() if name.startswith(prefix)}
    for name in [name for name in given if name.endswith("_FILE") and name.lower() not in fields]:
        target, path = name.removesuffix("_FILE"), given.pop(name)
        if target in given:
            raise SettingsError(f"{prefix}{target} and {prefix}{name} are both set: keep one of them")
        try:
            given[target] = Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise SettingsError(f"{prefix}{name}: {path} can't be read ({error.strerror})") from None
    return given
