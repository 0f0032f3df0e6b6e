"""A page says each time in UTC, as a server can't know the reader's zone. Where scripts run, ours rewrites it."""

from datetime import UTC, datetime
from typing import Literal

from flask import Flask, g
from flask_babel import format_date, format_time, gettext
from markupsafe import Markup

from shared.service.security_headers import let_scripts_run

Form = Literal["words", "second", "day"]


def install_times(app: Flask) -> None:
    """Give templates the filter `when`."""
    app.jinja_env.filters["when"] = when


def when(instant: datetime, form: Form = "words") -> Markup:
    """Return an element for a time, and let the script run that rewrites it.

    `form` is what the script makes of it: words such as "2 hours ago", with the exact time on hover; that exact time,
    to the second; or the day.
    """
    g.shows_times = True
    let_scripts_run()
    instant = instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    date = format_date(instant, "long")
    if form == "day":
        text = date
    else:
        time = format_time(instant, "medium" if form == "second" else "short")
        text = gettext("%(date)s, %(time)s UTC", date=date, time=time)
    return Markup('<time datetime="{}" data-as="{}">{}</time>').format(instant.isoformat(), form, text)
