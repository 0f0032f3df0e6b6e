"""The headers of every answer: nothing cached, framed, sniffed or loaded from elsewhere (ASVS V3.4, RFC 9700 §4.16)."""

from urllib.parse import urlsplit

from flask import Flask, Response, g

_PAGE = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action {}"
_DATA = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'; sandbox"


def data_headers(*, secure: bool) -> dict[str, str]:
    """The headers of answers for programs; `secure` adds what only makes sense over TLS."""
    headers = {
        "Content-Security-Policy": _DATA,
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    if secure:
        headers["Strict-Transport-Security"] = "max-age=63072000; includeSubDomains"
    return headers


def install_headers(app: Flask, *, secure: bool) -> None:
    """Set the headers on every answer of the application."""
    standing = data_headers(secure=secure)

    @app.after_request
    def set_headers(response: Response) -> Response:
        headers = response.headers
        for name, value in standing.items():
            headers[name] = value
        if response.mimetype == "text/html":
            headers["Content-Security-Policy"] = _PAGE.format(g.get("form_action", "'self'"))
        headers.setdefault("Cache-Control", "no-store")
        return response


def allow_form_to_lead_to(redirect_uri: str) -> None:
    """Let the form of this page end at a client's address.

    Chromium holds a form's whole chain of redirects against `form-action`, and a client's callback may itself redirect
    to an origin that we can't know. So the policy names schemes: https, and the one of the validated address.
    """
    g.form_action = " ".join(dict.fromkeys(("'self'", "https:", f"{urlsplit(redirect_uri).scheme}:")))
