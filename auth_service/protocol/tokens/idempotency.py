"""An Idempotency-Key (draft-ietf-httpapi-idempotency-key-header) lets a request be repeated if its answer is lost."""

import json

from authlib.oauth2.rfc6749 import InvalidRequestError

from auth_service.models.tokens import Repeatable
from auth_service.protocol.clients.authentication import PROOFS_OF_IDENTITY
from auth_service.protocol.oauth_request import ProtocolRequest
from shared.service.hashing import sha256
from shared.service.idempotency_key import KEY_PROBLEM, idempotency_key

_WHO_ASKS = PROOFS_OF_IDENTITY | {"client_id"}
"""A repetition may say this otherwise, in a header or in the body; that it is the same client is checked elsewhere."""


def repeatable(sent: str | None, request: ProtocolRequest) -> Repeatable:
    """Return what a repetition has in common with this request, which has `sent` this Idempotency-Key or none.

    Raises InvalidRequestError for a malformed key.
    """
    key = None if sent is None else idempotency_key(sent)
    if sent is not None and key is None:
        raise InvalidRequestError(KEY_PROBLEM)
    parameters = {name: values for name, values in request.parameters.items() if name not in _WHO_ASKS}
    return Repeatable("" if key is None else _digest(key), _digest(json.dumps(parameters, sort_keys=True)))


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
