"""HL7 FHIR R4: a Bundle of Observations that follow the profile of body weight, and of the Patient whom they are of.

https://hl7.org/fhir/R4/bodyweight.html says what an Observation must have. The Patient is a resource of the Bundle with
no more in it than what the authorization server calls the account: readers tell people apart by references, and of an
identifier in each Observation many take no notice. An array without items is no FHIR, so the Patient is there even if
no Observation is.
"""

import json
from collections.abc import Iterable, Iterator

from fit_service.rules.body_weight_entry import BodyWeightEntry
from fit_service.rules.entry_file import EntryFormat, Person
from fit_service.rules.interchange import AMOUNT, exactly, local_time, uuid_of

MEDIA_TYPE = "application/fhir+json"
_BEGIN = '{"resourceType":"Bundle","type":"collection","entry":[\n'
_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
_LOINC_BODY_WEIGHT = {"system": "http://loinc.org", "code": "29463-7"}
URI = "urn:ietf:rfc:3986"
"""The system of identifiers that are URIs."""
_UCUM = "http://unitsofmeasure.org"
_UNITS = {"kg": ("kg", "kg"), "lbs": ("lb", "[lb_av]")}
"""A unit is written as a word for people and as a code of UCUM."""


def _write(entries: Iterable[BodyWeightEntry], unit: str | None, person: Person) -> Iterator[str]:
    patient = f"urn:uuid:{person.uuid}"
    identifier = {"system": person.issuer, "value": person.subject}
    resource = {"resourceType": "Patient", "identifier": [identifier]}
    yield _BEGIN + json.dumps({"fullUrl": patient, "resource": resource}, separators=(",", ":"))
    for entry in entries:
        yield ",\n" + _observation(entry, unit, patient, f"urn:uuid:{uuid_of(entry, person)}")
    yield "\n]}\n"


def _observation(entry: BodyWeightEntry, unit: str | None, patient: str, address: str) -> str:
    weight = entry.weight.converted(unit)
    word, code = _UNITS[weight.unit]
    observation = {
        "resourceType": "Observation",
        "id": entry.id,
        "identifier": [{"system": URI, "value": address}],  # servers give ids of their own, and keep this
        "status": "final",
        "category": [{"coding": [{"system": _CATEGORY, "code": "vital-signs"}]}],
        "code": {"coding": [_LOINC_BODY_WEIGHT]},
        "subject": {"reference": patient},
        "effectiveDateTime": local_time(entry),
        "valueQuantity": {"value": AMOUNT, "unit": word, "system": _UCUM, "code": code},
    }
    return exactly({"fullUrl": address, "resource": observation}, weight)


FHIR = EntryFormat("fhir", MEDIA_TYPE, "fhir.json", _write, (MEDIA_TYPE, f"{MEDIA_TYPE};fhirVersion=4.0"))
