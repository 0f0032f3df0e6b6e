"""fakeredis as a server, for machines without redis-server: `python -m tools.embedded_redis PORT`. Keeps nothing."""

import signal
import sys

from fakeredis import TcpFakeServer


def main() -> None:
    """Serve until SIGTERM."""
    server = TcpFakeServer(("127.0.0.1", int(sys.argv[1])), server_type="redis")
    server.daemon_threads = True
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server.serve_forever()


if __name__ == "__main__":
    main()
