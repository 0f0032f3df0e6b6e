"""Runs where requirements-chart.lock is installed: renders a chart with each of the values on stdin, and judges it.

stdin is `{"chart": folder, "values": {name: values, …}}`, stdout `{name: {…}, …}`, see `tests.support.chart.Rendered`.
"""

import json
import sys
from functools import cache
from typing import Any

import kubernetes_validate
import yaml
from helm_python import HelmError
from helm_python.chart import Chart, lint

WORTH_A_WORD = 2
"""The severity of a warning."""
OLDEST = "1.25"
"""What Chart.yaml says of Kubernetes."""


def rendered(folder: str, values: dict[str, Any]) -> dict[str, Any]:
    try:
        report = lint(folder, values, strict=True)
        files = Chart.load(folder).render(values, name="rel", namespace="moogle")
    except HelmError as error:
        return {"refused": str(error), "findings": [], "objects": []}
    texts = [text for name, text in files.items() if not name.endswith(".txt")]
    objects = [each for text in texts for each in yaml.safe_load_all(text) if each]
    findings = [each["error"] for each in report["messages"] if each["severity"] >= WORTH_A_WORD]
    for each in objects:
        findings += objections(json.dumps(each))
    return {"refused": None, "findings": [*report["errors"], *findings], "objects": objects}


@cache
def objections(text: str) -> list[str]:
    """What the schemas object to; many values lead to the same objects."""
    each, found = json.loads(text), list[str]()
    for release in (OLDEST, kubernetes_validate.latest_version()):
        try:
            kubernetes_validate.validate(each, release, strict=True)
        except kubernetes_validate.ValidationError as error:
            where = ".".join(map(str, error.path))
            found.append(f"{release}: {each['kind']} {each['metadata']['name']}: {where}: {error.message}")
    return found


given = json.load(sys.stdin)
json.dump({name: rendered(given["chart"], values) for name, values in given["values"].items()}, sys.stdout)
