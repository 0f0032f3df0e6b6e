"""The composition root of the kit: what an operator knows becomes a validator. It is the only place that wires."""

import ssl
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from .back_channel.channel import BackChannel
from .callbacks import guarded
from .errors import Challenge
from .introspection.client import DEADLINE, IntrospectionClient
from .introspection.other_answer import read_other_answer
from .introspection.other_server import OtherIntrospection
from .memory.asker import Introspector
from .memory.validation_cache import ValidationCache
from .peer import Peer
from .revocation_feed.follower import FeedFollower
from .token_validator import LONGEST_AGE, ProofOfPossession, TokenValidator

if TYPE_CHECKING:  # it needs joserfc, which only those install who use it
    from .private_key_jwt import PrivateKeyJwt


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
    dpop: ProofOfPossession | None = None,
    deadline: float = DEADLINE,
    request_id: Callable[[], str | None] = lambda: None,
    observe: Callable[[str], None] = lambda event: None,
) -> TokenValidator:
    """Return a validator for one resource server. It opens no connection before the first token, so a fork may follow.

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
        FeedFollower(channel, cache, observe, peer.introduce) if follow_revocations else None,
        issuer=issuer,
        resource=resource,
        challenge=Challenge(realm or resource, resource_metadata, dpop.algorithms if dpop else ()),
        max_age=LONGEST_AGE if follow_revocations else min(max_age, LONGEST_AGE),
        peer=peer,
        dpop=dpop,
        deadline=deadline,
        observe=observe,
    )


def connect_to_other_server(
    *,
    resource: str,
    issuer: str,
    client_id: str,
    client_secret: str | None = None,
    client_key: "PrivateKeyJwt | None" = None,
    audience: str | None,
    introspection_endpoint: str | None = None,
    max_age: float = 0.0,
    tls: ssl.SSLContext | None = None,
    proxy: str | None = None,
    realm: str | None = None,
    resource_metadata: str | None = None,
    dpop: ProofOfPossession | None = None,
    deadline: float = DEADLINE,
    request_id: Callable[[], str | None] = lambda: None,
    observe: Callable[[str], None] = lambda event: None,
) -> TokenValidator:
    """Return a validator for tokens of any server that introspects (RFC 7662). It opens no connection yet.

    There is no feed of revocations to follow, so every call is introspected, unless `max_age` allows an age.

    Args:
        resource: this API's address, for its own description and its challenges.
        issuer: who issues the tokens, as its metadata spell it.
        client_id: the name under which this API may introspect.
        client_secret: its password; or else
        client_key: `PrivateKeyJwt(pem)`, from `private_key_jwt.py`, with which it signs who it is.
        audience: whom a token must name in its `aud`. None lets in what this server issued for whatever else.
        introspection_endpoint: where to ask; by default the issuer's metadata say it (RFC 8414, or OpenID Connect's).
        max_age: seconds for which an answer may be used again; so long may a revoked token still be accepted.
        tls: as in `connect`, like all that follow.
        proxy: see `connect`.
        realm: see `connect`.
        resource_metadata: see `connect`.
        dpop: see `connect`.
        deadline: see `connect`.
        request_id: see `connect`.
        observe: see `connect`.
    """
    open_channel = partial(BackChannel, tls=tls, proxy=proxy, request_id=guarded(request_id, "request_id"))
    if (client_secret is None) == (client_key is None):
        raise TypeError("give either `client_secret` or `client_key`")
    introspection = OtherIntrospection(
        issuer, client_id, client_secret or client_key, introspection_endpoint, open_channel
    )
    return TokenValidator(
        introspection,
        ValidationCache(follows_feed=False),
        None,
        issuer=issuer,
        resource=resource,
        audience=audience,
        challenge=Challenge(realm or resource, resource_metadata, dpop.algorithms if dpop else ()),
        max_age=min(max_age, LONGEST_AGE),
        peer=introspection,
        dpop=dpop,
        deadline=deadline,
        observe=guarded(observe, "observe"),
        read=lambda body, token: read_other_answer(body, token, issuer),
    )


def connect_in_process(
    introspector: Introspector, *, resource: str, issuer: str, realm: str, dpop: ProofOfPossession | None = None
) -> TokenValidator:
    """Return a validator for a resource of the authorization server's own, which asks itself without a network.

    It lets nobody in from memory: to ask costs little there.

    Args:
        introspector: whoever answers about a token, in the same process.
        resource: the identifier of the resource, which a token must name in its audience.
        issuer: the authorization server, as clients see it.
        realm: the name in challenges.
        dpop: see `connect`.
    """
    return TokenValidator(
        introspector,
        ValidationCache(follows_feed=False),
        None,
        issuer=issuer,
        resource=resource,
        challenge=Challenge(realm, dpop_algorithms=dpop.algorithms if dpop else ()),
        max_age=0.0,
        dpop=dpop,
    )
