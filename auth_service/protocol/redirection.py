"""The authorization response: how a browser is sent back to the client (RFC 6749 §4.1.2, RFC 9207)."""

from urllib.parse import urlencode


def with_parameters(uri: str, parameters: dict[str, str]) -> str:
    """`uri` with parameters appended to its query, which is kept byte for byte (RFC 6749 §3.1.2)."""
    joint = "&" if "?" in uri else "?"
    return f"{uri}{'' if uri.endswith(('?', '&')) else joint}{urlencode(parameters)}"
