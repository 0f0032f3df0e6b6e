"""The headers of every answer: nothing cached, framed, sniffed or loaded from elsewhere (ASVS V3.4, RFC 9700 §4.16)."""

from urllib.parse import urlsplit

from flask import Flask, Response, g

_PAGE = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action {}"
_DATA = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'; sandbox"


def install_headers(app: Flask, *, secure: bool) -> None:
    """Set the headers on every answer of the application; `secure` adds what only makes sense over TLS."""

    @app.after_request
    def set_headers(response: Response) -> Response:
        headers = response.headers
        is_page = response.mimetype == "text/html"
        headers["Content-Security-Policy"] = _PAGE.format(g.get("form_action", "'self'")) if is_page else _DATA
        headers["X-Content-Type-Options"] = "nosniff"
        headers["X-Frame-Options"] = "DENY"
        headers["Referrer-Policy"] = "no-referrer"
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        headers["Cross-Origin-Resource-Policy"] = "same-origin"
        headers.setdefault("Cache-Control", "no-store")
        if secure:
            headers["Strict-Transport-Security"] = "max-age=63072000; includeSubDomains"
        return response


def allow_form_to_lead_to(redirect_uri: str) -> None:
    """Let the form of this page end at a client's address.

    Chromium holds a form's whole chain of redirects against `form-action`, and a client's callback may itself redirect
    to an origin that we can't know. So the policy names schemes: https, and the one of the validated address.
    """
    g.form_action = " ".join(dict.fromkeys(("'self'", "https:", f"{urlsplit(redirect_uri).scheme}:")))
