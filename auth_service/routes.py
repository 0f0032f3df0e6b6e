"""Every endpoint for programs is here, once, with its whole policy. Pages for people are in `pages/`, by Flask."""

from functools import partial

from auth_service.components import Components
from auth_service.protocol.identity_scopes import OPENID
from auth_service.protocol.openid.userinfo import userinfo
from auth_service.protocol.server_metadata import server_metadata
from auth_service.web.protocol_app import by_form, by_json, by_query, by_token, for_all
from auth_service.web.route import Route
from shared.service.cors import ScriptAccess

KEYS_KEPT_FOR = 3600
"""Anybody may keep our public keys so many seconds: well below the day for which a new one is published first."""

_SENT = ("Authorization", "Content-Type", "DPoP", "Idempotency-Key")
_SHOWN = ("DPoP-Nonce", "Retry-After", "WWW-Authenticate")


def routes(parts: Components) -> list[Route]:
    """Return the endpoints of a service: which address does what, and for whom."""
    registration, registers_clients = parts.registration, parts.settings.registration != "closed"
    describe = for_all(
        partial(
            server_metadata,
            parts.server,
            parts.resource_servers,
            registers_clients=registers_clients,
            takes_documents=parts.document_policy.takes_any,
        )
    )
    tell_keys = for_all(lambda: {"keys": parts.signing_keys.public_keys()})
    tell_person = by_token(parts.userinfo, OPENID, partial(userinfo, parts.accounts))
    # Scripts of registered clients read what is for clients (RFC 9700 §2.6), errors and outages too; never a page.
    scripts = ScriptAccess(parts.client_origins.include, _SENT, _SHOWN)
    table = [
        # RFC 6749 §3.2
        Route(
            "/token",
            "token.issue_token",
            "clients",
            {"POST": by_form(parts.server.create_token_response)},
            scripts=scripts,
        ),
        # RFC 7662 §2
        Route(
            "/introspect",
            "introspection.introspect_token",
            "resource servers",
            {"POST": by_form(parts.introspection.answer)},
        ),
        # docs/revocation_feed.md
        Route(
            "/revocations",
            "revocations.read_revocations",
            "resource servers",
            {"GET": by_query(parts.feed.answer)},
            routine=True,
        ),
        # docs/resource_server.md
        Route(
            "/deleted-accounts",
            "deleted_accounts.tell_and_acknowledge",
            "resource servers",
            {"GET": by_query(parts.deletions.tell), "POST": by_form(parts.deletions.acknowledge)},
            routine=True,
        ),
        # RFC 7009 §2
        Route(
            "/revoke",
            "revocation.revoke_token",
            "clients",
            {"POST": by_form(parts.token_revocation.answer)},
            scripts=scripts,
        ),
        # RFC 9126 §2
        Route(
            "/par",
            "pushed_authorization_requests.push_authorization_request",
            "clients",
            {"POST": by_form(parts.pushed_requests.push)},
            scripts=scripts,
        ),
        # RFC 8628 §3.1
        Route(
            "/device_authorization",
            "device_authorization.authorize_device",
            "clients",
            {"POST": by_form(parts.device_authorization.answer)},
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
    if registers_clients:
        table += [
            # RFC 7591 §3
            Route(
                "/register",
                "registration.register_client",
                "anybody, or whoever has an initial access token",
                {"POST": by_json(registration.register)},
            ),
            # RFC 7592 §2
            Route(
                "/register/<client_id>",
                "registration.manage_client",
                "the client, with its registration access token",
                {
                    "GET": by_json(registration.read),
                    "PUT": by_json(registration.update),
                    "DELETE": by_json(registration.delete),
                },
            ),
        ]
    return table
