"""At `/docs` the API is documented and can be tried. Swagger UI shows it, and all that it loads is here."""

from importlib.metadata import version
from importlib.resources import as_file, files

from flask import Blueprint, Response, abort, make_response, render_template, send_from_directory
from flask.typing import ResponseReturnValue

_SWAGGER_UI = files("flask_swagger_ui") / "dist"
_VERSION = version("flask-swagger-ui")
_FILES = {"swagger-ui-bundle.js", "swagger-ui.css"}
_A_YEAR = 31_536_000
"""So many seconds browsers keep a file: another version has another address."""


def docs_page(issuer: str, client_id: str | None, document: str) -> Blueprint:
    """Make the blueprint.

    Args:
        issuer: the authorization server, as browsers see it.
        client_id: as what the page asks there for tokens; without one, nothing that needs a token can be tried.
        document: where the OpenAPI document is.
    """
    blueprint = Blueprint("docs", __name__, url_prefix="/docs", template_folder="templates", static_folder="static")
    policy = (
        f"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self' {issuer}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )

    def page(template: str, **values: object) -> Response:
        answer = make_response(render_template(template, version=_VERSION, **values))
        answer.headers["Content-Security-Policy"] = policy
        return answer

    @blueprint.get("", strict_slashes=False)
    def show_docs() -> ResponseReturnValue:
        return page("docs.html", document=document, issuer=issuer, client_id=client_id or "")

    @blueprint.get("/callback")
    def receive_code() -> ResponseReturnValue:
        return page("docs_callback.html")

    @blueprint.get("/swagger-ui/<version>/<name>")
    def send_swagger_ui(version: str, name: str) -> ResponseReturnValue:
        if version != _VERSION or name not in _FILES:
            abort(404)
        with as_file(_SWAGGER_UI) as folder:
            answer = send_from_directory(folder, name, max_age=_A_YEAR)
        answer.cache_control.immutable = True
        return answer

    return blueprint
