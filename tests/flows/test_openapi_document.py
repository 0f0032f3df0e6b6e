"""`/openapi.json`: complete, valid, and true to the last example."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from sqlalchemy import update

from fit_service.models.webhooks import Webhook
from fit_service.storage.database import Database
from fit_service.storage.webhook_endings import WebhookEndings
from tests.support.actions import READ, TIMEOUT, WRITE, Actions
from tests.support.receiver import receiver
from tests.support.servers import free_port
from tests.support.stack import Stack
from tests.support.webhook_worker import delivering, parts_of

ENTRY = {"body_weight": "82.5", "unit": "kg", "created_at": "2026-01-05T07:30:00+01:00"}
BEGINS_EMPTY = {"insert_entry", "insert_batch", "import_entries"}
COLLECTION = "/api/body_weight/"
RECORD = {"client_record_id": "an-id-of-its-own"}
QUERIES = {
    "export_entries": {"format": "json"},
    "delete_record": RECORD,
    "take_back_import": {"import_id": "an-import-of-before"},
}


def document_of(stack: Stack) -> dict[str, Any]:
    answer = requests.get(f"{stack.fit}/openapi.json", timeout=TIMEOUT)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    document: dict[str, Any] = answer.json()
    return document


@pytest.fixture
def document(stack: Stack) -> dict[str, Any]:
    return document_of(stack)


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method.upper(), operation


def resolved(document: dict[str, Any], value: Any) -> Any:
    while isinstance(value, dict) and "$ref" in value:
        place = document
        for name in value["$ref"].removeprefix("#/").split("/"):
            place = place[name]
        value = place
    return value


def example_of(document: dict[str, Any], content: dict[str, Any]) -> Any:
    """What the document shows: the example beside the schema, else that of the schema, or an array of its items'."""
    if "example" in content:
        return content["example"]
    schema = resolved(document, content["schema"])
    return [resolved(document, schema["items"])["examples"][0]] if schema["type"] == "array" else schema["examples"][0]


def without_what_differs(value: Any) -> Any:
    text = re.sub(r"[0-9a-f]{24}", "an id", json.dumps(value))
    text = re.sub(r"\b[0-9a-f]{16}\b", "a version", text)
    text = re.sub(r'"(stored_at|modified_at)": "[^"]*"', r'"\1": "an instant"', text)
    text = re.sub(r"whsec_[A-Za-z0-9+/]{43}=", "a secret", text)
    if "webhook_id" in text or "expires_at" in text:  # webhooks and their messages are of now
        text = re.sub(r'"(created_at|expires_at|timestamp)": "[^"]*"', r'"\1": "an instant"', text)
    return json.loads(text)


def test_it_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    OpenAPIV31SpecValidator(document).validate()


def test_every_route_of_the_api_is_in_it(actions: Actions, document: dict[str, Any]) -> None:
    routes = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method)
        for rule in actions.stack.fit_app.url_map.iter_rules()
        if rule.rule.startswith("/api/")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert len(routes) >= 16
    described = {(path, method) for path, method, _ in operations(document)}
    assert routes - described == set(), "decorate the view with `describe` and give it a docstring"
    assert described == routes
    for _, _, operation in operations(document):
        assert operation["summary"]
        assert len(operation["tags"]) == 1, "name the blueprint in `openapi.py`"


def test_it_says_where_tokens_come_from(actions: Actions, document: dict[str, Any]) -> None:
    auth = actions.stack.auth
    assert document["servers"] == [{"url": actions.stack.fit}]
    metadata = requests.get(f"{auth}/.well-known/oauth-authorization-server", timeout=TIMEOUT).json()
    [scheme] = document["components"]["securitySchemes"].values()
    flow = scheme["flows"]["authorizationCode"]
    assert flow["authorizationUrl"] == metadata["authorization_endpoint"]
    assert flow["tokenUrl"] == flow["refreshUrl"] == metadata["token_endpoint"]
    assert flow["scopes"].keys() == {READ, WRITE}


