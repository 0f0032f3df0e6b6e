"""Every endpoint for programs, once, with its whole policy. Pages for people are in `pages/`, and served by Flask."""

from functools import partial

from auth_service.components import Components
from auth_service.protocol.authorization.pushed_requests import pushed_authorization_request
from auth_service.protocol.device.authorization import device_authorization
from auth_service.protocol.features import metadata
from auth_service.protocol.identity_scopes import OPENID
from auth_service.protocol.openid.userinfo import userinfo
from auth_service.protocol.tokens.introspection import introspection
from auth_service.protocol.tokens.revocation import revocation
from auth_service.web.protocol_app import by_form, by_json, by_query, by_token, for_all
from auth_service.web.route import Route
from shared.service.cors import ScriptAccess

KEYS_KEPT_FOR = 3600
"""Seconds for which anybody may keep our public keys: well below the day for which a new one is published first."""

_SENT = ("Authorization", "Content-Type", "DPoP", "Idempotency-Key")
_SHOWN = ("DPoP-Nonce", "Retry-After", "WWW-Authenticate")


def routes(parts: Components) -> list[Route]:
    """The endpoints of a service: which address does what, and for whom."""
    server, rules, clients = parts.server, parts.server.parts, parts.registration
    describe, tell_keys = (
        for_all(partial(metadata, server)),
        for_all(lambda: {"keys": parts.signing_keys.public_keys()}),
    )
    tell_person = by_token(parts.userinfo, OPENID, userinfo)
    # Scripts of registered clients read what is for clients (RFC 9700 §2.6), errors and outages too; never a page.
    scripts = ScriptAccess(parts.client_origins.include, _SENT, _SHOWN)
    table = [
        # RFC 6749 §3.2
        Route(
            "/token", "token.issue_token", "clients", {"POST": by_form(server.create_token_response)}, scripts=scripts
        ),
        # RFC 7662 §2
        Route(
            "/introspect",
            "introspection.introspect_token",
            "resource servers",
            {"POST": by_form(partial(introspection, rules))},
        ),
        # docs/revocation_feed.md
        Route(
            "/revocations",
            "revocations.read_revocations",
            "resource servers",
            {"GET": by_query(parts.feed.answer)},
            routine=True,
        ),
        # RFC 7009 §2
        Route(
            "/revoke",
            "revocation.revoke_token",
            "clients",
            {"POST": by_form(partial(revocation, server))},
            scripts=scripts,
        ),
        # RFC 9126 §2
        Route(
            "/par",
            "pushed_authorization_requests.push_authorization_request",
            "clients",
            {"POST": by_form(partial(pushed_authorization_request, server))},
            scripts=scripts,
        ),
        # RFC 8628 §3.1
        Route(
            "/device_authorization",
            "device_authorization.authorize_device",
            "clients",
            {"POST": by_form(partial(device_authorization, server))},
        ),
        # OpenID Connect Core §5.3
        Route(
            "/userinfo",
            "userinfo.tell_userinfo",
            f"whoever has a token for `{OPENID}`",
            {"GET": tell_person, "POST": tell_person},
            scripts=scripts,
        ),
        # RFC 7517 §5
        Route("/jwks", "jwks.publish_keys", "anybody", {"GET": tell_keys}, scripts=scripts, kept_for=KEYS_KEPT_FOR),
        # RFC 8414 §3
        Route(
            "/.well-known/oauth-authorization-server",
            "metadata.describe_server",
            "anybody",
            {"GET": describe},
            scripts=scripts,
        ),
        # OpenID Connect Discovery §4
        Route(
            "/.well-known/openid-configuration",
            "metadata.describe_server",
            "anybody",
            {"GET": describe},
            scripts=scripts,
        ),
    ]
    if rules.registers_clients:
        table += [
            # RFC 7591 §3
            Route(
                "/register",
                "registration.register_client",
                "anybody, or whoever has an initial access token",
                {"POST": by_json(clients.register)},
            ),
            # RFC 7592 §2
            Route(
                "/register/<client_id>",
                "registration.manage_client",
                "the client, with its registration access token",
                {
                    "GET": by_json(clients.read),
                    "PUT": by_json(clients.update),
                    "DELETE": by_json(clients.delete),
                },
            ),
        ]
    return table
