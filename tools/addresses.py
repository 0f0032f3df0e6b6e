"""Where the three services are reached: fixed host names, ports that `make up AUTH_PORT=…` moves, http or https."""

import json
import os
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Self

from tools.console import Problem
from tools.paths import LOCAL

_FILE = LOCAL / "addresses.json"
_PORTS = ("auth_port", "fit_port", "app_port")


@dataclass(frozen=True, slots=True)
class Addresses:
    """Three ports of the loopback interface. The app has another host name than auth, because cookies ignore ports."""

    auth_port: int = 8000
    fit_port: int = 8001
    app_port: int = 8002
    tls: bool = False

    @classmethod
    def wanted(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """As the environment says, else as it was last time, else the defaults. Raises Problem."""
        last = cls.last()
        ports = {name: environment.get(name.upper()) or port for name, port in last.ports.items()}
        for name, port in ports.items():
            if not str(port).isdecimal() or not 0 < int(port) < 65_536:
                raise Problem(f"{name.upper()}={port} is not a port")
        tls = environment.get("TLS") or str(int(last.tls))
        if tls not in {"0", "1"}:
            raise Problem(f"TLS={tls} is neither 1 (https) nor 0 (http)")
        wanted = cls(**{name: int(port) for name, port in ports.items()}, tls=tls == "1")
        if len(set(wanted.ports.values())) < len(ports):
            named = ", ".join(f"{name.upper()}={port}" for name, port in wanted.ports.items())
            raise Problem(f"each service needs a port of its own, and these are {named}")
        return wanted

    @classmethod
    def last(cls) -> Self:
        """As they were last time, else the defaults."""
        return cls(**json.loads(_FILE.read_text(encoding="utf-8"))) if _FILE.exists() else cls()

    def keep(self) -> None:
        """For `make demo` and `make logs`, and the next `make up`."""
        _FILE.write_text(json.dumps(asdict(self)), encoding="utf-8")

    def check_free(self) -> None:
        """Raise Problem if another program listens on one of them."""
        for name, port in self.ports.items():
            if not is_free(port):
                raise Problem(
                    f"port {port} is in use by another program: choose another with `make up {name.upper()}=…`"
                )

    @property
    def ports(self) -> dict[str, int]:
        """The three ports, by their names here."""
        return {name: getattr(self, name) for name in _PORTS}

    @property
    def scheme(self) -> str:
        """`https` or `http`."""
        return "https" if self.tls else "http"

    @property
    def auth(self) -> str:
        """The issuer."""
        return f"{self.scheme}://localhost:{self.auth_port}"

    @property
    def fit(self) -> str:
        """The Fit API."""
        return f"{self.scheme}://localhost:{self.fit_port}"

    @property
    def app(self) -> str:
        """The strength app."""
        return f"{self.scheme}://127.0.0.1:{self.app_port}"

    @property
    def services(self) -> dict[str, str]:
        """All three, by name."""
        return {"auth": self.auth, "fit": self.fit, "app": self.app}

    @property
    def resource(self) -> str:
        """The Fit API's identifier."""
        return f"{self.fit}/api/"


NO_DOTENV = {"FLASK_SKIP_DOTENV": "1"}
"""Keeps `flask` from reading `.env`, which is for Compose: services would take it for settings of their own."""


def service_environment(settings: Mapping[str, str]) -> dict[str, str]:
    """What a service is started with: this environment, less the ports, which it would take for settings of its own."""
    ports = {name.upper() for name in _PORTS}
    inherited = {name: value for name, value in os.environ.items() if name not in ports}
    return {**inherited, **NO_DOTENV, **settings}


def is_free(port: int) -> bool:
    """Return whether no program listens there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
