"""What a person sees of their weights, and how they add, change and delete one."""

import re

import requests

from tests.support.actions import Actions, Person
from tests.support.strength_app import StrengthApp


def fields(page: requests.Response) -> dict[str, str]:
    """What stands in the inputs of a page."""
    return dict(re.findall(r'<input[^>]* name="(\w+)"[^>]*? value="([^"]*)"', page.text))


def shown(page: requests.Response) -> list[tuple[str, str]]:
    """The table: when, and how much."""
    times = re.findall(r"<time[^>]*>([^<]*)</time>", page.text)
    return list(zip(times, re.findall(r'<data value="([^"]*)"', page.text), strict=True))


def edit_address(page: requests.Response) -> str:
    found = re.search(r"/weights/[0-9a-f]+", page.text)
    assert found is not None
    return found[0]


def test_times_are_typed_and_shown_as_the_clock_shows_them_where_the_person_is(
    app: StrengthApp, mo: Person, actions: Actions
) -> None:
    assert "America/New_York" in app.post(mo, "/zone", zone="America/New_York").text
    page = app.add(mo, "82.5", moment="2026-07-03T07:30")
    assert shown(app.home(mo, range="all")) == [("2026-07-03 07:30", "82.5 kg")], page.text
    [entry] = actions.fit("GET", token=actions.app().connect(mo).access).json()
    assert (entry["created_at"], entry["utc_offset"]) == ("2026-07-03T11:30:00+00:00", "-04:00")
    assert "That is no time zone." in app.post(mo, "/zone", zone="Factory").text


WRONG = [
    ("", "kg", "", "Write your weight."),
    ("eighty", "kg", "2026-01-05T07:30", "Write the weight as a number, as in 82.5."),
    ("NaN", "kg", "", "A weight is between 1 and 700 kg."),
    ("0.5", "lbs", "", "A weight is between 2.205 and 1543.235 lbs."),
    ("82.12345", "kg", "", "A weight has at most three decimals."),
    ("82.5", "stone", "", "Choose kg or lbs."),
    ("82.5", "kg", "yesterday", "Choose a day and a time"),
    ("82.5", "kg", "0001-01-01T00:00", "Choose a day"),
    ("82.5", "kg", "2099-01-05T07:30", "That is more than a day from now."),
    ("82.5", "kg", "2026-03-29T02:30", "That time never was in Europe/Berlin"),
]


def test_what_is_wrong_is_said_beside_what_was_typed(app: StrengthApp, mo: Person) -> None:
    app.post(mo, "/zone", zone="Europe/Berlin")
    for weight, unit, moment, said in WRONG:
        page = app.add(mo, weight, unit, moment)
        assert (page.status_code, said in page.text) == (422, True), said
        assert (fields(page)["body_weight"], fields(page)["moment"]) == (weight, moment)
        assert shown(page) == []


def test_a_form_that_is_sent_twice_adds_one(app: StrengthApp, mo: Person) -> None:
    key = fields(app.home(mo))["key"]
    for _ in range(2):
        app.post(mo, "/weights", body_weight="82.5", unit="kg", moment="2026-01-05T07:30", key=key)
    assert shown(app.home(mo, range="all")) == [("2026-01-05 07:30", "82.5 kg")]


def test_a_weighing_is_changed_and_deleted(app: StrengthApp, mo: Person) -> None:
    app.add(mo, "82,5", moment="2026-01-05T07:30")
    address = edit_address(app.home(mo, range="all"))
    page = app.open(mo, address)
    version = fields(page)["version"]
    assert (fields(page)["body_weight"], fields(page)["moment"]) == ("82.5", "2026-01-05T07:30")
    app.post(mo, address, body_weight="180", unit="lbs", moment="2026-01-06T07:00", version=version)
    assert shown(app.home(mo, range="all", unit="lbs")) == [("2026-01-06 07:00", "180 lbs")]

    late = app.post(mo, address, body_weight="79", unit="kg", moment="", version=version)
    assert (late.status_code, "changed somewhere else meanwhile" in late.text) == (422, True)
    assert fields(late)["body_weight"] == "79"
    assert app.post(mo, f"{address}/delete", version=version).status_code == 422
    version = fields(app.open(mo, address))["version"]
    assert "180 lbs was deleted." in app.post(mo, f"{address}/delete", version=version).text
    assert shown(app.home(mo, range="all")) == []
    assert app.open(mo, address).status_code == 404


def test_what_was_not_touched_in_the_form_keeps_its_seconds(app: StrengthApp, mo: Person, actions: Actions) -> None:
    token = actions.app().connect(mo).access
    entry = {"body_weight": "82.5", "unit": "kg", "created_at": "2026-01-05T07:30:42.5+01:00"}
    actions.fit("POST", token=token, json=entry)
    address = edit_address(app.home(mo, range="all"))
    form = fields(app.open(mo, address))
    app.post(mo, address, body_weight="82", unit="kg", moment=form["moment"], version=form["version"])
    [after] = actions.fit("GET", token=token).json()
    assert (after["body_weight"], after["created_at"], after["utc_offset"]) == (
        "82",
        "2026-01-05T06:30:42.500000+00:00",
        "+01:00",
    )


def test_a_person_looks_at_a_month_a_year_or_all_and_misses_nothing(
    app: StrengthApp, mo: Person, actions: Actions
) -> None:
    rows = "".join(f"80.5,kg,2019-{1 + n // 28:02}-{1 + n % 28:02}T07:{n % 60:02}:00Z\n" for n in range(200))
    rows += "".join(f"81,kg,2018-01-01T{n // 60:02}:{n % 60:02}:00Z\n" for n in range(400))
    file = f"body_weight,unit,created_at\n{rows}".encode()
    token = actions.app().connect(mo).access
    actions.fit("POST", "/api/body_weight/import", token, data=file, headers={"Content-Type": "text/csv"})
    app.add(mo, "79")
    for chosen, points, explained in (
        ("month", 1, "Each point is a weighing."),
        ("year", 1, "Each point is a weighing."),
        ("all", 30, "Each point is the mean of a week."),
    ):
        page = app.home(mo, range=chosen).text
        assert (page.count("<circle") >= points, explained in page, page.count("<polyline")) == (True, True, 1), chosen
    page, seen = app.open(mo, "/weights"), 0
    while True:
        seen += len(shown(page))
        older = re.search(r'href="(/weights\?[^"]*cursor=[^"]*)"', page.text)
        if older is None:
            break
        page = app.open(mo, older[1].replace("&amp;", "&"))
    assert seen == 601


def test_decimals_stand_below_each_other(app: StrengthApp, mo: Person) -> None:
    for weight in ("82", "82.125"):
        app.add(mo, weight)
    page = app.home(mo).text
    assert '82<span class="fraction digits-3"></span>' in page
    assert '82<span class="fraction digits-3">.125</span>' in page
