"""The authorization server is made by `create_app`, for a WSGI server or `flask --app auth_service`.

A request goes wsgi → here → `web/protocol_app` (what `routes.py` lists) or pages → protocol → storage → models, and
never back.
"""

from flask import Flask
from flask_wtf.csrf import CSRFProtect

from auth_service.cli import install_commands
from auth_service.components import Components, build
from auth_service.pages.activity import activity_pages
from auth_service.pages.authenticator import authenticator_section
from auth_service.pages.authorization import authorization_endpoint
from auth_service.pages.connected_apps import connected_apps_page
from auth_service.pages.consent import consent_pages
from auth_service.pages.device import device_page
from auth_service.pages.email_address import email_section, new_address_page
from auth_service.pages.forgotten_password import forgotten_password_page
from auth_service.pages.home import home_page
from auth_service.pages.logout import logout_endpoint
from auth_service.pages.new_password import new_password_page
from auth_service.pages.overview import overview_page
from auth_service.pages.passkey_sign_in import passkey_sign_in
from auth_service.pages.passkeys import passkeys_section
from auth_service.pages.password import password_section
from auth_service.pages.second_step import second_step_page
from auth_service.pages.security import SecurityPage, security_pages
from auth_service.pages.sessions import sessions_section
from auth_service.pages.sign_in import sign_in_pages
from auth_service.pages.sign_out import sign_out_pages
from auth_service.pages.sign_up import sign_up_pages
from auth_service.pages.your_data import your_data_pages
from auth_service.routes import routes
from auth_service.settings import Settings
from auth_service.web.browser_requests import note_who_acts
from auth_service.web.browser_session import install_sessions
from auth_service.web.double_clicks import DoubleClicks
from auth_service.web.errors import install_error_handlers
from auth_service.web.failed_sign_ins import FailedSignIns
from auth_service.web.forms_again import install_words
from auth_service.web.languages import install_languages
from auth_service.web.overload import OverloadAnswer
from auth_service.web.present_password import PresentPassword
from auth_service.web.protocol_app import ProtocolApp
from auth_service.web.route import MAX_BODY
from auth_service.web.sign_ins import SignIns
from auth_service.web.times import install_times
from shared.gunicorn.worker_setup import WorkerSetup, offer
from shared.operations.health import Check, health_endpoints
from shared.operations.log_config import configure_logging
from shared.operations.metrics import install_metrics
from shared.operations.overload import URGENT_PATHS, CountedOverload
from shared.operations.request_log import follow_requests
from shared.operations.tracing import wants_traces
from shared.service.environment import load_or_exit
from shared.service.host_names import HostNames
from shared.service.redis_replay import ask_whether_redis_replays
from shared.service.request_guards import refuse_cut_bodies, refuse_unreadable_text
from shared.service.security_headers import install_security_headers
from shared.service.trusted_proxies import TrustedProxies


def create_app(settings: Settings | None = None) -> Flask:
    """Make the WSGI application. Without settings, it takes the environment's, or ends the process with 2."""
    settings = settings or load_or_exit(Settings.load)
    configure_logging("auth_service", settings.log_level)
    traced = load_or_exit(wants_traces)
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
    follow_requests(app)
    note_who_acts(app)
    collectors = (parts.grant_metrics, parts.mail_metrics, parts.writability)
    metrics = install_metrics(app, settings.metrics_token, parts.metrics, *collectors)
    refuse_cut_bodies(app)
    refuse_unreadable_text(app)
    install_sessions(
        app,
        parts.sessions,
        parts.account_sessions,
        parts.web_secret,
        settings.session_lifetime,
        secure=settings.secure,
    )
    headers = install_security_headers(app, settings.issuer)
    install_error_handlers(app)
    install_languages(app)
    install_times(app)
    install_words(app)
    install_commands(app)
    app.register_blueprint(health_endpoints(_readiness(parts), parts.writability))
    _install_pages(app, parts)
    app.wsgi_app = HostNames(app.wsgi_app, settings.host_names[0])  # type: ignore[method-assign]
    programs = ProtocolApp(
        routes(parts), app.wsgi_app, issuer=settings.issuer, host_names=settings.host_names, metrics=metrics
    )
    app.wsgi_app = programs  # type: ignore[method-assign]
    if settings.trusted_proxies:
        app.wsgi_app = TrustedProxies(  # type: ignore[method-assign]
            app.wsgi_app, settings.trusted_proxies, "AUTH_TRUSTED_PROXIES"
        )
    if traced:
        from shared.telemetry.service_traces import trace_service  # noqa: PLC0415 - only then OpenTelemetry is imported

        trace_service(app, "auth_service")
        parts.database.trace_statements()
    offer(
        app,
        WorkerSetup(
            max_body_size=MAX_BODY,
            refusal_headers=headers,
            unavailable=CountedOverload(OverloadAnswer(app, programs, headers, settings.issuer), parts.metrics),
            urgent_paths=URGENT_PATHS,
            drain_time=settings.drain_time,
            start=parts.reconciler.start,
            start_once=lambda: ask_whether_redis_replays(parts.redis.reads),
        ),
    )
    return app


