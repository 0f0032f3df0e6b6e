"""A master, a replica and three Sentinels as `make up REPLICAS=2` runs them: with its script, files and users."""

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import redis
from redis.exceptions import NoPermissionError

from auth_service.storage.redis_connection import connect_redis
from tests.support.compose import SERVICES, TWO, interpolated
from tests.support.gunicorn_process import ROOT
from tests.support.polling import eventually
from tests.support.servers import free_port, redis_server
from tools.redis_pair import PAIR, SENTINELS, SERVICE, first_files
from tools.redis_users import users_file, users_of_pair

REPLICA_PASSWORD, SENTINEL_PASSWORD, AUTH_PASSWORD = "replicas-own", "sentinels-own", "auths-own"


class Containers:
    """Without containers: each has a folder for its data and a port of its own, and all have this machine's address."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = {name: free_port() for name in (*PAIR, *SENTINELS)}
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        users = users_file(AUTH_PASSWORD, "fits-own") + users_of_pair(REPLICA_PASSWORD, SENTINEL_PASSWORD)
        self._write("etc/users.acl", users)
        for name, text in first_files(REPLICA_PASSWORD, SENTINEL_PASSWORD).items():
            self._write(f"etc/{name}.conf", self._for_this_machine(text) + f"port {self.ports[name]}\n")
            (folder / name).mkdir()
        self._write("bin/docker-entrypoint.sh", '#!/bin/sh\nexec "$@"\n', mode=0o755)
        self._write("bin/hostname", '#!/bin/sh\necho "$HOSTNAME"\n', mode=0o755)

    def start(self, name: str, pair: str = TWO["REDIS_PAIR"]) -> None:
        command = interpolated(SERVICES[name]["command"], TWO).replace(TWO["REDIS_PAIR"], pair)
        shell, script, *options = shlex.split(command)
        start = (ROOT / "tools/compose" / Path(script).name).read_text().replace("/data", str(self.folder / name))
        start = self._write(f"bin/start-{name}.sh", start.replace("/etc/redis", str(self.folder / "etc")))
        options = [option.replace("/etc/redis", str(self.folder / "etc")) for option in options]
        environment = {**os.environ, "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}", "HOSTNAME": name}
        self.running[name] = subprocess.Popen(
            [shell, start, *options], cwd=self.folder / name, env=environment, stdout=subprocess.DEVNULL
        )
        eventually(lambda: self._answers(name))

    def kill(self, name: str) -> None:
        process = self.running.pop(name)
        process.kill()
        process.wait()

    def client(self, name: str, user: str = "auth", password: str = AUTH_PASSWORD) -> "redis.Redis":
        return redis.Redis(port=self.ports[name], username=user, password=password, decode_responses=True)

    def sentinel(self, name: str) -> "redis.Redis":
        return redis.Redis(port=self.ports[name], decode_responses=True)

    def role(self, name: str) -> str:
        with self.client(name) as client:
            return str(client.info("replication")["role"])

    @property
    def url(self) -> str:
        places = ",".join(f"127.0.0.1:{self.ports[name]}" for name in SENTINELS)
        return f"redis+sentinel://auth:{AUTH_PASSWORD}@{places}/{SERVICE}"

    def know_each_other(self) -> bool:
        with self.client(PAIR[0]) as master:
            if master.info("replication")["connected_slaves"] != 1:
                return False
        states = [self._watched(name) for name in SENTINELS]
        return all(len(re.findall("^sentinel known-sentinel", state, re.MULTILINE)) == 2 for state in states) and all(
            "known-replica" in state for state in states
        )

    def _watched(self, name: str) -> str:
        return (self.folder / name / f"pair-{TWO['REDIS_PAIR']}.conf").read_text()

    def _answers(self, name: str) -> bool:
        try:
            return bool((self.sentinel(name) if name in SENTINELS else self.client(name, "health", "none")).ping())
        except redis.ConnectionError:
            return False

    def _for_this_machine(self, text: str) -> str:
        text = text.replace(f" {PAIR[0]} 6379", f" 127.0.0.1 {self.ports[PAIR[0]]}").replace(" 5000\n", " 500\n")
        return re.sub(r"announce-ip \S+", "announce-ip 127.0.0.1", text)

    def _write(self, name: str, text: str, mode: int = 0o600) -> str:
        file = self.folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
        file.chmod(mode)
        return str(file)


@pytest.fixture(scope="module")
def containers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Containers]:
    if redis_server() is None:
        pytest.skip("needs redis-server")
    containers = Containers(tmp_path_factory.mktemp("pair"))
    with ExitStack() as stopping:
        stopping.callback(lambda: [containers.kill(name) for name in list(containers.running)])
        for name in (*PAIR, *SENTINELS):
            containers.start(name)
        eventually(containers.know_each_other, within=30)
        yield containers


def test_who_may_ask_a_sentinel_or_be_a_replica_may_do_nothing_else(containers: Containers) -> None:
    with containers.sentinel(SENTINELS[0]) as anybody:
        for refused in (
            ("SENTINEL", "FAILOVER", SERVICE),
            ("SENTINEL", "SET", SERVICE, "quorum", "1"),
            ("SENTINEL", "RESET", "*"),
            ("SENTINEL", "CONFIG", "GET", "*"),
            ("PUBLISH", "__sentinel__:hello", "x"),
            ("SHUTDOWN",),
            ("CLIENT", "KILL", "TYPE", "normal"),
        ):
            with pytest.raises(NoPermissionError):
                anybody.execute_command(*refused)
    of_data = (("GET", "x"), ("SET", "x", "y"), ("KEYS", "*"), ("CONFIG", "SET", "save", ""), ("ACL", "LIST"))
    for user, password in (("replica", REPLICA_PASSWORD), ("sentinel", SENTINEL_PASSWORD)):
        with containers.client(PAIR[0], user, password) as member:
            for refused in of_data:
                with pytest.raises(NoPermissionError):
                    member.execute_command(*refused)


def test_the_replica_takes_over_with_the_data_and_stays_the_master_when_it_starts_again(containers: Containers) -> None:
    first, second = PAIR
    clients = connect_redis(containers.url)
    clients.scripts.set("what", "is kept", px=60_000)
    eventually(lambda: containers.client(second).get("what") == "is kept")
    containers.kill(first)

    def written() -> bool:
        try:
            return bool(clients.scripts.set("after", "the failover", px=60_000))
        except redis.RedisError:
            return False

    eventually(written, within=30)
    assert (containers.role(second), clients.reads.get("what")) == ("master", "is kept")

    containers.kill(second)
    containers.start(second)
    assert containers.role(second) == "master"
    assert containers.client(second).mget("what", "after") == ["is kept", "the failover"]

    containers.kill(second)
    containers.start(second, pair="another")
    assert containers.role(second) == "slave", "it begins as another pair does"
    assert [file.name for file in (containers.folder / second).glob("pair-*")] == ["pair-another.conf"]
