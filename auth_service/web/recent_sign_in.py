"""Whoever is to show once more that it is them is led to the sign-in page, and from there back."""

from flask import redirect, url_for
from flask.typing import ResponseReturnValue

from auth_service.web.forms_again import Again


def sign_in_anew(target: str) -> ResponseReturnValue:
    """Lead to the sign-in page, which says why, and from there to `target`, a page of ours."""
    return redirect(url_for("sign_in.sign_in", next=target, again=Again.SIGN_IN_ANEW), 303)
