"""HEAD is refused where GET does something."""

from flask import Blueprint, request
from werkzeug.exceptions import MethodNotAllowed


def refuse_head(blueprint: Blueprint) -> None:
    """Refuse HEAD at the addresses of this blueprint, with which programs look at a link before a person follows it.

    Flask runs the view for GET, and here that spends what works once, or signs somebody out.
    """

    @blueprint.before_request
    def only_whole_answers() -> None:
        if request.method == "HEAD":
            assert request.url_rule is not None
            assert request.url_rule.methods is not None
            raise MethodNotAllowed(sorted(request.url_rule.methods - {"HEAD", "OPTIONS"}))
