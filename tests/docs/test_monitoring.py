"""The dashboard, the alerts and the page about them name metrics, labels and values that the services really have."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import yaml

from tests.support.actions import Actions
from tests.support.stack import run_stack

ROOT = Path(__file__).resolve().parents[2]
MONITORING = ROOT / "deploy" / "monitoring"
TOKEN = "the-token-of-our-prometheus"
_METRIC = re.compile(r"\b(?:http|oauth|store|sign_ins|token_validation|revocation_feed|webhooks?)_?[a-z_]*\b")
_SELECTED = re.compile(r"([a-z_]+)\{([^}]*)\}")
_LABEL = re.compile(r'(\w+)(?:=~|!=|=)"([^"]*)"')

_NOT_HAPPENED = {"auth", "5..", "invalid_client", "unauthorized_client"}
"""The name that Prometheus gives the service, a failure, and errors of RFC 6749 §5.2."""


def alerts() -> dict[str, str]:
    rules = yaml.safe_load((MONITORING / "alerts.yml").read_text(encoding="utf-8"))
    return {rule["alert"]: rule["expr"] for group in rules["groups"] for rule in group["rules"]}


def expressions() -> Iterator[str]:
    yield from alerts().values()
    dashboard = json.loads((MONITORING / "dashboard.json").read_text(encoding="utf-8"))
    for panel in dashboard["panels"]:
        yield from (target["expr"] for target in panel["targets"])


@pytest.fixture(scope="module")
def exposed(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """All that both services say once something of each kind has happened."""
    with run_stack(tmp_path_factory.mktemp("stack"), redis_url, metrics_token=TOKEN, fit_metrics_token=TOKEN) as stack:
        actions = Actions(stack)
        app = actions.app()
        granted = app.connect(actions.person())
        actions.fit(granted.access)
        app.refresh(granted.refresh)
        addresses, headers = (f"{stack.auth}/metrics", f"{stack.fit}/metrics"), {"Authorization": f"Bearer {TOKEN}"}
        yield "\n".join(requests.get(address, headers=headers, timeout=60).text for address in addresses)


def names(exposed: str) -> set[str]:
    return {re.split(r"[{ ]", line, maxsplit=1)[0] for line in exposed.splitlines() if not line.startswith("#")}


def test_expressions_name_metrics_that_are_exposed(exposed: str) -> None:
    named = {name for each in expressions() for name in _METRIC.findall(re.sub(r"\{[^}]*\}|by \([^)]*\)", "", each))}
    assert named - names(exposed) == set()
    assert len(named) > 8


def test_expressions_select_labels_and_values_that_are_exposed(exposed: str) -> None:
    unknown = []
    for metric, selected in (found for each in expressions() for found in _SELECTED.findall(each)):
        series = [line for line in exposed.splitlines() if line.startswith(f"{metric}{{")]
        for label, value in _LABEL.findall(selected):
            known = {found for line in series for found in re.findall(rf'\b{label}="([^"]*)"', line)}
            unknown += [(metric, label, each) for each in value.split("|") if each not in known | _NOT_HAPPENED]
    assert unknown == []


def test_the_page_explains_every_alert_and_every_metric_of_ours(exposed: str) -> None:
    page = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| ([A-Z]\w+) \|", page, re.MULTILINE) == ["Metric", "Alert", *alerts()]
    documented = set(re.findall(r"`([a-z_]+)(?:\{[a-z_,]*\})?`", page))
    families = {re.sub(r"_(?:bucket|count|sum|created)$", "", name) for name in names(exposed)}
    ours = {name.removesuffix("_total") for name in families if _METRIC.fullmatch(name)}
    assert ours <= {name.removesuffix("_total") for name in documented}
