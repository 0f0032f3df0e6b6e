"""A browser is sent back to the client with the authorization response (RFC 6749 §4.1.2, RFC 9207)."""

from urllib.parse import urlencode


def with_parameters(uri: str, parameters: dict[str, str]) -> str:
    """Append parameters to the query of `uri`, which is kept byte for byte (RFC 6749 §3.1.2)."""
    joint = "&" if "?" in uri else "?"
    return f"{uri}{'' if uri.endswith(('?', '&')) else joint}{urlencode(parameters)}"
