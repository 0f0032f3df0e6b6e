"""Resource servers learn here whose accounts are gone, and say that what they had of them is gone too.

The revocation feed is for minutes and forgets after a day. This is for weeks: a notice is told until it is
acknowledged.
"""

import re

from authlib.oauth2.rfc6749 import InvalidRequestError

from auth_service.models.resource_server import ResourceServer
from auth_service.protocol.clients.authentication import ClientAuthentication
from auth_service.protocol.oauth_request import ProtocolRequest, ProtocolResponse
from auth_service.storage.deleted_accounts import DeletedAccountStore
from shared.resource_server.wire import DeletedAccountsAnswer

AT_ONCE = 100
"""An answer has at most so many accounts."""
_IN_HEADER = ("client_secret_basic",)
"""A query has no body, and secrets don't belong in an address (RFC 6749 §2.3.1)."""
_IN_HEADER_OR_FORM = ("client_secret_basic", "client_secret_post")
_NUMBER = re.compile(r"[0-9]{1,15}")


class DeletedAccountsEndpoint:
    """It answers resource servers, each about its own notices only."""

    def __init__(self, authentication: ClientAuthentication[ResourceServer], deleted: DeletedAccountStore) -> None:
        self._authentication = authentication
        self._deleted = deleted

    def tell(self, request: ProtocolRequest) -> ProtocolResponse:
        """Say which accounts are gone that the caller has not acknowledged, the first ones first, behind `after`.

        Credentials first, as at introspection. Raises an OAuth2Error.
        """
        caller = self._authentication.authenticate(request, _IN_HEADER, "deleted_accounts")
        request.refuse_repeated("after")
        after = request.form.get("after", "0")
        if _NUMBER.fullmatch(after) is None:
            raise InvalidRequestError("after must be the id of a deleted account, as an answer had it.")
        notices = self._deleted.notices(caller.name, int(after), AT_ONCE + 1)
        body: DeletedAccountsAnswer = {
            "deleted_accounts": [
                {"id": str(notice.id), "sub": notice.subject, "erased_at": int(notice.erased_at.timestamp())}
                for notice in notices[:AT_ONCE]
            ],
            "more": len(notices) > AT_ONCE,
        }
        return ProtocolResponse(200, body, [("Cache-Control", "no-store")])

    def acknowledge(self, request: ProtocolRequest) -> ProtocolResponse:
        """Tell the caller no more of the account `sub`; whoever says so again is answered the same.

        Raises an OAuth2Error.
        """
        caller = self._authentication.authenticate(request, _IN_HEADER_OR_FORM, "deleted_accounts")
        request.refuse_repeated()
        subject = request.form.get("sub")
        if subject is None:
            raise InvalidRequestError("sub is required.")
        self._deleted.acknowledge(caller.name, subject)
        return ProtocolResponse(200, {"sub": subject, "acknowledged": True}, [("Cache-Control", "no-store")])
