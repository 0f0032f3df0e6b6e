"""The headers of every answer, so that nothing is cached, framed, sniffed or loaded from elsewhere (ASVS V3.4, RFC 9700
§4.16).
"""

from urllib.parse import urlsplit

from flask import Flask, Response, g

_DATA_POLICY = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'; sandbox"
_PAGE_POLICY = (
    "default-src 'none'; {}style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action {}"
)


def _page_policy() -> str:
    return _PAGE_POLICY.format(g.get("scripts", ""), g.get("form_action", "'self'"))


def data_headers(address: str) -> dict[str, str]:
    """Return the headers of answers for programs, from a service at this address."""
    return {
        "Content-Security-Policy": _DATA_POLICY,
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        **_transport_security(address),
    }


def page_headers(address: str) -> dict[str, str]:
    """Return the headers of a page without scripts, from a service at this address."""
    return {**data_headers(address), "Content-Security-Policy": _PAGE_POLICY.format("", "'self'")}


def _transport_security(address: str) -> dict[str, str]:
    """None without TLS (RFC 6797 §7.2), nor at `localhost`, which has other sites at other ports.

    Browsers hold a host name to it at all ports, so nothing else on the person's machine could be reached over http.
    """
    parts = urlsplit(address)
    host = parts.hostname or ""
    if parts.scheme != "https" or host == "localhost" or host.endswith(".localhost"):
        return {}
    return {"Strict-Transport-Security": "max-age=63072000; includeSubDomains"}


def install_security_headers(app: Flask, address: str) -> dict[str, str]:
    """Set the headers, which are returned, on every answer of the application, where its view has set no other.

    A page gets a policy under which it may have style sheets and images of its own, and forms that lead to where
    `let_form_lead_to` says; scripts only after `let_scripts_run`.
    """
    standing = {**data_headers(address), "Cache-Control": "no-store"}

    @app.after_request
    def set_headers(response: Response) -> Response:
        headers = response.headers
        if response.mimetype == "text/html":
            headers.setdefault("Content-Security-Policy", _page_policy())
        for name, value in standing.items():
            headers.setdefault(name, value)
        return response

    return standing


def let_scripts_run(*, asking: bool = False) -> None:
    """Let the page that answers this request load scripts of our own origin; still none that stand in it.

    With `asking`, they may ask our own origin for something, whoever else lets them run.
    """
    g.scripts_may_ask = asking or g.get("scripts_may_ask", False)
    g.scripts = "script-src 'self'; " + ("connect-src 'self'; " if g.scripts_may_ask else "")


def let_form_lead_to(*sources: str) -> None:
    """Let the form of the page that answers this request end at these, as `form-action` of its policy names them."""
    g.form_action = " ".join(dict.fromkeys(sources))
