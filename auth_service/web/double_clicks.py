"""Whoever decides may press the button twice, and the browser drops the answer to the first click (RFC 6749 §4.1.2).

A decision still decides once: who comes second finds the request taken. But for some seconds the very same form gets
the answer that the first one got, as it was; nothing is looked at, granted or ended again. The form itself is the key
to it: it has the CSRF token of one session, so of one person in one browser, and the id of one request, both of which
nobody can guess. A form that says anything else is another decision, and too late.

Giving the second click a code of its own would be simpler, and leave a grant that nobody has the tokens of.
"""

import json
from collections.abc import Callable

from flask import Response, make_response, request
from flask.typing import ResponseReturnValue

from auth_service.storage.repeated_answers import RepeatedAnswers

_REFUSED = 400


def sent_form() -> str:
    """Return all that the form of this request says, and where it was sent."""
    return json.dumps([request.path, *sorted(request.form.items(multi=True))])


class DoubleClicks:
    """It answers a form that comes again."""

    def __init__(self, answers: RepeatedAnswers) -> None:
        self._answers = answers

    def answer(
        self,
        form: str,
        decide: Callable[[], ResponseReturnValue],
        may_repeat: Callable[[str], bool] = lambda _: True,
    ) -> Response:
        """Return what this form was answered, and decide if it was not.

        `may_repeat` says whether an earlier answer that leads to this address may still be given. No refusal is kept,
        nor what `decide` raises.
        """
        is_first = self._answers.begin(form)
        if not is_first and (earlier := self.earlier(form, may_repeat)) is not None:
            return earlier
        kept = False
        try:
            response = make_response(decide())
            if is_first and response.status_code < _REFUSED:
                said = [response.status_code, response.headers.get("Location"), response.get_data(as_text=True)]
                self._answers.keep(form, json.dumps(said))
                kept = True
            return response
        finally:
            if is_first and not kept:
                self._answers.drop(form)

    def earlier(self, form: str, may_repeat: Callable[[str], bool] = lambda _: True) -> Response | None:
        """Return what this form was answered some seconds ago."""
        kept = self._answers.earlier(form)
        if kept is None:
            return None
        status, location, body = json.loads(kept)
        if not may_repeat(location or ""):
            return None
        response = make_response(body, status)
        if location is not None:
            response.headers["Location"] = location
        return response
