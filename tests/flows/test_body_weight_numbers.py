"""Numbers as people's programs write them: read when it is clear what was meant, refused in words when it isn't."""

import json

import pytest
import requests

from tests.support.actions import Actions

ENTRY = '{"body_weight": %s, "unit": "kg", "created_at": "2026-01-31T07:30:00+01:00"}'
ADDRESSES = {
    "insert": ("POST", "/api/body_weight/", "%s"),
    "batch": ("POST", "/api/body_weight/batch", '{"entries": [%s]}'),
    "import": ("POST", "/api/body_weight/import", "[%s]"),
    "webhook": ("POST", "/api/webhooks/", "%s"),
}
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def token(actions: Actions) -> str:
    return actions.token()


def insert(actions: Actions, token: str, amount: str) -> requests.Response:
    return actions.fit("POST", token=token, data=ENTRY % amount, headers=JSON)


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize(
    "number", ["1e9999999999999999999", "-1E-9999999999999999999", "1" * 65, "0." + "1" * 63], ids=lambda text: text[:9]
)
def test_a_number_that_nobody_can_mean_is_refused_wherever_it_stands(
    actions: Actions, token: str, address: str, number: str
) -> None:
    method, path, body = ADDRESSES[address]
    other = (
        f'{{"body_weight": 80, "unit": "kg", "created_at": "2026-01-31T06:30:00Z", "comment": {{"any": [{number}]}}}}'
    )
    for entry in (ENTRY % number, other):
        refused = actions.fit(method, path, token, data=body % entry, headers=JSON)
        assert (refused.status_code, refused.headers["Content-Type"]) == (400, "application/problem+json"), refused.text
        assert "number" in refused.json()["detail"]


def test_a_number_of_64_characters_is_read(actions: Actions, token: str) -> None:
    number = "82.5" + "0" * 60
    for method, path, body in (ADDRESSES["insert"], ADDRESSES["batch"], ADDRESSES["import"]):
        assert actions.fit(method, path, token, data=body % (ENTRY % number), headers=JSON).ok
    assert {entry["body_weight"] for entry in actions.fit("GET", token=token).json()} == {"82.5"}


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("82.35000000000001", "82.35"),
        ("81.19999999999999", "81.2"),
        ("82.4000015258789", "82.4"),
        ("81.6500015258789", "81.65"),
        ("181.3999938964844", "181.4"),
        ("1.2e2", "120"),
        ("8.25E+1", "82.5"),
        ("8250e-2", "82.5"),
    ],
)
def test_what_a_float_obviously_meant_is_read_in_numbers_and_in_strings(
    actions: Actions, token: str, sent: str, meant: str
) -> None:
    for amount in (sent, json.dumps(sent)):
        stored = insert(actions, token, amount)
        assert (stored.status_code, stored.json().get("body_weight")) == (201, meant), stored.text


@pytest.mark.parametrize("sent", ["82.3504", "82.35001", "82.3501000000001", "82.0001"])
def test_what_really_has_more_decimals_is_told_so(actions: Actions, token: str, sent: str) -> None:
    for amount in (sent, json.dumps(sent)):
        refused = insert(actions, token, amount)
        assert (refused.status_code, refused.json()["detail"]) == (422, "body_weight has at most 3 decimals.")


@pytest.mark.parametrize("sent", ["1e99", "7.1e2", "1e-30", "0", "1e300"])
def test_what_is_too_much_or_too_little_is_told_so(actions: Actions, token: str, sent: str) -> None:
    for amount in (sent, json.dumps(sent)):
        refused = insert(actions, token, amount)
        assert (refused.status_code, refused.json()["detail"]) == (422, "body_weight must be between 1 and 700 kg.")


def test_the_heaviest_and_the_lightest_come_back_in_the_other_unit(actions: Actions, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "text/csv"}
    entries = "body_weight,unit,created_at\n700,kg,2026-01-05T06:30:00Z\n1,kg,2026-01-06T06:30:00Z\n"
    address = f"{actions.stack.fit}/api/body_weight"
    stored = requests.post(f"{address}/import", data=entries, headers=headers, timeout=60)
    assert stored.status_code == 200, stored.text
    exported = requests.get(f"{address}/export?format=csv&unit=lbs", headers=headers, timeout=60)
    assert "1543.236" in exported.text
    other = actions.token()
    headers["Authorization"] = f"Bearer {other}"
    again = requests.post(f"{address}/import", data=exported.content, headers=headers, timeout=60)
    assert (again.status_code, again.json()["inserted"]) == (200, 2)
    for amount, unit in (("700.001", "kg"), ("1543.237", "lbs"), ("2.204", "lbs"), ("0.999", "kg")):
        line = f"body_weight,unit,created_at\n{amount},{unit},2026-01-07T06:30:00Z\n"
        assert requests.post(f"{address}/import", data=line, headers=headers, timeout=60).status_code == 422
