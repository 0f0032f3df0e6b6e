"""A page says each time in UTC, as a server can't know the reader's zone. Where scripts run, ours rewrites it."""

from datetime import UTC, datetime
from typing import Literal

from babel.dates import format_skeleton
from flask import Flask, g
from flask_babel import format_date, format_time, get_locale, gettext
from markupsafe import Markup

from shared.service.security_headers import let_scripts_run

Form = Literal["words", "second", "day", "time"]


def install_times(app: Flask) -> None:
    """Give templates the filters `when` and, where no element can stand, `utc`."""
    app.jinja_env.filters.update(when=when, utc=utc)


def when(instant: datetime, form: Form = "words") -> Markup:
    """Return an element for a time, and let the script run that rewrites it.

    `form` is what the script makes of it: words such as "2 hours ago", with the exact time on hover; that exact time,
    to the second; the day; or the time of the day.
    """
    g.shows_times = True
    let_scripts_run()
    return Markup('<time datetime="{}" data-as="{}">{}</time>').format(
        _aware(instant).isoformat(), form, utc(instant, form)
    )


def utc(instant: datetime, form: Form | Literal["short"] = "words") -> str:
    """Say a time in UTC. Where that is said beside it, `short` leaves it and the year out, and `time` the date."""
    instant = _aware(instant)
    if form == "time":
        return str(format_time(instant, "short"))
    if form == "short":
        day = format_skeleton("MMMd", instant, locale=get_locale())
        return gettext("%(date)s, %(time)s", date=day, time=format_time(instant, "medium"))
    date = str(format_date(instant, "long"))
    if form == "day":
        return date
    time = format_time(instant, "medium" if form == "second" else "short")
    return gettext("%(date)s, %(time)s UTC", date=date, time=time)


def _aware(instant: datetime) -> datetime:
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
