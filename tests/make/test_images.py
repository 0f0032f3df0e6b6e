"""What gets into the images, as deploy/Dockerfile and the lock files say. No test builds them: that takes an engine."""

import re
import tomllib

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.gunicorn_process import ROOT

DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
STAGES = {
    name: (base, body)
    for base, name, body in re.findall(r"^FROM (\S+) AS (\w+)\n((?:(?!FROM ).*\n?)*)", DOCKERFILE, re.MULTILINE)
}
IMAGES = ("auth", "fit", "app")


def lock(name: str) -> dict[str, str]:
    """What a lock file names, with the versions."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return {canonicalize_name(each): pin for each, pin in re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE)}


def test_no_image_has_a_package_that_only_tests_need() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    named = {
        canonicalize_name(Requirement(each).name)
        for each in (
            *project["project"]["optional-dependencies"]["local"],
            *project["project"]["optional-dependencies"]["dev"],
            *project["dependency-groups"]["chart"],
            *project["dependency-groups"]["audit"],
        )
    }
    assert {"pytest", "fakeredis", "mypy", "helm-python-sdk"} <= named
    assert named & {*lock("requirements.lock"), *lock("requirements-telemetry.lock")} == set()
    assert "ARG REQUIREMENTS=requirements.lock\nCOPY ${REQUIREMENTS} requirements.lock\n" in STAGES["packages"][1]
    assert "--require-hashes -r requirements.lock" in STAGES["packages"][1]


def test_an_image_with_traces_has_all_that_one_without_has() -> None:
    plain, traced = lock("requirements.lock"), lock("requirements-telemetry.lock")
    assert plain.items() <= traced.items()
    assert {name.partition("-")[0] for name in {*traced} - {*plain}} == {"opentelemetry", "googleapis", "protobuf"}


def test_no_image_remembers_what_it_was_built_with() -> None:
    """The address of a package index may hold a password, and `docker history` shows each ARG and RUN."""
    assert set(STAGES) == {"packages", "service", *IMAGES}
    for image in IMAGES:
        stages = [image]
        while stages[-1] in STAGES:
            stages.append(STAGES[stages[-1]][0])
        assert stages == [image, "service", "${PYTHON_IMAGE}"]
        text = "".join(STAGES[stage][1] for stage in stages[:-1])
        assert not re.search(r"^(ARG|ADD)|PIP_|--mount", text, re.MULTILINE)
        assert re.findall(r"^COPY --from=.*$", text, re.MULTILINE) == ["COPY --from=packages /venv /venv"]


def test_each_image_runs_as_a_user_whom_kubernetes_knows_not_to_be_root() -> None:
    [user] = re.findall(r"useradd --system --uid (\d+)", STAGES["service"][1])
    assert int(user) > 0
    for image in IMAGES:
        assert re.findall(r"^USER (.*)$", STAGES[image][1], re.MULTILINE) == [user], "a name could be root's"


def test_the_base_can_be_pinned_by_a_digest() -> None:
    assert re.findall(r"^ARG (\w+)=", DOCKERFILE.partition("FROM")[0], re.MULTILINE) == ["PYTHON_IMAGE"]
    assert {base for base, _ in STAGES.values()} == {"${PYTHON_IMAGE}", "service"}


def test_what_is_sent_to_the_builder_holds_nothing_but_the_product() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert lines[0] == "*"
    let_in = {line[1:] for line in lines if line.startswith("!")}
    locks, folders = {"requirements.lock", "requirements-telemetry.lock"}, {"auth_service", "fit_service"}
    assert let_in == {*locks, *folders, "buffering_worker", "shared", "examples"}
