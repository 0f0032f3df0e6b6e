"""The mail server that a setting names, and the sender that another one does."""

from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from typing import Literal
from urllib.parse import unquote, urlsplit

LONGEST_EMAIL = 254
"""An address has at most so many characters (RFC 5321 §4.5.3.1.3, without the brackets)."""

_Tls = Literal["from the start", "starttls", "none"]
_FORMS: dict[str, tuple[_Tls, int]] = {
    "smtps": ("from the start", 465),
    "smtp": ("starttls", 587),
    "smtp+plain": ("none", 25),
}
"""How a connection of this scheme is encrypted, and its usual port (RFC 8314 §3)."""


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Mail is handed to this server."""

    host: str
    port: int
    tls: _Tls
    user: str | None = None
    password: str | None = None


def smtp_server(url: str) -> SmtpServer:
    """Read `smtps://user:password@host:465`, `smtp://…` or `smtp+plain://…`.

    The first is TLS from the start, the second demands STARTTLS, and the third is never encrypted, so it takes no
    password. Raises ValueError, whose text quotes nothing of a password.
    """
    scheme = url.partition("://")[0]
    if scheme not in _FORMS:
        raise ValueError("must begin with smtps://, smtp:// (STARTTLS) or smtp+plain:// (never encrypted)")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:  # whose text may quote a piece of a password
        host, port = None, None
    if not host or parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise ValueError("is scheme://user:password@host:port; in a password, write @ : / as %40 %3A %2F")
    tls, usual_port = _FORMS[scheme]
    if (parts.username is None) != (parts.password is None):
        raise ValueError("has both a user and a password, or neither")
    if parts.password is not None and tls == "none":
        raise ValueError("sends no password over a connection without TLS: use smtps:// or smtp://")
    user, password = (None if each is None else unquote(each) for each in (parts.username, parts.password))
    return SmtpServer(host, port or usual_port, tls, user, password)


def is_email(text: str) -> bool:
    """Say whether mail could be sent there (RFC 5322 §3.4.1), to a name in ASCII at a domain of the Internet."""
    try:
        address = Address(addr_spec=text)
    except (MessageError, ValueError, IndexError):
        return False
    is_plain = text.isascii() and text.isprintable() and len(text) <= LONGEST_EMAIL and str(address) == text
    return is_plain and "." in address.domain.strip(".")


def sender_address(text: str) -> Address:
    """Read `Moogle <no-reply@example.org>`, or an address alone. Raises ValueError."""
    name, bracket, rest = text.rpartition("<")
    address = rest.removesuffix(">") if bracket else text
    if (bracket and not rest.endswith(">")) or not is_email(address) or not name.isprintable():
        raise ValueError("looks like Moogle <no-reply@example.org>, or like the address alone")
    return Address(name.strip().strip('"'), addr_spec=address)
