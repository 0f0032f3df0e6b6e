"""fakeredis as a server, for machines without redis-server: `python -m tools.embedded_redis PORT`. Keeps nothing."""

import signal
import sys
from typing import Any

import redis
from fakeredis import TcpFakeServer


class EmbeddedRedis(TcpFakeServer):
    """Keeps a connection open after an error, as Redis does: fakeredis' server ends it, also after NOSCRIPT.

    Then the script that the client sends next would meet a closed door, and the request it belongs to an outage.
    """

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), server_type="redis")
        self.daemon_threads = True
        self.RequestHandlerClass = _handler_that_answers_errors(self.RequestHandlerClass)


def _handler_that_answers_errors(handler: Any) -> Any:
    class Handler(handler):  # type: ignore[misc]
        def setup(self) -> None:
            super().setup()
            read_response = self.current_client.read_response

            def answer_or_error() -> Any:
                try:
                    return read_response()
                except redis.ResponseError as error:
                    error.args = (" ".join(str(error).split()),)  # an error is one line
                    return error

            self.current_client.read_response = answer_or_error

    return Handler


def main() -> None:
    """Serve until SIGTERM."""
    server = EmbeddedRedis(int(sys.argv[1]))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server.serve_forever()


if __name__ == "__main__":
    main()
