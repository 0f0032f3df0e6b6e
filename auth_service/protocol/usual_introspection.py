"""The shortest way through introspection: Basic credentials, a token and nothing else, a plain answer.

Whatever is unusual, or would be refused, it leaves to `introspection_endpoint.py`, whose answers these are.
"""

import re

from auth_service.protocol.authorization_server import ServerParts
from auth_service.protocol.introspection_endpoint import IntrospectionEndpoint, introspect
from auth_service.protocol.oauth_request import Headers, ProtocolResponse
from auth_service.protocol.signed_introspection import wants_signed_answer

_TOKEN_ALONE = re.compile(rb"token=([\w-]{1,200})(?:&token_type_hint=access_token)?")


class UsualIntrospection:
    """Answers a request or leaves it alone."""

    def __init__(self, parts: ServerParts) -> None:
        self._parts = parts

    def answer(self, headers: Headers, body: bytes) -> ProtocolResponse | None:
        """None: the request is not a usual one. Raises what the stores raise."""
        sent, parts = _TOKEN_ALONE.fullmatch(body), self._parts
        if sent is None or wants_signed_answer(headers):
            return None
        caller = parts.authentication.recognise(
            headers.get("Authorization"), parts.resource_servers, IntrospectionEndpoint.ENDPOINT_NAME
        )
        if caller is None:
            return None
        answer = introspect(parts, sent[1].decode(), caller.resource)
        return ProtocolResponse(200, answer, [("Content-Type", "application/json")])
