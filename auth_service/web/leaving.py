"""The page between us and the address of a client that nobody has checked."""

from urllib.parse import urlsplit

from flask import render_template


def ask_before_leaving(client_name: str, address: str) -> str:
    """A page that names the host and leaves it to the person whether to go there.

    For who has not signed in. Anybody can register a client and send a link to us; a redirect would lend our name to
    the address behind it (RFC 9700 §4.11.2).
    """
    return render_template("leaving.html", client_name=client_name, host=urlsplit(address).netloc, address=address)
