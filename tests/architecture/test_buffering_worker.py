"""The worker class is a distribution of its own: it knows neither service, and only who composes a service knows it."""

import tomllib

from tests.architecture.imports import ROOT, offenders, reaching


def test_the_worker_imports_nothing_of_this_repository_but_itself() -> None:
    others = ("auth_service", "fit_service", "shared", "examples", "tools", "tests", "benchmarks")
    assert offenders("buffering_worker", *others) == []


def test_of_gunicorn_the_worker_knows_the_base_class_the_settings_and_the_log() -> None:
    assert {
        found.partition(" imports ")[2] for found in offenders("buffering_worker", "gunicorn") if "/tests/" not in found
    } == {
        "gunicorn.config.Config",
        "gunicorn.glogging.Logger",
        "gunicorn.workers.base.Worker",
    }


def test_a_service_asks_for_nothing_but_to_release_a_slot() -> None:
    assert [*offenders("auth_service", "buffering_worker"), *offenders("fit_service", "buffering_worker")] == [
        "auth_service/components.py imports buffering_worker.concurrency_limit.release_slot",
        "auth_service/stores.py imports buffering_worker.concurrency_limit.release_slot",
    ]


def test_the_kit_and_what_services_share_reach_nothing_of_it() -> None:
    assert reaching("shared", "buffering_worker") == []


def test_what_the_worker_depends_on_is_the_same_where_the_services_are_installed() -> None:
    needs, installed = (
        tomllib.loads((ROOT / place / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
        for place in ("buffering_worker", ".")
    )
    assert set(needs) <= set(installed)