def _readiness(parts: Components) -> dict[str, Check]:
    """Return what has to work so that introspection is answered, and truthfully."""
    return {
        "database": parts.database.check,
        "redis": parts.redis.check,
        "revocations": parts.reconciler.check,
    }


def _install_pages(app: Flask, parts: Components) -> None:
    csrf, double_clicks = CSRFProtect(app), DoubleClicks(parts.repeated_answers)
    failed_sign_ins = FailedSignIns(parts.accounts, parts.events, parts.throttle)
    sign_ins = SignIns(
        parts.accounts,
        parts.second_factor_store,
        parts.begun_sign_ins,
        parts.throttle,
        parts.domain_metrics,
    )
    for blueprint in (
        authorization_endpoint(
            parts.authorization,
            parts.pushed_requests,
            parts.accounts,
            parts.clients,
            parts.document_clients,
            parts.throttle,
            parts.pending,
        ),
        logout_endpoint(parts.logout, parts.accounts, parts.throttle, parts.logout_requests),
    ):
        csrf.exempt(blueprint)  # an app's form, which does no more than be sent again as a query
        app.register_blueprint(blueprint)
    app.register_blueprint(home_page(parts.accounts))
    app.register_blueprint(
        sign_in_pages(
            parts.accounts,
            parts.clients,
            parts.throttle,
            parts.pending,
            sign_ins,
            failed_sign_ins,
            parts.domain_metrics,
            parts.settings.help_contact,
            parts.settings.remembered_session_lifetime,
            takes_passkeys=parts.passkeys.are_possible,
            mails=parts.mail.is_sent,
            signs_up=parts.settings.sign_up,
        )
    )
    app.register_blueprint(
        passkey_sign_in(parts.passkeys, parts.throttle, sign_ins, failed_sign_ins, parts.domain_metrics)
    )
    app.register_blueprint(
        second_step_page(
            sign_ins,
            parts.second_factors,
            parts.throttle,
            parts.pending,
            failed_sign_ins,
            parts.domain_metrics,
            parts.settings.help_contact,
        )
    )
    app.register_blueprint(sign_out_pages(parts.logout, parts.accounts, parts.logout_requests, double_clicks))
    app.register_blueprint(
        consent_pages(
            parts.authorization,
            parts.document_clients,
            parts.accounts,
            parts.pending,
            parts.resource_servers,
            parts.creation,
            double_clicks,
        )
    )
    app.register_blueprint(
        device_page(
            parts.accounts,
            parts.clients,
            parts.consents,
            parts.resource_servers,
            parts.devices,
            parts.device_decisions,
            parts.throttle,
            double_clicks,
        )
    )
    app.register_blueprint(
        connected_apps_page(
            parts.accounts,
            parts.clients,
            parts.resource_servers,
            parts.connected_apps,
            parts.revocation,
            parts.reuses,
        )
    )
    app.register_blueprint(activity_pages(parts.accounts, parts.clients, parts.events, parts.reuses, parts.revocation))
    app.register_blueprint(overview_page(parts.accounts, parts.reuses))
    app.register_blueprint(
        your_data_pages(
            parts.accounts,
            parts.account_sessions,
            parts.personal_data,
            parts.resource_servers,
            parts.revocation,
            double_clicks,
            parts.settings.account_deletion_grace,
            parts.settings.help_contact,
        )
    )
    _install_security_page(app, parts, failed_sign_ins, double_clicks)
    _install_pages_of_links(app, parts, failed_sign_ins)


def _install_security_page(
    app: Flask, parts: Components, failed_sign_ins: FailedSignIns, double_clicks: DoubleClicks
) -> None:
    page = SecurityPage(parts.reuses)
    app.register_blueprint(security_pages(parts.accounts, page))
    app.register_blueprint(
        passkeys_section(
            page, parts.accounts, parts.passkeys, parts.passkey_store, parts.second_factor_store, parts.throttle
        )
    )
    app.register_blueprint(
        authenticator_section(page, parts.accounts, parts.second_factors, parts.second_factor_store, double_clicks)
    )
    present_password = PresentPassword(parts.accounts, parts.throttle, failed_sign_ins)
    app.register_blueprint(password_section(page, parts.accounts, present_password, parts.revocation))
    if parts.mail.is_sent:
        changes = parts.email_changes
        app.register_blueprint(email_section(page, parts.accounts, parts.throttle, present_password, changes))
    app.register_blueprint(sessions_section(page, parts.accounts, parts.account_sessions, parts.events))


def _install_pages_of_links(app: Flask, parts: Components, failed_sign_ins: FailedSignIns) -> None:
    """Links are mailed, or an operator hands them over; whoever has none can ask for one where mail is sent."""
    links, throttle, help_contact = parts.password_links, parts.throttle, parts.settings.help_contact
    app.register_blueprint(new_password_page(links, parts.revocation, help_contact))
    if parts.mail.is_sent:
        app.register_blueprint(new_address_page(parts.accounts, parts.email_changes, help_contact))
        app.register_blueprint(forgotten_password_page(links, throttle, failed_sign_ins))
    if parts.settings.sign_up:
        app.register_blueprint(sign_up_pages(links, throttle, failed_sign_ins))
