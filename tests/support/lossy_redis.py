"""A Redis in each form, behind proxies that can lose its answers."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.proxy import TcpProxy, proxied
from tests.support.redis_cluster import RedisCluster
from tests.support.redis_sentinels import Sentinels


class LossyRedis:
    """`url` leads through the proxies, one for each server."""

    def __init__(self, url: str, proxies: list[TcpProxy]) -> None:
        self.url = url
        self.proxies = proxies

    @classmethod
    @contextmanager
    def of(cls, url: str) -> Iterator["LossyRedis"]:
        """Of a single server, or a new cluster, or a new master that Sentinels watch."""
        if "+cluster" in url:
            with RedisCluster.running(proxied=True) as cluster:
                yield cls(cluster.url, cluster.proxies)
        elif "+sentinel" in url:
            with Sentinels.running(proxied=True) as sentinels:
                assert sentinels.proxy is not None
                yield cls(sentinels.url, [sentinels.proxy])
        else:
            with TcpProxy.to(url) as proxy:
                yield cls(proxied(url, proxy), [proxy])

    def lose_answers(self, count: int) -> None:
        """Of each server the next ones; it has acted."""
        for proxy in self.proxies:
            proxy.lose_answers(count)

    @property
    def lost(self) -> int:
        """Answers that were lost since `lose_answers`."""
        return sum(proxy.lost for proxy in self.proxies)
