"""An app registers an address at which it is told; which are accepted is `shared/outbound`'s."""

from fit_service.rules.refusals import InvalidValueError
from shared.outbound.destination import needed_of


def parse_url(url: object, *, allow_private: bool) -> str:
    """Read an address that messages could be sent to. Raises InvalidValueError."""
    needed = needed_of(url, allow_private=allow_private)
    if needed is not None or not isinstance(url, str):
        raise InvalidValueError("url", f"url must be {needed}.")
    return url
