"""A route says all that there is to say of an endpoint for programs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from auth_service.protocol.oauth_request import ProtocolResponse
from shared.service.cors import ScriptAccess

MAX_BODY = 64 * 1024
"""A body has at most so many bytes. No request of OAuth is anywhere near."""

Verb = Callable[..., ProtocolResponse]
"""It answers a ProgramRequest and, where the route's path has a variable, its value. It may raise an OAuth2Error."""


@dataclass(frozen=True, slots=True)
class Route:
    """It is an endpoint for programs, with all that is particular to it."""

    path: str
    """Its last part may be a variable in angle brackets."""
    name: str
    """The metrics call it so."""
    called_by: str
    """These may call it."""
    verbs: Mapping[str, Verb]
    """They are found by method. GET also answers HEAD."""
    largest_body: int = MAX_BODY
    """It is in bytes."""
    scripts: ScriptAccess | None = None
    """These scripts of other origins may read its answers. None: no script may."""
    kept_for: int = 0
    """Anybody may keep a good answer for so many seconds."""
    routine: bool = False
    """Programs ask it all day long: a good answer leaves a line in the log at DEBUG only."""

    @property
    def methods(self) -> list[str]:
        """It answers these methods."""
        return sorted({*self.verbs, "OPTIONS", *(["HEAD"] if "GET" in self.verbs else [])})
