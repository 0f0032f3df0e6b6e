"""Open mHealth: an array of data points, with the header of IEEE 1752.1 and a body of the schema body-weight 3.0."""

from collections.abc import Iterable, Iterator

from fit_service.rules.body_weight_entry import BodyWeightEntry, Origin
from fit_service.rules.entry_file import EntryFormat, Person
from fit_service.rules.interchange import AMOUNT, exactly, local_time, uuid_of

_SCHEMA = {"namespace": "omh", "name": "body-weight", "version": "3.0"}
_UNITS = {"kg": "kg", "lbs": "lb"}
MODALITIES = {Origin.DEVICE: "sensed", Origin.MANUAL: "self-reported"}
"""A header says one of these, or nothing."""


def _write(entries: Iterable[BodyWeightEntry], unit: str | None, person: Person) -> Iterator[str]:
    separator = "[\n"
    for entry in entries:
        yield separator + _point(entry, unit, person)
        separator = ",\n"
    yield "\n]\n" if separator == ",\n" else "[]\n"


def _point(entry: BodyWeightEntry, unit: str | None, person: Person) -> str:
    weight, moment = entry.weight.converted(unit), local_time(entry)
    header: dict[str, object] = {
        "uuid": str(uuid_of(entry, person)),
        "schema_id": _SCHEMA,
        "source_creation_date_time": moment,  # where it was weighed, not where it was stored or exported
    }
    if entry.origin in MODALITIES:
        header["modality"] = MODALITIES[entry.origin]
    body = {
        "body_weight": {"value": AMOUNT, "unit": _UNITS[weight.unit]},
        "effective_time_frame": {"date_time": moment},
    }
    return exactly({"header": header, "body": body}, weight)


OPEN_MHEALTH = EntryFormat("open_mhealth", "application/json", "omh.json", _write, ())
