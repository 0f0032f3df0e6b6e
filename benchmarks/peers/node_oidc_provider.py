"""node-oidc-provider over Redis: installed from npm as its lock file says, started, filled and checked."""

import base64
import json
import shutil
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.error import HTTPError

from benchmarks.prepared import REDIRECT_URI, RESOURCE, SCOPE, SECRET
from benchmarks.processes import LOAD_CORE, SERVER_CORE, pinned, wait_until_listening

_FILES = Path(__file__).parent / "node"
VERSION = json.loads((_FILES / "package.json").read_text(encoding="utf-8"))["dependencies"]["oidc-provider"]


@dataclass(frozen=True, slots=True)
class NodeOidcProvider:
    """A running provider."""

    url: str
    pid: int
    _asks: IO[str]
    _answers: IO[str]

    @property
    def token_endpoint(self) -> str:
        """Where tokens are got."""
        return f"{self.url}/token"

    @property
    def introspection_endpoint(self) -> str:
        """Where they are looked at."""
        return f"{self.url}/token/introspection"

    @property
    def client_authorization(self) -> str:
        """The client's Basic header."""
        return _basic("benchmark")

    @property
    def caller_authorization(self) -> str:
        """The resource server's Basic header."""
        return _basic("moogle-fit")

    def refresh_tokens(self, count: int) -> list[str]:
        """So many, each of a grant of its own."""
        self._asks.write(f"{count}\n")
        self._asks.flush()
        tokens: list[str] = json.loads(self._answers.readline())
        return tokens

    def access_tokens(self, count: int) -> list[str]:
        """So many, each got for a refresh token."""
        return [str(self._refresh(token)[1]["access_token"]) for token in self.refresh_tokens(count)]

    def check(self) -> None:
        """Raise RuntimeError unless it does what ours does: otherwise there is nothing to compare."""
        (first,) = self.refresh_tokens(1)
        answer = self._refresh(first)[1]
        kept = self._introspect(answer["access_token"])
        other = self._refresh(answer["refresh_token"])[1]
        found = {
            "a wrong secret is refused": self._refresh(first, _basic("benchmark", "wrong"))[0] == 401,
            "an unknown token is inactive": self._introspect("unknown") == (200, {"active": False}),
            "a good token is active": kept[1]["active"] and kept[1]["scope"] == SCOPE,
            "a refresh token is rotated": other["refresh_token"] != answer["refresh_token"],
            "a used one is refused": self._refresh(first)[0] == 400,
            "its reuse ends the grant": self._refresh(other["refresh_token"])[0] == 400
            and self._introspect(other["access_token"]) == (200, {"active": False}),
        }
        if wrong := [name for name, holds in found.items() if not holds]:
            raise RuntimeError(f"node-oidc-provider: not so: {'; '.join(wrong)}")

    def _refresh(self, token: str, authorization: str | None = None) -> tuple[int, dict[str, Any]]:
        form = {"grant_type": "refresh_token", "refresh_token": token}
        return _post(self.token_endpoint, authorization or self.client_authorization, form)

    def _introspect(self, token: str) -> tuple[int, dict[str, Any]]:
        return _post(self.introspection_endpoint, self.caller_authorization, {"token": token})


@contextmanager
def node_oidc_provider(folder: Path, port: int, redis_port: int) -> Iterator[NodeOidcProvider]:
    """Start it on the server's core, in this folder, with a Redis of its own on the load's."""
    program = _install(folder)
    environment = {
        "PORT": str(port),
        "REDIS_URL": f"redis://127.0.0.1:{redis_port}",
        "SECRET": SECRET,
        "SCOPE": SCOPE,
        "RESOURCE": RESOURCE,
        "REDIRECT_URI": REDIRECT_URI,
        "NODE_ENV": "production",
    }
    with pinned(LOAD_CORE, ["redis-server", "--port", str(redis_port), "--save", "", "--dir", str(folder)]):
        wait_until_listening(redis_port)
        command = ["taskset", "-c", str(SERVER_CORE), *program]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        with subprocess.Popen(command, env=environment, text=True, **pipes) as process:  # type: ignore[call-overload]
            try:
                wait_until_listening(port)
                yield NodeOidcProvider(f"http://localhost:{port}", process.pid, process.stdin, process.stdout)
            finally:
                process.terminate()


def _install(folder: Path) -> Sequence[str]:
    """Copy and install it, with the Node.js that it wants; the command that starts it."""
    npm = shutil.which("npm")
    if npm is None:
        sys.exit("npm is needed; on Debian: apt install npm")
    place = folder / _FILES.name
    shutil.copytree(_FILES, place, ignore=shutil.ignore_patterns("node_modules"))
    subprocess.run([npm, "ci", "--silent", "--no-audit", "--no-fund"], cwd=place, check=True)
    return [str(place / "node_modules" / ".bin" / "node"), str(place / "server.js")]


def _post(url: str, authorization: str, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
    request = urllib.request.Request(url, urllib.parse.urlencode(form).encode(), {"Authorization": authorization})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except HTTPError as refusal:
        return refusal.code, json.load(refusal)


def _basic(name: str, secret: str = SECRET) -> str:
    return "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()
