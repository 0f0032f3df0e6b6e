"""A form that could not be taken is shown again, with a word that says why, and nothing was done.

Why stands in the address, not in the session: a form that another site sends comes without our cookie, and an answer
with a session of its own would take the place of the person's.
"""

from collections.abc import Callable
from enum import StrEnum
from urllib.parse import parse_qs

from flask import Blueprint, Flask, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_wtf.csrf import CSRFError

from auth_service.models.language import gettext_noop
from auth_service.web.errors import failed


class Again(StrEnum):
    """A form is shown again for one of these reasons."""

    STALE = "stale"
    NOTHING_TICKED = "nothing-ticked"
    PASSKEY_REFUSED = "passkey-refused"
    PASSKEY_NOT_ADDED = "passkey-not-added"
    BEGIN_ANEW = "begin-anew"
    SIGN_IN_ANEW = "sign-in-anew"


_WORDS = {
    Again.STALE: gettext_noop(
        "This form was open for too long, or you signed in or out meanwhile. Nothing was done: try once more."
    ),
    Again.PASSKEY_REFUSED: gettext_noop(
        "That passkey can’t be used here. Try once more, use another one or your password."
    ),
    Again.PASSKEY_NOT_ADDED: gettext_noop("The passkey was not added. Give it a name and try once more."),
    Again.BEGIN_ANEW: gettext_noop(
        "That took too long, or your account was changed meanwhile. Sign in from the beginning."
    ),
    Again.SIGN_IN_ANEW: gettext_noop("For this, first show once more that it is you."),
    Again.NOTHING_TICKED: gettext_noop(
        "You allowed it, but ticked nothing. Tick what the app may do, or don’t allow it."
    ),
}


def install_words(app: Flask) -> None:
    """Give each page the word with which it is shown again, as `word_again`."""

    @app.context_processor
    def word() -> dict[str, str | None]:
        given = parse_qs(request.query_string.decode("ascii", "replace"))  # on error pages it may be no text
        [again] = given.get("again", [""])[:1]
        return {"word_again": gettext(_WORDS[Again(again)]) if again in set(Again) else None}


def show_again(blueprint: Blueprint, page: Callable[[], str]) -> None:
    """Lead to `page`, an address, from a form of this blueprint that lost its session (ASVS 3.5.1)."""

    @blueprint.errorhandler(CSRFError)
    def lost(error: CSRFError) -> ResponseReturnValue:
        return redirect(page(), 303) if is_stale() else failed(error)


def is_stale() -> bool:
    """Say whether a form that was refused looks like one of ours: forgeries are refused with an error instead."""
    return bool(request.form.get("csrf_token")) and request.accept_mimetypes.accept_html
