"""What is kept of requests while a person decides has a bound: anybody may send some."""

from flask import request
from werkzeug.exceptions import TooManyRequests

from auth_service.models.account import Account
from auth_service.storage.throttle import Throttle


def count_kept_request(throttle: Throttle, account: Account | None) -> None:
    """Count what is about to be kept for whoever is signed in. Raises TooManyRequests, which becomes a page."""
    if wait := throttle.kept_request(account.id if account else None, request.remote_addr or ""):
        raise TooManyRequests(retry_after=wait)
