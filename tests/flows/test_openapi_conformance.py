"""The running Fit API is what its document says: Schemathesis sends what the document allows, and what it doesn't.

Whatever comes back must be described: status, media type, headers and body; and it is never a mistake of ours.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.support.actions import TIMEOUT, Actions

DESCRIBED = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
UNREADABLE = {400, 401, 403, 413, 415}
"""What never answers a request that the document allows."""
JUDGES_EACH_ITEM = {"POST /api/body_weight/batch"}
"""Where an item that is not good is a result like others."""


def operations(actions: Actions) -> Iterator[Any]:
    """Every operation of the document, whose objects have no other members than those that it names."""
    document = schemathesis.openapi.from_url(f"{actions.stack.fit}/openapi.json").raw_schema
    for schema in document["components"]["schemas"].values():
        schema.setdefault("unevaluatedProperties", False)
    for result in schemathesis.openapi.from_dict(document).get_all_operations():
        yield result.ok()


def try_operation(actions: Actions, operation: Any, mode: GenerationMode, examples: int) -> set[int]:
    """The statuses of the answers to so many requests with a good token, about an entry and a webhook that exist."""
    token = actions.app().connect(actions.person()).access
    entry = actions.fit("POST", token=token, json={"body_weight": "82.5", "unit": "kg"}).json()
    webhook = actions.fit("POST", "/api/webhooks/", token=token, json={"url": "https://app.example/hook"}).json()
    ids = {"entry_id": entry["id"], "webhook_id": webhook["id"]}
    known = {variable.name: ids[variable.name] for variable in operation.path_parameters}
    is_refused = mode is GenerationMode.NEGATIVE and operation.label not in JUDGES_EACH_ITEM
    checks = [*DESCRIBED, negative_data_rejection] if is_refused else DESCRIBED
    statuses = set()

    @settings(max_examples=examples, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(mode, path_parameters=known or None))
    def call(case: Any) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        answer = case.call(base_url=actions.stack.fit, headers=headers, timeout=TIMEOUT)
        # A precondition that fails is told before the content is read (RFC 9110 §13.2.1).
        case.validate_response(answer, checks=DESCRIBED if answer.status_code == 412 else checks)
        assert mode is GenerationMode.NEGATIVE or answer.status_code not in UNREADABLE, (case, answer.text)
        statuses.add(answer.status_code)

    call()
    return statuses


def try_all(actions: Actions, subtests: pytest.Subtests, mode: GenerationMode, examples: int) -> set[int]:
    seen: set[int] = set()
    for operation in operations(actions):
        if mode is GenerationMode.POSITIVE or operation.query or operation.body:
            with subtests.test(operation=operation.label):
                seen |= try_operation(actions, operation, mode, examples)
    return seen


def test_what_the_document_allows_is_read(actions: Actions, subtests: pytest.Subtests) -> None:
    assert try_all(actions, subtests, GenerationMode.POSITIVE, 4) >= {200, 201, 202, 204, 404, 412, 422}


def test_what_it_does_not_allow_is_refused(actions: Actions, subtests: pytest.Subtests) -> None:
    assert try_all(actions, subtests, GenerationMode.NEGATIVE, 4) >= {422}


@pytest.mark.torture
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.name.lower())
def test_the_same_with_many_more_requests(actions: Actions, subtests: pytest.Subtests, mode: GenerationMode) -> None:
    try_all(actions, subtests, mode, 300)
