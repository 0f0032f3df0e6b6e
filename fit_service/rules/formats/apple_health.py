"""Apple Health, `export.xml`: one element for each record of any kind, attributes only, gigabytes of it.

The file brings a DTD of its own, which may declare elements and attributes and nothing else: a file that declares an
entity is refused before any could be used, so nothing can expand. Every date has the offset of the moment of the
export, so the instant is right and what the clock showed is not known.
"""

from collections import deque
from collections.abc import Iterator
from typing import BinaryIO
from xml.parsers import expat

from fit_service.rules.formats import values
from fit_service.rules.formats.contract import Format, Instant, Reading, Reason, Row, Skipped, Unreadable
from fit_service.rules.formats.head import Head
from fit_service.rules.formats.rows import tidied
from fit_service.rules.refusals import InvalidValueError, TooLongError, UnreadableError

MAX_DEPTH = 32
MAX_ATTRIBUTES = 64
MAX_TOKEN = 1024 * 1024
"""A tag, with its attributes, has at most so many bytes."""
_WEIGHT = "HKQuantityTypeIdentifierBodyMass"
_AT_ONCE = 64 * 1024


def _recognise(head: Head) -> str | None:
    is_export = head.opening == "<" and ("<HealthData" in head.text or "<!DOCTYPE HealthData" in head.text)
    return "it is XML whose outermost element is HealthData" if is_export else None


class _Records:
    """It keeps the rows that were found and not yet handed out."""

    def __init__(self) -> None:
        self.found: deque[Row] = deque()
        self.parser = expat.ParserCreate("utf-8")  # whatever the file declares: expat asks Python for others
        self.parser.ordered_attributes = True  # half the work of a dict for each of millions of records
        self.parser.buffer_text = True
        self.parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.EntityDeclHandler = self._refuse_entity
        self._depth = self._count = 0

    def _start(self, name: str, attributes: list[str]) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise TooLongError(f"The file has more than {MAX_DEPTH} elements in each other.")
        if len(attributes) > 2 * MAX_ATTRIBUTES:
            raise TooLongError(f"An element has more than {MAX_ATTRIBUTES} attributes.")
        if self._depth == 1 and name != "HealthData":
            raise UnreadableError("The outermost element must be HealthData.")
        if self._depth == 2 and name == "Record":
            self._count += 1
            if _WEIGHT in attributes:
                self.found.append(_record(self._count, dict(zip(attributes[::2], attributes[1::2], strict=True))))
            else:
                self.found.append(Skipped(("record", self._count), Reason.OTHER_MEASURE))

    def _end(self, _name: str) -> None:
        self._depth -= 1

    @staticmethod
    def _refuse_entity(name: str, *_: object) -> None:
        raise UnreadableError(f"The file declares an entity ({name[:40]}), which no export does.")


def _record(number: int, record: dict[str, str]) -> Row:
    place = "record", number
    if record.get("type") != _WEIGHT:
        return Skipped(place, Reason.OTHER_MEASURE)
    try:
        value, unit = values.amount(record.get("value"), record.get("unit", ""))
        return Reading(place, value, unit, Instant(values.instant(record.get("startDate")).at))
    except InvalidValueError as refusal:
        [fault] = refusal.faults
        return Unreadable(place, fault.field, fault.sentence)


def _read(file: BinaryIO, _codec: str) -> Iterator[Row]:
    return tidied(_records(file))


def _records(file: BinaryIO) -> Iterator[Row]:
    records, fed = _Records(), 0
    parser, found = records.parser, records.found
    try:
        while part := file.read(_AT_ONCE):
            parser.Parse(part, False)
            fed += len(part)
            if fed - max(parser.CurrentByteIndex, 0) > MAX_TOKEN:  # expat looks at an unfinished tag again and again
                raise TooLongError(f"The file has a tag of more than {MAX_TOKEN} bytes.")
            while found:
                yield found.popleft()
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise UnreadableError(f"The file is not XML: {expat.ErrorString(error.code)}, line {error.lineno}.") from None
    while found:
        yield found.popleft()


APPLE_HEALTH = Format("apple_health", "Apple Health, export.xml", ("application/xml", "text/xml"), _recognise, _read)
