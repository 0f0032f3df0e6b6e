"""Which server is the master, by the word of most Sentinels.

Redis-py's own `Sentinel` believes the first that answers. One that is cut off together with the old master goes on
naming that one, from which tokens that have ended since would go on looking good.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import redis
from redis.sentinel import MasterNotFoundError, Sentinel

from shared.redis.address import Place


class AgreeingSentinels(Sentinel):
    """Redis-py's Sentinel client, which asks all that it was given until more than half name the same master."""

    def __init__(self, sentinels: Sequence[Place], options: Mapping[str, Any]) -> None:
        super().__init__(sentinels, sentinel_kwargs=dict(options))  # type: ignore[no-untyped-call]

    def discover_master(self, service_name: str) -> Place:
        """Host and port. Raises MasterNotFoundError, a redis.ConnectionError."""
        votes, silent, answering = Counter[Place](), list["redis.Redis"](), list["redis.Redis"]()
        asked = list(self.sentinels)
        for sentinel in asked:
            try:
                named: Any = sentinel.sentinel_get_master_addr_by_name(service_name)
            except redis.RedisError:
                silent.append(sentinel)
                continue
            answering.append(sentinel)
            if named is not None:
                host, port = named
                votes[str(host), int(port)] += 1
                if votes[str(host), int(port)] > len(asked) // 2:
                    rest = [other for other in asked if other not in answering and other not in silent]
                    self.sentinels = [*answering, *rest, *silent]  # who doesn't answer is asked last next time
                    return str(host), int(port)
        raise MasterNotFoundError(
            f"of {len(asked)} Sentinels {len(answering)} answer, and no majority names the master of {service_name}"
        )
