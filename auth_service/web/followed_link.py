"""A link that was mailed: what is secret about it goes from the address into this browser's session at once.

So it stands in no history, no Referer and no page that is sent on. To follow it spends nothing: scanners of mail follow
every link, and only the form of the page that it leads to does what it allows.
"""

import re

from flask import redirect, request, session, url_for
from flask.typing import ResponseReturnValue

_TOKEN = re.compile(r"mol_[A-Za-z0-9_-]{43}")
_KEPT_AS = "link"


def keep_link() -> ResponseReturnValue | None:
    """Keep the link that the address of this request has, and lead to the same page without it; None if it has none."""
    if "link" not in request.args:
        return None
    given = request.args["link"]
    session[_KEPT_AS] = given if _TOKEN.fullmatch(given) else ""
    return redirect(url_for(str(request.endpoint)), 303)


def followed_link() -> str:
    """Return the token of the link that this browser followed last, or nothing."""
    return str(session.get(_KEPT_AS, ""))


def forget_link() -> None:
    """It was used."""
    session.pop(_KEPT_AS, None)
