"""A page of ours leads to the address of a client through a question first, where nobody has checked it."""

from urllib.parse import urlsplit

from authlib.oauth2 import OAuth2Error
from flask import Response, make_response, render_template

from auth_service.models.client import Client
from shared.service.security_headers import let_form_lead_to


def ask_before_leaving(client_name: str, address: str) -> str:
    """Show a page that names the host and leaves it to the person whether to go there.

    For who has not signed in. Anybody can register a client and send a link to us; a redirect would lend our name to
    the address behind it (RFC 9700 §4.11.2).
    """
    return render_template("leaving.html", client_name=client_name, host=urlsplit(address).netloc, address=address)


def show_mistake(client: Client, refusal: OAuth2Error, address: str) -> Response:
    """Show a page that says what is wrong with a request, and leaves it to the person whether to go back to its client.

    For who has not signed in, and needn't: a developer sees it at once (RFC 7636 §4.4.1).
    """
    page = render_template(
        "mistaken_request.html",
        client=client,
        error=refusal.error,
        description=refusal.get_error_description(),
        host=urlsplit(address).netloc or f"{urlsplit(address).scheme}:",
        address=address,
    )
    return make_response(page, 400)


def allow_form_to_lead_to(redirect_uri: str) -> None:
    """Let the form of this page end at a client's address.

    Chromium holds a form's whole chain of redirects against `form-action`, and a client's callback may itself redirect
    to an origin that we can't know. So the policy names schemes: https, and the one of the validated address.
    """
    let_form_lead_to("'self'", "https:", f"{urlsplit(redirect_uri).scheme}:")
