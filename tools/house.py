"""Measures the shape of the code: what one request passes through, and how files, folders and imports lie.

`python -m tools.house` prints both for this checkout, `python -m tools.house ../older` for another one, by its `.venv`.
Nothing is timed; counts are the same on each machine. It needs redis-server.
"""

import ast
import io
import json
import os
import subprocess
import sys
import tempfile
from base64 import b64encode
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import urlencode, urlsplit

PRODUCT = ("auth_service", "fit_service", "shared", "buffering_worker")
SCOPES = ("body_weight:read", "body_weight:write")
WARM = 20
"""Requests before those that are counted: by then tokens are remembered and statements are compiled."""
COUNTED = 5
"""Requests of which the most frequent count is shown, for now and then one begins something in the background."""


@dataclass(frozen=True)
class Road:
    """What one request passes through."""

    files: int
    """How many files of the product are entered."""
    changes: int
    """How often a function in one file of the product is called from another one, also through a library."""
    calls: int
    """Calls of Python functions in all."""
    own: int
    """Of these, calls of functions of the product."""


def main() -> None:
    """Print the tables of the checkout that the first argument names, by default of this one."""
    checkout = Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    command = [str(checkout / ".venv" / "bin" / "python"), "-P", str(Path(__file__).resolve()), "--roads"]
    roads = subprocess.run(command, cwd=checkout, env=environment, check=True, stdout=subprocess.PIPE).stdout
    print("| request | files entered | changes of file | Python calls | of these, ours |\n|---|---:|---:|---:|---:|")
    for name, road in json.loads(roads).items():
        print(f"| {name} | {road['files']} | {road['changes']} | {road['calls']} | {road['own']} |")
    print("\n| folder | files | lines | arrows inside | arrows out | to folders |\n|---|---:|---:|---:|---:|---:|")
    for line in rooms(checkout):
        print(line)
    for name, folders in (("product", (*PRODUCT, "tools")), ("tests", ("tests",))):
        print(f"\nLines of {name}: {sum(_lines(file) for folder in folders for file in _files(checkout / folder)):,}")


# What a request passes through. This half runs in a process of its own, with the checkout's code.


def roads() -> dict[str, Road]:
    """One request of each kind, by both services of the checkout, started as its own tests start them."""
    fit = {"fit_log_level": "INFO", "fit_metrics_token": "a" * 20}
    support = {name: import_module(f"tests.support.{name}") for name in ("actions", "servers", "stack")}
    with (
        tempfile.TemporaryDirectory() as folder,
        support["servers"].real_redis() as redis,
        support["stack"].run_stack(Path(folder), redis, log_level="INFO", metrics_token="a" * 20, **fit) as stack,
    ):
        actions = support["actions"].Actions(stack)
        app = actions.app()
        tokens = app.connect(actions.person(), SCOPES)
        chain = [tokens.refresh]
        client = _basic(app.client_id, app.secret)
        caller = _basic(stack.fit_credentials.name, stack.fit_credentials.secret)
        bearer, weights = f"Bearer {tokens.access}", "/api/body_weight/"

        def refresh(count: "Count") -> None:
            form = {"grant_type": "refresh_token", "refresh_token": chain.pop()}
            answer = count(stack.auth_app, _post(stack.auth, "/token", client, urlencode(form)))
            chain.append(answer["refresh_token"])

        def introspect(count: "Count") -> None:
            form = urlencode({"token": tokens.access})
            count(stack.auth_app, _post(stack.auth, "/introspect", caller, form))

        def insert(count: "Count") -> None:
            entry = json.dumps({"body_weight": "80.5", "unit": "kg"})
            count(stack.fit_app, _post(stack.fit, weights, bearer, entry, "application/json"))

        def read(count: "Count") -> None:
            count(stack.fit_app, _request("GET", stack.fit, f"{weights}latest", bearer))

        requests = {"refresh": refresh, "introspection": introspect, "insert": insert, "read": read}
        return {name: _road(request) for name, request in requests.items()}


Count = Callable[[Any, dict[str, Any]], Any]
"""Sends a request, as a WSGI environment, to an application, and returns its JSON."""


