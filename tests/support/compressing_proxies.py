"""nginx and Apache that compress what an API answers, as their manuals say how to switch it on."""

import os
import shutil
import socket
import string
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.support.polling import eventually
from tests.support.reverse_proxies import open_folder
from tests.support.servers import free_port

_NGINX = """
pid $folder/pid; error_log $folder/error.log; daemon off; worker_processes 1;
events { worker_connections 64; }
http {
    access_log off;
    client_body_temp_path $folder/a; proxy_temp_path $folder/b; fastcgi_temp_path $folder/c; uwsgi_temp_path $folder/d;
    scgi_temp_path $folder/e;
    gzip on;
    gzip_types application/json;
    server {
        listen 127.0.0.1:$port;
        location / { proxy_pass http://127.0.0.1:$server; proxy_http_version 1.1; proxy_set_header Host $$http_host; }
    }
}
"""
_APACHE = """
ServerRoot $folder
PidFile $folder/pid
ErrorLog $folder/error.log
ServerName localhost
Listen 127.0.0.1:$port
LoadModule mpm_event_module $modules/mod_mpm_event.so
LoadModule authz_core_module $modules/mod_authz_core.so
LoadModule filter_module $modules/mod_filter.so
LoadModule deflate_module $modules/mod_deflate.so
LoadModule proxy_module $modules/mod_proxy.so
LoadModule proxy_http_module $modules/mod_proxy_http.so
AddOutputFilterByType DEFLATE application/json
ProxyPreserveHost On
ProxyPass / http://127.0.0.1:$server/
"""
_MODULES = "/usr/lib/apache2/modules"


@dataclass(frozen=True)
class Compressing:
    """A program, and its configuration."""

    program: str
    configuration: str
    arguments: tuple[str, ...]

    @property
    def path(self) -> str | None:
        """Where it is, if this machine has it."""
        return shutil.which(self.program, path=f"{os.environ['PATH']}:/usr/sbin")


COMPRESSING = {
    "nginx": Compressing("nginx", _NGINX, ("-c",)),
    "apache": Compressing("apache2", _APACHE, ("-D", "FOREGROUND", "-f")),
}


@contextmanager
def compressing_proxy(kind: Compressing, server: int) -> Iterator[str]:
    """Run it in front of the API on this port; its address."""
    assert kind.path is not None, f"{kind.program} is not installed"
    with open_folder() as folder:
        port, file = free_port(), Path(folder) / "configuration"
        values = {"folder": str(folder), "port": port, "server": server, "modules": _MODULES}
        file.write_text(string.Template(kind.configuration).substitute(values))
        with (folder / "log").open("w") as log:
            process = subprocess.Popen([kind.path, *kind.arguments, str(file)], stdout=log, stderr=log)
        try:
            eventually(lambda: _listens(port))
            yield f"http://localhost:{port}"
        finally:
            process.terminate()
            process.wait(60)


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
        return True
    return False
