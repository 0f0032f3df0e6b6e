"""The Idempotency-Key of a token request (draft-ietf-httpapi-idempotency-key-header), for answers lost on the way."""

import json
import re
from hashlib import sha256

from authlib.oauth2.rfc6749 import InvalidRequestError

from auth_service.models.tokens import Repeatable
from auth_service.protocol.client_authentication import PROOFS_OF_IDENTITY
from auth_service.protocol.oauth_request import ProtocolRequest

_KEY = re.compile(r'"?([\x21\x23-\x5B\x5D-\x7E]{16,255})"?')


def repeatable(request: ProtocolRequest) -> Repeatable:
    """What a repetition of this request must have in common with it. Raises InvalidRequestError for a malformed key."""
    header = request.headers.get("Idempotency-Key")
    if header is None:
        return Repeatable()
    key = _KEY.fullmatch(header.strip())
    if key is None:
        raise InvalidRequestError("Idempotency-Key must be 16 to 255 visible ASCII characters.")
    parameters = {name: values for name, values in request.parameters.items() if name not in PROOFS_OF_IDENTITY}
    return Repeatable(_digest(key[1]), _digest(json.dumps(parameters, sort_keys=True)))


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
