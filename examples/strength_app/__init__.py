"""The strength app: the client of the story. It shows a person's body weight and adds to it, and sees no password.

The browser sees what is in files called `…_pages.py`. `moogle_fit.py` is how
the Fit API and the authorization server are called, `connections.py` where the tokens are kept. A file that is imported
lies where `import_files.py` says, `import_reading.py` reads it, and `import_work.py` sends what is in it.
"""

from authlib.integrations.flask_client import OAuth
from flask import Flask, render_template
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFProtect
from werkzeug.exceptions import HTTPException

from examples.strength_app.connection_pages import connection_pages
from examples.strength_app.connections import ConnectionStore
from examples.strength_app.entry_pages import entry_pages
from examples.strength_app.import_files import ImportFiles
from examples.strength_app.import_pages import import_pages, receive_uploads
from examples.strength_app.import_work import ImportWork
from examples.strength_app.moogle_fit import MoogleFit
from examples.strength_app.settings import Settings
from examples.strength_app.weight_pages import weight_pages
from examples.strength_app.weights import Weights
from shared.operations.health import health_endpoints
from shared.operations.log_config import configure_logging
from shared.operations.request_log import follow_requests
from shared.service.environment import load_or_exit
from shared.service.security_headers import install_security_headers

SCOPE = "body_weight:read body_weight:write"


def create_app(settings: Settings | None = None) -> Flask:
    """The WSGI application. Without settings, those of the environment; if these won't do, the process ends with 2."""
    settings = settings or load_or_exit(Settings.load)
    configure_logging("strength_app", settings.log_level)
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SESSION_COOKIE_NAME="strength_app",
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.url.startswith("https://"),
        MAX_CONTENT_LENGTH=64 * 1024,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,  # it would want a Referer, which our pages tell browsers not to send
    )
    follow_requests(app)
    install_security_headers(app, settings.url)
    store, files = ConnectionStore(settings.database), ImportFiles(settings.database)
    receive_uploads(app, store, files, settings.upload_limit)
    CSRFProtect(app)
    oauth = OAuth(app, cache=store)  # state and code_verifier wait in the store, not in the cookie
    oauth.register(
        "moogle",
        client_id=settings.client_id,
        client_secret=settings.client_secret,
        authorize_url=f"{settings.issuer}/authorize",
        access_token_url=f"{settings.auth_url or settings.issuer}/token",
        client_kwargs={"scope": SCOPE, "code_challenge_method": "S256", "timeout": 5},
    )
    app.register_blueprint(health_endpoints({"database": store.check}))
    moogle_fit = MoogleFit(settings, store)
    app.register_blueprint(connection_pages(settings, oauth, store, moogle_fit, files))
    for made in (weight_pages, entry_pages):
        app.register_blueprint(made(store, Weights(moogle_fit)))
    work = ImportWork(files, store, moogle_fit)
    app.register_blueprint(import_pages(store, files, work, settings.upload_limit))

    @app.errorhandler(HTTPException)
    def tell_error(error: HTTPException) -> ResponseReturnValue:
        return render_template("problem.html", problem=error), error.code or 500

    return app
