"""The Moogle Fit API, a resource server: `create_app` for a WSGI server or `flask --app fit_service`.

A request goes wsgi → here → api → storage, and never back. Tokens are validated by `shared.resource_server`.
"""

from flask import Flask

from fit_service.api.body_weight import EntryIdConverter, body_weight_api
from fit_service.api.body_weight_batch import batch_api
from fit_service.api.home import home_endpoint
from fit_service.api.metadata import metadata_endpoint
from fit_service.api.openapi import PATH as DOCUMENT
from fit_service.api.openapi import openapi_endpoint
from fit_service.api.summary import summary_api
from fit_service.api.transfer import transfer_api
from fit_service.api.webhooks import webhooks_api
from fit_service.cli import install_commands
from fit_service.components import Components, build
from fit_service.pages.docs import docs_page
from fit_service.settings import Settings
from fit_service.storage.redis_connection import redis_client
from fit_service.web.access import limit_bodies
from fit_service.web.cross_origin import let_other_origins_read
from fit_service.web.errors import install_error_handlers
from fit_service.web.overload import overload_answer
from shared.gunicorn.worker_setup import WorkerSetup, offer
from shared.operations.health import Check, health_endpoints
from shared.operations.log_config import configure_logging
from shared.operations.metrics import install_metrics
from shared.operations.overload import URGENT_PATHS, CountedOverload
from shared.operations.request_log import follow_requests
from shared.operations.tracing import wants_traces
from shared.resource_server import CannotValidateError, MisconfiguredError
from shared.service.environment import load_or_exit
from shared.service.host_names import HostNames
from shared.service.redis_replay import ask_whether_redis_replays
from shared.service.request_guards import refuse_cut_bodies, refuse_unreadable_text
from shared.service.security_headers import install_security_headers
from shared.service.trusted_proxies import TrustedProxies


def create_app(settings: Settings | None = None) -> Flask:
    """Make the WSGI application. Without settings it takes the environment's, or exits with 2 if they won't do."""
    settings = settings or load_or_exit(Settings.load)
    configure_logging("fit_service", settings.log_level)
    traced = load_or_exit(wants_traces)
    parts = build(settings)
    app = Flask(__name__, static_folder=None)
    app.extensions["fit_service"] = parts
    app.config.update(TRUSTED_HOSTS=settings.host_names)
    app.url_map.converters["entry_id"] = EntryIdConverter
    app.json.sort_keys = False  # type: ignore[attr-defined]  # members in the order in which they are explained
    follow_requests(app)
    install_metrics(app, settings.metrics_token, parts.metrics, parts.webhook_metrics, parts.writability)
    limit_bodies(app)
    refuse_cut_bodies(app)
    refuse_unreadable_text(app)
    headers = install_security_headers(app, settings.resource)
    install_error_handlers(app)
    install_commands(app)
    app.register_blueprint(health_endpoints(_readiness(parts), parts.writability))
    for blueprint in (
        metadata_endpoint(parts.validator, settings.resource, settings.collection),
        body_weight_api(parts.access, parts.body_weights),
        batch_api(parts.access, parts.body_weights),
        summary_api(parts.access, parts.body_weights),
        transfer_api(parts.access, parts.body_weights, settings.issuer, settings.import_limit),
        webhooks_api(parts.access, parts.webhooks, allow_private=settings.webhook_allow_private),
    ):
        let_other_origins_read(blueprint, settings.cors_origins)
        app.register_blueprint(blueprint)
    app.register_blueprint(home_endpoint(settings.origin, settings.resource, settings.issuer))
    app.register_blueprint(openapi_endpoint(app, settings.origin, settings.issuer))
    app.register_blueprint(docs_page(settings.issuer, settings.docs_client_id, DOCUMENT))

    app.wsgi_app = HostNames(app.wsgi_app, settings.host_names[0])  # type: ignore[method-assign]
    if settings.trusted_proxies:
        app.wsgi_app = TrustedProxies(  # type: ignore[method-assign]
            app.wsgi_app, settings.trusted_proxies, "FIT_TRUSTED_PROXIES"
        )
    if traced:
        from shared.telemetry.service_traces import trace_service  # noqa: PLC0415 - only then OpenTelemetry is imported

        trace_service(app, "fit_service")
        parts.database.trace_statements()
    offer(
        app,
        WorkerSetup(
            max_body_size=max(getattr(view, "max_body", 0) for view in app.view_functions.values()),
            refusal_headers=headers,
            unavailable=CountedOverload(overload_answer(app, headers, settings.cors_origins), parts.metrics),
            urgent_paths=URGENT_PATHS,
            drain_time=settings.drain_time,
            start=lambda: None,
            start_once=lambda: _ask_redis(settings.redis_url),
        ),
    )
    return app


def _ask_redis(url: str | None) -> None:
    if url:
        ask_whether_redis_replays(redis_client(url))


def _readiness(parts: Components) -> dict[str, Check]:
    """Say what has to work so that good tokens are answered. An outage of the authorization server is not ours."""

    def names() -> None:
        try:
            parts.validator.check()
        except MisconfiguredError:
            raise
        except CannotValidateError:
            pass

    return {"database": parts.database.check, "names": names}