def _road(request: Callable[[Count], None]) -> Road:
    for _ in range(WARM):
        request(_answer)
    seen: list[Road] = []

    def counted(app: Any, environ: dict[str, Any]) -> Any:
        counts: Counter[str] = Counter()
        entered: set[str] = set()

        def profile(frame: FrameType, event: str, _argument: object) -> None:
            if event != "call":
                return
            counts["calls"] += 1
            file = _own(frame)
            if file is None:
                return
            counts["own"] += 1
            entered.add(file)
            caller = frame.f_back
            while caller is not None and _own(caller) is None:
                caller = caller.f_back
            counts["changes"] += caller is not None and _own(caller) != file

        sys.setprofile(profile)
        try:
            answer = _answer(app, environ)
        finally:
            sys.setprofile(None)
        seen.append(Road(len(entered), counts["changes"], counts["calls"], counts["own"]))
        return answer

    for _ in range(COUNTED):
        request(counted)
    return Counter(seen).most_common(1)[0][0]


def _own(frame: FrameType) -> str | None:
    """The file of a frame, if it is one of the product."""
    file = frame.f_code.co_filename
    return file if file.startswith(_OWN) else None


_OWN = tuple(str(Path.cwd() / folder) + os.sep for folder in PRODUCT)


def _answer(app: Any, environ: dict[str, Any]) -> Any:
    statuses: list[str] = []
    answer = app(environ, lambda status, *_: statuses.append(status))
    body = b"".join(answer)
    if not statuses or not statuses[0].startswith("2"):
        raise ValueError(f"{environ['PATH_INFO']} answered {statuses}: {body!r}")
    return json.loads(body)


def _request(method: str, address: str, path: str, authorization: str) -> dict[str, Any]:
    host = urlsplit(address)
    return {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": host.hostname,
        "SERVER_PORT": str(host.port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": host.netloc,
        "HTTP_AUTHORIZATION": authorization,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
    }


def _post(
    address: str, path: str, authorization: str, body: str, media_type: str = "application/x-www-form-urlencoded"
) -> dict[str, Any]:
    return {
        **_request("POST", address, path, authorization),
        "CONTENT_TYPE": media_type,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body.encode()),
    }


def _basic(name: str, secret: str) -> str:
    return "Basic " + b64encode(f"{name}:{secret}".encode()).decode()


# How files, folders and imports lie. This half only parses.


def rooms(checkout: Path) -> Iterator[str]:
    """A line for each folder of the product: its files and lines, imports between its files, and those of others."""
    files = {_module(checkout, file): file for folder in PRODUCT for file in _files(checkout / folder)}
    inside: Counter[str] = Counter()
    out: dict[str, Counter[str]] = defaultdict(Counter)
    for module, file in files.items():
        for other in _imported(module, file, files):
            here, there = _folder(checkout, file), _folder(checkout, files[other])
            if here == there:
                inside[here] += 1
            else:
                out[here][there] += 1
    lines, number = Counter[str](), Counter[str]()
    for file in files.values():
        lines[_folder(checkout, file)] += _lines(file)
        number[_folder(checkout, file)] += 1
    for folder in sorted(number):
        others = out[folder]
        cells = (number[folder], f"{lines[folder]:,}", inside[folder], others.total(), len(others))
        yield f"| {folder} | {' | '.join(map(str, cells))} |"
    arrows = inside.total() + sum(each.total() for each in out.values())
    both = [f"{a} and {b}" for a in sorted(out) for b in sorted(out[a]) if a < b and out[b][a]]
    yield f"\n{len(files)} files in {len(number)} folders, {arrows} arrows. Folders that import each other: {len(both)}"
    yield from (f"- {pair}" for pair in both)


def _imported(module: str, file: Path, files: Mapping[str, Path]) -> set[str]:
    """The files of the product that a file imports, wherever in it."""
    found: set[str] = set()
    package = module.split(".") if file.name == "__init__.py" else module.split(".")[:-1]
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        names: Iterable[str] = ()
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*start, *([node.module] if node.module else [])])
            names = [f"{base}.{alias.name}" if f"{base}.{alias.name}" in files else base for alias in node.names]
        found |= {name for name in names if name in files and name != module}
    return found


def _module(checkout: Path, file: Path) -> str:
    parts = file.relative_to(checkout).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _folder(checkout: Path, file: Path) -> str:
    return file.parent.relative_to(checkout).as_posix()


def _files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.rglob("*.py") if "versions" not in file.parts)


def _lines(file: Path) -> int:
    return len(file.read_text(encoding="utf-8").splitlines())


if __name__ == "__main__":
    if sys.argv[1:] == ["--roads"]:
        print(json.dumps({name: vars(road) for name, road in roads().items()}))
    else:
        main()