@pytest.mark.clause("RFC 6750 §3.1")
def test_each_operation_needs_the_scope_that_it_says(actions: Actions, document: dict[str, Any]) -> None:
    app, mo = actions.app(), actions.person()
    tokens = {scope: app.connect(mo, [scope]).access for scope in (READ, WRITE)}
    for path, method, operation in operations(document):
        [security] = operation["security"]
        [[scope]] = security.values()
        address = path.replace("{entry_id}", "0" * 24).replace("{webhook_id}", "0" * 24)
        assert actions.fit(method, address).status_code == 401
        assert actions.fit(method, address, tokens[scope]).status_code not in {401, 403}, address
        [other] = tokens.keys() - {scope}
        refused = actions.fit(method, address, tokens[other])
        assert (refused.status_code, f'scope="{scope}"' in refused.headers["WWW-Authenticate"]) == (403, True), address


def test_every_example_is_what_really_happens(actions: Actions, document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        token = actions.app().connect(actions.person()).access
        ids = {}
        if operation["operationId"] not in BEGINS_EMPTY:
            known_as = RECORD if operation["operationId"] == "delete_record" else {}
            ids["{entry_id}"] = actions.fit("POST", COLLECTION, token, json={**ENTRY, **known_as}).json()["id"]
        if path.startswith("/api/webhooks/") and operation["operationId"] != "register_webhook":
            url = example_of(document, {"schema": {"$ref": "#/components/schemas/NewWebhook"}})
            ids["{webhook_id}"] = actions.fit("POST", "/api/webhooks/", token, json=url).json()["id"]
        address = re.sub(r"\{\w+\}", lambda variable, ids=ids: ids[variable[0]], path)
        bodies = operation.get("requestBody", {}).get("content", {"": {}}).items()
        for number, (media_type, content) in enumerate(bodies):
            sent = example_of(document, content) if media_type else ""
            body = sent if isinstance(sent, str) else json.dumps(sent)
            query = QUERIES.get(operation["operationId"], {})
            answer = actions.fit(
                method, address, token, data=body, params=query, headers={"Content-Type": media_type} if body else {}
            )
            success = operation["responses"][str(answer.status_code)]
            assert answer.status_code in {200, 201, 202, 204}, (address, answer.text)
            if "content" not in success:
                assert answer.content == b""
            elif number == 0:  # the same file once more, in another form, inserts nothing
                shown = example_of(document, success["content"]["application/json"])
                assert without_what_differs(answer.json()) == without_what_differs(shown), (method, address)


def test_so_is_the_exported_csv(actions: Actions, document: dict[str, Any]) -> None:
    token = actions.app().connect(actions.person()).access
    actions.fit("POST", COLLECTION, token, json=ENTRY)
    answer = actions.fit("GET", f"{COLLECTION}export?format=csv", token)
    shown = document["paths"][f"{COLLECTION}export"]["get"]["responses"]["200"]["content"]["text/csv"]["example"]
    assert re.sub(r"[0-9a-f]{24}", "an id", answer.text) == re.sub(r"[0-9a-f]{24}", "an id", shown)


def test_so_are_the_exports_in_the_standards_of_others(actions: Actions, document: dict[str, Any]) -> None:
    mo = actions.person()
    token = actions.app().connect(mo).access
    actions.fit("POST", COLLECTION, token, json=ENTRY)
    content = document["paths"][f"{COLLECTION}export"]["get"]["responses"]["200"]["content"]
    shown = example_of(document, content["application/fhir+json"])
    account = shown["entry"][0]["resource"]["identifier"][0]
    shown_person = account["value"], account["system"]
    said = actions.fit("GET", f"{COLLECTION}export?format=fhir", token).json()
    assert without_uuids(said, mo.subject, actions.stack.auth) == without_uuids(shown, *shown_person)
    [point] = actions.fit("GET", f"{COLLECTION}export?format=open_mhealth", token).json()
    [shown_point] = document["components"]["schemas"]["DataPoint"]["examples"]
    assert without_uuids(point) == without_uuids(shown_point)


def without_uuids(value: Any, *person: str) -> Any:
    """Each UUID by the number of its first appearance, and the person by what it is."""
    text = json.dumps(value)
    uuids = list(dict.fromkeys(re.findall(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", text)))
    for number, uuid in enumerate(uuids):
        text = text.replace(uuid, f"UUID {number}")
    for word in person:
        text = text.replace(word, f"person {person.index(word)}")
    return without_what_differs(json.loads(text))


def refusals(actions: Actions) -> Iterator[tuple[str, str, requests.Response]]:
    """One of each status that a single stack can be brought to."""
    mo, app = actions.person(), actions.app()
    token = app.connect(mo).access
    entry = f"{COLLECTION}{actions.fit('POST', COLLECTION, token, json=ENTRY).json()['id']}"
    one_entry, hooks = f"{COLLECTION}{{entry_id}}", "/api/webhooks/"
    json_type, reading = {"Content-Type": "application/json"}, app.connect(mo, [READ]).access
    yield COLLECTION, "post", actions.fit("POST", COLLECTION, token, data="{", headers=json_type)
    yield COLLECTION, "post", actions.fit("POST", COLLECTION)
    yield COLLECTION, "post", actions.fit("POST", COLLECTION, reading, json=ENTRY)
    yield one_entry, "get", actions.fit("GET", f"{COLLECTION}{'0' * 24}", token)
    yield f"{hooks}{{webhook_id}}", "get", actions.fit("GET", f"{hooks}{'0' * 24}", token)
    yield f"{COLLECTION}latest", "get", actions.fit("GET", f"{COLLECTION}latest", app.connect(actions.person()).access)
    yield COLLECTION, "get", actions.fit("GET", f"{COLLECTION}?updated_since=9999-9999", token)
    yield one_entry, "patch", actions.fit("PATCH", entry, token, json=ENTRY, headers={"If-Match": '"old"'})
    yield COLLECTION, "post", actions.fit("POST", COLLECTION, token, data=b" " * 65537, headers=json_type)
    yield COLLECTION, "post", actions.fit("POST", COLLECTION, token, data="{}")
    yield COLLECTION, "post", actions.fit("POST", COLLECTION, token, json={**ENTRY, "unit": "stone"})
    yield COLLECTION, "delete", actions.fit("DELETE", COLLECTION, token, params=RECORD)
    for number in range(11):
        answer = actions.fit("POST", hooks, token, json={"url": f"https://app.example/{number}"})
    yield hooks, "post", answer


def shown_refusal(document: dict[str, Any], path: str, method: str, status: int) -> Any:
    response = resolved(document, document["paths"][path][method]["responses"][str(status)])
    return response["content"]["application/problem+json"]["example"]


def test_every_refusal_is_as_it_is_shown(actions: Actions, document: dict[str, Any]) -> None:
    seen = set()
    for path, method, answer in refusals(actions):
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json() == shown_refusal(document, path, method, answer.status_code)
        seen.add(answer.status_code)
    described = {int(status) for _, _, each in operations(document) for status in each["responses"] if status >= "400"}
    assert seen == described - {429, 503}


def test_so_is_the_end_of_a_quota(start_stack: Callable[..., Stack]) -> None:
    actions = Actions(start_stack(fit_rate_limit=1))
    token = actions.app().connect(actions.person()).access
    actions.fit("GET", token=token)
    answer = actions.fit("GET", token=token)
    shown = shown_refusal(document_of(actions.stack), COLLECTION, "get", 429)
    assert answer.json() == {**shown, "detail": shown["detail"].replace("600", "1")}


def test_so_is_an_outage(start_stack: Callable[..., Stack]) -> None:
    actions = Actions(start_stack(fit_auth_url=f"http://127.0.0.1:{free_port()}"))
    answer = actions.fit("GET", token=actions.app().connect(actions.person()).access)
    assert answer.json() == shown_refusal(document_of(actions.stack), COLLECTION, "get", 503)


def expire_webhooks(database: Database) -> None:
    with database.writing() as session:
        session.execute(update(Webhook).values(expires_at=0))
    WebhookEndings(database).sweep(datetime.now(UTC))


def test_so_is_every_message_of_a_webhook(start_stack: Callable[..., Stack]) -> None:
    actions = Actions(start_stack())
    described, app = document_of(actions.stack)["webhooks"], actions.app()
    granted = app.connect(actions.person())
    with delivering(actions.stack), receiver() as inbox:
        hook = actions.fit("POST", "/api/webhooks/", granted.access, json={"url": inbox.url}).json()
        address = f"/api/webhooks/{hook['id']}"
        entry = f"{COLLECTION}{actions.fit('POST', COLLECTION, granted.access, json=ENTRY).json()['id']}"
        actions.fit("PATCH", entry, granted.access, json={"body_weight": "82"})
        actions.fit("DELETE", entry, granted.access)
        actions.fit("POST", f"{address}/test", granted.access)
        inbox.wait_for(4)
        expire_webhooks(parts_of(actions.stack).database)
        inbox.wait_for(5)
        actions.fit("PATCH", address, granted.access, json={"status": "active"})
        app.revoke(granted.refresh)
        messages = inbox.wait_for(6)
    assert {message.type for message in messages} == described.keys()
    for message in messages:
        operation = described[message.type]["post"]
        shown = operation["requestBody"]["content"]["application/json"]
        assert without_what_differs(message.event) == without_what_differs(shown["example"])
        Draft202012Validator(shown["schema"]).validate(message.event)
        assert {parameter["name"] for parameter in operation["parameters"]} <= message.headers.keys()


def test_parameters_may_be_what_it_says_and_no_more(actions: Actions, document: dict[str, Any]) -> None:
    token, seen = actions.app().connect(actions.person()).access, set()
    for path, method, operation in operations(document):
        for parameter in operation.get("parameters", []):
            name, schema = parameter["name"], parameter["schema"]
            if parameter["in"] != "query" or method != "GET":
                continue
            address = path.replace("{entry_id}", "0" * 24)
            good = [*schema.get("enum", []), *(schema[limit] for limit in ("minimum", "maximum") if limit in schema)]
            bad = [schema["minimum"] - 1, schema["maximum"] + 1] if "maximum" in schema else ["ö"]
            for values, expected in ((good, {200, 404}), (bad, {422})):
                needed = {"updated_since": "0"} if name == "changes" else {}
                answers = [actions.fit(method, address, token, params={name: each, **needed}) for each in values]
                statuses = {answer.status_code for answer in answers}
                assert statuses <= expected, (address, name)
            seen.add(name)
    assert seen >= {"unit", "limit", "order", "bucket", "tz", "format", "cursor", "start", "end", "updated_since"}


def test_bodies_may_be_what_and_as_long_as_it_says(actions: Actions, document: dict[str, Any]) -> None:
    token, bodies = actions.app().connect(actions.person()).access, 0
    for path, method, operation in operations(document):
        if "requestBody" not in operation:
            continue
        most = int(re.sub(r"\D", "", operation["requestBody"]["description"]))
        json_type, other_type = {"Content-Type": "application/json"}, {"Content-Type": "text/html"}
        address = path.replace("{entry_id}", "0" * 24).replace("{webhook_id}", "0" * 24)
        statuses = [
            actions.fit(method, address, token, data=b" " * size, headers=headers).status_code
            for size, headers in ((most, json_type), (most + 1, json_type), (1, other_type))
        ]
        assert statuses == [400, 413, 415], address
        bodies += 1
    assert bodies == 6
