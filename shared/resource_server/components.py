"""The composition root of the kit: what an operator knows becomes a validator. The only place that wires."""

import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING

from .back_channel import BackChannel
from .callbacks import guarded
from .errors import Challenge
from .introspection_client import DEADLINE, IntrospectionClient
from .peer import Peer
from .revocation_feed import RevocationFeed
from .token_validator import LONGEST_AGE, TokenValidator
from .validation_cache import ValidationCache

if TYPE_CHECKING:  # it needs joserfc, which only those install who use it
    from .dpop import Dpop


def connect(
    *,
    resource: str,
    issuer: str,
    client_id: str,
    client_secret: str,
    auth_url: str | None = None,
    tls: ssl.SSLContext | None = None,
    proxy: str | None = None,
    realm: str | None = None,
    resource_metadata: str | None = None,
    follow_revocations: bool = True,
    max_age: float = 0.0,
    dpop: "Dpop | None" = None,
    deadline: float = DEADLINE,
    request_id: Callable[[], str | None] = lambda: None,
    observe: Callable[[str], None] = lambda event: None,
) -> TokenValidator:
    """A validator for one resource server. It opens no connection before the first token, so it is safe before a fork.

    Args:
        resource: this server's identifier, as it was registered; a token must name it in its audience.
        issuer: who must have issued the token, as clients see it.
        client_id: the registered name of this resource server, with `client_secret` its password.
        client_secret: see `client_id`.
        auth_url: where the authorization server is reached from here, if not at `issuer`.
        tls: whom to trust as the authorization server, and a certificate to show it if it wants one; by default those
            whom this machine trusts. For a CA of your own: `ssl.create_default_context(cafile="ca.pem")`.
        proxy: the forward proxy through which the authorization server is reached, `http://HOST:PORT` or
            `http://USER:PASSWORD@HOST:PORT`. By default none, whatever the environment's variables say.
        realm: the name in challenges; by default `resource`.
        resource_metadata: the address of this server's description of itself (RFC 9728), for challenges to name.
        follow_revocations: remember answers, and follow the revocation feed to learn what to forget.
        max_age: if the feed isn't followed, seconds for which an answer may be used again; so long may a revoked token
            still be accepted. By default every call is introspected.
        dpop: `Dpop("https://plans.example")`, from `dpop.py`, to accept tokens that are bound to a key (RFC 9449) too.
            By default they are refused.
        deadline: seconds that a validation may take before it is a 503.
        request_id: the id of the request being answered, to be sent along.
        observe: told what happens, for metrics: hit, miss, wait, failure, breaker_opened, unproven (a token is asked
            about while memory can't be used, because the feed isn't followed), feed_poll, feed_failure, feed_reset. It
            is called often and must be quick. What it raises is logged once.
    """
    channel = BackChannel(
        auth_url or issuer,
        client_id,
        client_secret,
        tls=tls,
        proxy=proxy,
        request_id=guarded(request_id, "request_id"),
    )
    observe = guarded(observe, "observe")
    peer = Peer(channel, issuer=issuer, resource=resource, deadline=deadline)
    cache = ValidationCache(follows_feed=follow_revocations)
    return TokenValidator(
        IntrospectionClient(channel),
        cache,
        RevocationFeed(channel, cache, observe, peer.introduce) if follow_revocations else None,
        issuer=issuer,
        resource=resource,
        challenge=Challenge(realm or resource, resource_metadata, dpop.algorithms if dpop else ()),
        max_age=LONGEST_AGE if follow_revocations else min(max_age, LONGEST_AGE),
        peer=peer,
        dpop=dpop,
        deadline=deadline,
        observe=observe,
    )
