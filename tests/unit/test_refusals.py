"""The rules refuse without knowing HTTP, so the web layer has to know each of their refusals."""

from collections.abc import Iterator

from fit_service.rules.refusals import RefusedError
from fit_service.web.errors import STATUSES


def kinds(of: type[RefusedError] = RefusedError) -> Iterator[type[RefusedError]]:
    for kind in of.__subclasses__():
        yield kind
        yield from kinds(kind)


def test_every_refusal_of_the_rules_and_of_storage_has_a_status() -> None:
    assert set(kinds()) == set(STATUSES)
