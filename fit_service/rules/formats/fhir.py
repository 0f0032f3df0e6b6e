"""HL7 FHIR R4 and R5: Observations of body weight, in a Bundle, alone, or one after the other as NDJSON.

LOINC and SNOMED CT codes say what was observed, UCUM codes in which unit; the words beside them are only for reading.
"""

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from fit_service.rules.formats import json_rows, values
from fit_service.rules.formats.contract import ClockTime, Format, Reading, Reason, Row, Skipped, Unreadable
from fit_service.rules.formats.head import Head
from fit_service.rules.formats.json_rows import Item, NumberedItem, within
from fit_service.rules.formats.rows import read_each, tidied
from fit_service.rules.interchange import id_of
from fit_service.rules.refusals import InvalidValueError, Place

_WEIGHED = {
    ("http://loinc.org", "29463-7"),
    ("http://loinc.org", "3141-9"),
    ("http://loinc.org", "8350-1"),
    ("http://loinc.org", "8351-9"),
    ("http://snomed.info/sct", "27113001"),
}
"""Body weight: as such, measured, with clothes, without; not stated, estimated, usual or ideal weight."""
_GOOD = ("final", "amended", "corrected")
_UCUM = "http://unitsofmeasure.org"
_TYPE = re.compile(r'"resourceType"\s{0,8}:\s{0,8}"(\w{1,64})"')
_WHOLE_DAY = re.compile(r"\d{4}-\d\d-\d\d.*", re.ASCII | re.DOTALL)
_LONGEST_REFERENCE = 64


def _recognise(head: Head) -> str | None:
    types = _TYPE.findall(head.text) if head.opening == "{" else []
    if "Bundle" in types:
        return "it is a FHIR Bundle"
    return "it begins with a FHIR Observation" if types[:1] == ["Observation"] else None


def _read(file: BinaryIO, _codec: str) -> Iterator[Row]:
    head = Head(file.read(4096))
    file.seek(0)
    return tidied(read_each(_resources(file, is_bundle="Bundle" in _TYPE.findall(head.text)), _row))


def _resources(file: BinaryIO, *, is_bundle: bool) -> Iterator[NumberedItem]:
    """Yield the Observations, each with its number among all resources: a Patient beside them is no row of the file."""
    found = json_rows.items(file, "entry", "entry") if is_bundle else json_rows.values(file, "resource")
    for place, item in found:
        resource = item if isinstance(item, Unreadable) or not is_bundle else within(item, "resource")
        if isinstance(resource, Unreadable) or within(resource, "resourceType") == "Observation":
            yield place, resource


def _row(place: Place, resource: Item) -> Row:
    if _WEIGHED.isdisjoint(_codes(within(resource, "code"))):
        return Skipped(place, Reason.OTHER_MEASURE)
    if within(resource, "status") not in _GOOD:
        return Skipped(place, Reason.NOT_FINAL)
    quantity = within(resource, "valueQuantity")
    if within(quantity, "value") is None:
        return Skipped(place, Reason.NO_WEIGHT)
    if within(quantity, "comparator") is not None:
        return Skipped(place, Reason.NOT_EXACT)
    at = within(resource, "effectiveDateTime") or within(resource, "effectiveInstant")
    if not isinstance(at, str) or _WHOLE_DAY.fullmatch(at) is None:
        return Skipped(place, Reason.NO_TIME)
    when = values.moment(at)
    if isinstance(when, ClockTime):
        raise InvalidValueError("created_at", "A FHIR dateTime with a time has an offset.")
    value, unit = values.amount(within(quantity, "value"), _unit(quantity))
    subject = within(resource, "subject", "reference")
    member = subject[:_LONGEST_REFERENCE] if isinstance(subject, str) else None
    return Reading(place, value, unit, when, _our_id(resource), member=member)


def _codes(concept: object) -> set[tuple[object, object]]:
    codings = within(concept, "coding")
    found = [(within(each, "system"), within(each, "code")) for each in codings] if isinstance(codings, list) else []
    return {(system, code) for system, code in found if isinstance(system, str) and isinstance(code, str)}


def _our_id(resource: Item) -> str | None:
    """Return under which id this API exported it, if it did: what others call it is no id of ours."""
    identifiers = within(resource, "identifier")
    found = (id_of(within(each, "value")) for each in identifiers) if isinstance(identifiers, list) else ()
    return next((each for each in found if each is not None), None)


def _unit(quantity: Any) -> str | None:
    code, system = within(quantity, "code"), within(quantity, "system")
    if code is None:
        return None
    if system != _UCUM or not isinstance(code, str):
        raise InvalidValueError("unit", "The unit is no code of UCUM.")
    return code


FHIR = Format(
    "fhir",
    "FHIR R4 or R5, Bundle or NDJSON of Observations",
    ("application/fhir+json", "application/fhir+ndjson"),
    _recognise,
    _read,
)
