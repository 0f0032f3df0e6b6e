"""Any other CSV is imported by the names of its columns, and what separates its cells is seen and said."""

import pytest

from tests.support.actions import Actions
from tests.support.imported_files import faults, questions, send, shown


@pytest.fixture
def token(actions: Actions) -> str:
    return actions.token()


MAPPED = {"map": '{"body_weight": "Gewicht", "created_at": "Datum"}', "unit": "kg", "tz": "Europe/Berlin"}


@pytest.mark.parametrize(
    ("file", "because"),
    [
        ("Datum;Note;Gewicht\n05.01.2026 07:30;a;82,5\n", "semicolons, decimals are written with a comma"),
        ("Datum\tGewicht\n2026-01-05 07:30\t82.5\n", "tabs, decimals are written with a point"),
        ('Datum,Gewicht\n"5.1.2026, 7:30 AM","82,5"\n', "commas, decimals are written with a comma"),
        ("Gewicht,Datum\n82.5,2026-01-05T07:30:00+01:00\n", "commas, decimals are written with a point"),
        ("Gewicht;Datum\n82,5;1/5/2026 7:30\n80;1/13/2026 7:30\n", "semicolons, decimals are written with a comma"),
    ],
)
def test_the_columns_of_any_other_csv_are_named_and_its_separators_are_seen_and_said(
    actions: Actions, token: str, file: str, because: str
) -> None:
    answer = send(actions, token, file.encode(), **MAPPED)
    assert answer.status_code == 200, answer.text
    assert answer.json()["recognised"] == {
        "format": "mapped_csv",
        "because": f"map names its columns; cells are separated by {because}",
    }
    assert shown(actions, token)[0] == ("82.5", "kg", "2026-01-05T06:30:00+00:00")


def test_a_mapped_file_is_asked_for_what_it_does_not_say(actions: Actions, token: str) -> None:
    file = b"Datum;Gewicht;Einheit\n05.01.2026;82,5;\n06.01.2026 07:00;82,3;lb\n01/02/2026;82,1;kg\n"
    columns = '{"body_weight": "Gewicht", "created_at": "Datum", "unit": "Einheit"}'
    assert questions(send(actions, token, file, map=columns, dry_run="true")) == {
        "time": ["line 2"],
        "tz": ["line 3"],
        "dates": ["line 4"],
    }
    query = {"tz": "UTC", "time": "08:00", "dates": "day_first"}
    assert faults(send(actions, token, file, map=columns, **query)) == [(2, "unit")]
    assert send(actions, token, file, map=columns, unit="kg", **query).json()["inserted"] == 3
    assert shown(actions, token) == [
        ("82.5", "kg", "2026-01-05T08:00:00+00:00"),
        ("82.3", "lbs", "2026-01-06T07:00:00+00:00"),
        ("82.1", "kg", "2026-02-01T08:00:00+00:00"),
    ]


def test_a_row_that_is_written_otherwise_is_named(actions: Actions, token: str) -> None:
    rows = b"05.01.2026 07:30;82,5\n06.01.2026 07:30;1.082,5\n07.01.2026 07:30;82,3 kg\n32.01.2026 07:30;82\n"
    file = b"Datum;Gewicht\n" + rows
    assert faults(send(actions, token, file, **MAPPED)) == [
        (3, "body_weight"),
        (4, "body_weight"),
        (5, "created_at"),
    ]
    commas = b"".join(b"%02d.01.2026 07:30;82,5\n" % day for day in range(1, 20))
    late = b"Datum;Gewicht\n" + commas + b"20.01.2026 07:30;82.5\n"
    assert faults(send(actions, token, late, **MAPPED)) == [(21, "body_weight")]
    mixed = b"Datum;Gewicht\n05.01.2026 07:30;82,5\n06.01.2026 07:30;82.5\n"
    assert faults(send(actions, token, mixed, **MAPPED)) == [(2, "body_weight")]
    assert shown(actions, token) == []


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ('{"body_weight": "Weight", "created_at": "Datum"}', "There is no column Weight. The first line, separated by"),
        ('{"body_weight": "Gewicht", "created_at": "Alt"}', "There is more than one column Alt. The first line"),
        ('{"body_weight": "Gewicht"}', "map must be JSON like"),
        ('{"body_weight": "Gewicht", "created_at": "Datum", "zone": "Datum"}', "map must be JSON like"),
        ('{"body_weight": "Gewicht", "created_at": 1}', "map must be JSON like"),
        ('["Gewicht", "Datum"]', "map must be JSON like"),
        ("Gewicht,Datum", "map can't be read as JSON."),
        ('{"body_weight": "a", "body_weight": "Gewicht", "created_at": "Datum"}', "map can't be read as JSON."),
        (" " * 2049, "map must be JSON like"),
    ],
)
def test_a_map_that_is_not_good_is_named_with_what_was_found(
    actions: Actions, token: str, columns: str, said: str
) -> None:
    file = b"Datum;Gewicht;Alt;Alt\n05.01.2026 07:30;82,5;;\n"
    refused = send(actions, token, file, **{**MAPPED, "map": columns})
    assert faults(refused) == [(None, "map")]
    assert refused.json()["detail"].startswith(said)


def test_a_file_that_is_none_of_the_known_ones_is_refused_with_what_was_found(actions: Actions, token: str) -> None:
    refused = send(actions, token, b"Datum;Gewicht\n05.01.2026;82,5\n")
    assert refused.json()["detail"].endswith(
        "It is Datum;Gewicht, separated by semicolons. Of any other CSV, say with map which column is which."
    )
    assert send(actions, token, b"Datum;Gewicht\n", "application/octet-stream").status_code == 422
