"""The authorization server: `create_app` for a WSGI server or `flask --app auth_service`.

A request goes wsgi → here → endpoints or pages → protocol → storage → models, and never back.
"""

from flask import Flask
from flask_wtf.csrf import CSRFProtect
from prometheus_client import CollectorRegistry

from auth_service.cli import install_commands
from auth_service.components import Components, build
from auth_service.endpoints.authorization import authorization_endpoint
from auth_service.endpoints.device_authorization import device_authorization_endpoint
from auth_service.endpoints.introspection import introspection_answer, introspection_endpoint
from auth_service.endpoints.jwks import jwks_endpoint
from auth_service.endpoints.logout import logout_endpoint
from auth_service.endpoints.metadata import metadata_endpoint
from auth_service.endpoints.pushed_authorization_requests import pushed_authorization_request_endpoint
from auth_service.endpoints.registration import registration_endpoint
from auth_service.endpoints.revocation import revocation_endpoint
from auth_service.endpoints.revocations import revocations_endpoint
from auth_service.endpoints.token import token_endpoint
from auth_service.endpoints.userinfo import userinfo_endpoint
from auth_service.errors import install_error_handlers
from auth_service.pages.account import account_page
from auth_service.pages.connected_apps import connected_apps_page
from auth_service.pages.consent import consent_pages
from auth_service.pages.device import device_page
from auth_service.pages.home import home_page
from auth_service.pages.sign_in import sign_in_pages
from auth_service.pages.sign_out import sign_out_pages
from auth_service.protocol.usual_introspection import UsualIntrospection
from auth_service.settings import Settings
from auth_service.web.browser_session import install_sessions
from auth_service.web.cross_origin import let_client_scripts_read
from auth_service.web.http_headers import install_headers
from auth_service.web.lean_forms import LeanEndpoint, LeanForms
from shared.environment import load_or_exit
from shared.health import Check, health_endpoints
from shared.host_names import HostNames
from shared.log_config import configure_logging
from shared.metrics import RequestMetrics, install_metrics
from shared.request_log import follow_requests
from shared.trusted_proxies import TrustedProxies
from shared.unreadable_text import refuse_unreadable_text
from shared.whole_bodies import refuse_cut_bodies

MAX_BODY = 64 * 1024
"""Bytes. No request of OAuth is anywhere near."""


def create_app(settings: Settings | None = None) -> Flask:
    """The WSGI application. Without settings, those of the environment; if these won't do, the process ends with 2."""
    settings = settings or load_or_exit(Settings.load)
    configure_logging("auth_service", settings.log_level)
    parts = build(settings)
    app = Flask(__name__, template_folder="pages/templates", static_folder="pages/static")
    app.config.update(
        MAX_CONTENT_LENGTH=MAX_BODY,
        SECRET_KEY=parts.web_secret,
        TRUSTED_HOSTS=settings.host_names,
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session
        WTF_CSRF_SSL_STRICT=False,  # it would want a Referer, which our pages tell browsers not to send
    )
    app.extensions["auth_service"] = parts
    app.json.sort_keys = False  # type: ignore[attr-defined]  # members in the order in which they are explained
    follow_requests(app, routine="/revocations")
    metrics = install_metrics(app, settings.metrics_token, CollectorRegistry(), parts.writability)
    refuse_cut_bodies(app)
    refuse_unreadable_text(app)
    install_sessions(app, parts.sessions, parts.web_secret, settings.session_lifetime, secure=settings.secure)
    install_headers(app, secure=settings.secure)
    install_error_handlers(app)
    install_commands(app)
    app.register_blueprint(health_endpoints(_readiness(parts), parts.writability))
    _install_endpoints(app, parts)
    _install_pages(app, parts)
    _put_lean_forms_in_front(app, parts, metrics)
    app.wsgi_app = HostNames(app.wsgi_app, settings.host_names[0])  # type: ignore[method-assign]
    if settings.trusted_proxies:
        app.wsgi_app = TrustedProxies(  # type: ignore[method-assign]
            app.wsgi_app, settings.trusted_proxies, "AUTH_TRUSTED_PROXIES"
        )
    return app


def _readiness(parts: Components) -> dict[str, Check]:
    """What has to work so that introspection is answered, and truthfully."""
    return {
        "database": parts.database.check,
        "redis": parts.redis.reads.ping,
        "revocations": parts.reconciler.check,
    }


def _install_endpoints(app: Flask, parts: Components) -> None:
    token, userinfo = token_endpoint(parts.server), userinfo_endpoint(parts.userinfo)
    revocation, pushing = revocation_endpoint(parts.server), pushed_authorization_request_endpoint(parts.server)
    metadata, jwks = metadata_endpoint(parts.server), jwks_endpoint(parts.signing_keys)
    for blueprint in (token, userinfo, revocation, pushing, metadata, jwks):
        let_client_scripts_read(blueprint, parts.client_origins)
    app.register_blueprint(metadata)
    app.register_blueprint(jwks)
    app.register_blueprint(revocations_endpoint(parts.server, parts.feed))
    csrf = CSRFProtect(app)
    for blueprint in (
        authorization_endpoint(parts.server, parts.accounts, parts.consents, parts.throttle, parts.pending),
        token,
        introspection_endpoint(parts.server),
        revocation,
        pushing,
        device_authorization_endpoint(parts.server),
        userinfo,
        logout_endpoint(parts.server, parts.accounts, parts.throttle, parts.logout_requests),
    ):
        csrf.exempt(blueprint)  # none acts in the name of a cookie: programs authenticate each request themselves
        app.register_blueprint(blueprint)
    if parts.server.parts.registers_clients:
        blueprint = registration_endpoint(parts.server, parts.registration)
        csrf.exempt(blueprint)
        app.register_blueprint(blueprint)


def _put_lean_forms_in_front(app: Flask, parts: Components, metrics: RequestMetrics | None) -> None:
    app.wsgi_app = LeanForms(  # type: ignore[method-assign]
        app.wsgi_app,
        {
            "/token": LeanEndpoint("token.issue_token", parts.server.create_token_response, varies_by_origin=True),
            "/introspect": LeanEndpoint(
                "introspection.introspect_token",
                introspection_answer(parts.server),
                shortcut=UsualIntrospection(parts.server.parts).answer,
            ),
        },
        issuer=parts.settings.issuer,
        host_names=parts.settings.host_names,
        largest_body=MAX_BODY,
        metrics=metrics,
    )


def _install_pages(app: Flask, parts: Components) -> None:
    app.register_blueprint(home_page(parts.accounts))
    app.register_blueprint(sign_in_pages(parts.accounts, parts.throttle, parts.pending, parts.events))
    app.register_blueprint(sign_out_pages(parts.server, parts.accounts, parts.logout_requests))
    app.register_blueprint(consent_pages(parts.server, parts.accounts, parts.consents, parts.pending))
    app.register_blueprint(device_page(parts.server, parts.accounts, parts.consents, parts.throttle))
    app.register_blueprint(account_page(parts.accounts, parts.throttle, parts.revocation))
    app.register_blueprint(
        connected_apps_page(
            parts.accounts,
            parts.clients,
            parts.resource_servers,
            parts.records,
            parts.grants,
            parts.revocation,
        )
    )
