"""The Helm chart, rendered by Helm and held against Kubernetes' schemas in an environment of its own."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.gunicorn_process import ROOT
from tools.console import Problem
from tools.environment import ensure_environment
from tools.paths import VENV

FOLDER = ROOT / "deploy" / "kubernetes"
VALUES: dict[str, Any] = yaml.safe_load((FOLDER / "values.yaml").read_text(encoding="utf-8"))
SCHEMA: dict[str, Any] = json.loads((FOLDER / "values.schema.json").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Rendered:
    """What came of the chart with some values, as the release `rel` in the namespace `moogle`."""

    refused: str | None
    """Why Helm didn't take the values."""
    findings: list[str]
    """What Helm or a schema of Kubernetes objects to."""
    objects: list[dict[str, Any]]

    def of_kind(self, kind: str) -> dict[str, dict[str, Any]]:
        return {each["metadata"]["name"]: each for each in self.objects if each["kind"] == kind}

    def pods(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Of Deployments and Jobs, by their names: a pod's metadata and spec."""
        for kind in ("Deployment", "Job"):
            for name, each in self.of_kind(kind).items():
                yield name, each["spec"]["template"]

    def containers(self) -> dict[str, dict[str, Any]]:
        """The only one of each pod."""
        found = {}
        for name, pod in self.pods():
            [found[name]] = pod["spec"]["containers"]
        return found


def render(values: Mapping[str, Mapping[str, Any]], folder: Path = FOLDER) -> dict[str, Rendered]:
    """Render the chart with each of the values. Skips the test where Helm can't be had."""
    try:
        python = ensure_environment("chart", VENV / "chart")
    except Problem as problem:
        pytest.skip(str(problem))
    done = subprocess.run(
        [str(python), str(Path(__file__).with_name("chart_in_helm.py"))],
        input=json.dumps({"chart": str(folder), "values": values}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {name: Rendered(**each) for name, each in json.loads(done.stdout).items()}


def environment_of(container: Mapping[str, Any], secrets: Mapping[str, str], folder: Path) -> dict[str, str]:
    """The environment of a container whose files with these secrets are in a folder of this machine."""
    environment = {each["name"]: each["value"] for each in container["env"]}
    for name, path in environment.items():
        if name.endswith("_FILE"):
            file = folder / Path(path).name
            file.write_text(secrets[file.name] + "\n", encoding="utf-8")
            environment[name] = str(file)
    return environment
