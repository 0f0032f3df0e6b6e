"""What there is to say of an endpoint for programs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from auth_service.protocol.oauth_request import ProtocolResponse
from shared.service.cors import ScriptAccess

MAX_BODY = 64 * 1024
"""Bytes. No request of OAuth is anywhere near."""

Verb = Callable[..., ProtocolResponse]
"""Answers a ProgramRequest and, where the route's path has a variable, its value. It may raise an OAuth2Error."""


@dataclass(frozen=True, slots=True)
class Route:
    """An endpoint for programs, with all that is particular to it."""

    path: str
    """Its last part may be a variable in angle brackets."""
    name: str
    """In the metrics."""
    called_by: str
    """Who may call it."""
    verbs: Mapping[str, Verb]
    """By method. GET also answers HEAD."""
    largest_body: int = MAX_BODY
    """In bytes."""
    scripts: ScriptAccess | None = None
    """Which scripts of other origins may read its answers. None: no script may."""
    kept_for: int = 0
    """Seconds for which anybody may keep a good answer."""
    routine: bool = False
    """Whether programs ask all day long: then a good answer leaves a line in the log at DEBUG only."""

    @property
    def methods(self) -> list[str]:
        """All that it answers."""
        return sorted({*self.verbs, "OPTIONS", *(["HEAD"] if "GET" in self.verbs else [])})
