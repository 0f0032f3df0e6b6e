"""The Helm chart: what it makes is what Kubernetes takes, what the services take, and no more than they need."""

import ipaddress
import re
import shlex
from pathlib import Path

import click
import pytest
from flask import Flask

import auth_service.cli.database
import auth_service.cli.mail
import auth_service.cli.resource_server
import fit_service.cli.database
import fit_service.cli.webhooks
from auth_service.settings import Settings as AuthSettings
from fit_service.settings import Settings as FitSettings
from shared.gunicorn import configuration
from shared.operations.health import health_endpoints
from shared.operations.tracing import wants_traces
from shared.outbound.addresses import may_connect
from shared.service.environment import EnvironmentSettings, SettingsError
from tests.support.chart import VALUES, Rendered, environment_of, render
from tests.support.chart_values import CASES, NEEDED, REFUSED
from tests.support.compose import SERVICES
from tests.support.gunicorn_process import ROOT
from tests.support.stack import TOKEN_KEY
from tools import registration
from tools.addresses import Addresses

SETTINGS: dict[str, type[EnvironmentSettings]] = {"auth": AuthSettings, "fit": FitSettings}
REDIS = [
    "redis://u:p@redis:6379/0",
    "rediss+sentinel://u:p@a:26379,b:26379,c:26379/main?ssl_ca_certs=/etc/moogle/certificates/ca.crt",
    "redis+cluster://u:p@a:6379,b:6379,c:6379",
]


@pytest.fixture(scope="module")
def charts() -> dict[str, Rendered]:
    return render({**CASES, **REFUSED})


@pytest.mark.parametrize("case", CASES)
def test_helm_and_the_schemas_of_kubernetes_find_nothing(charts: dict[str, Rendered], case: str) -> None:
    assert (charts[case].refused, charts[case].findings) == (None, [])
    assert charts[case].objects


@pytest.mark.parametrize("case", REFUSED)
def test_values_that_no_service_could_start_with_are_refused(charts: dict[str, Rendered], case: str) -> None:
    assert charts[case].refused is not None
    assert "values don't meet the specifications of the schema" in charts[case].refused


@pytest.mark.parametrize("redis", REDIS, ids=["single", "sentinel", "cluster"])
@pytest.mark.parametrize("case", CASES)
def test_each_container_has_settings_that_its_service_takes(
    charts: dict[str, Rendered], case: str, redis: str, tmp_path: Path
) -> None:
    secrets = {
        "AUTH_DATABASE_URL": "postgresql+psycopg://auth:p@db/auth",
        "AUTH_REDIS_URL": redis,
        "AUTH_TOKEN_KEYS": TOKEN_KEY,
        "AUTH_METRICS_TOKEN": "a-token-of-prometheus",
        "AUTH_SMTP_URL": "smtps://moogle:p@mail.example.org",
        "FIT_DATABASE_URL": "postgresql+psycopg://fit:p@db/fit",
        "FIT_REDIS_URL": redis,
        "FIT_CLIENT_SECRET": "secret",
        "FIT_WEBHOOK_KEYS": TOKEN_KEY,
    }
    containers = charts[case].containers()
    assert len(containers) == {"auth alone": 2, "mail": 7}.get(case, 6)
    for name, container in containers.items():
        environment = environment_of(container, secrets, tmp_path)
        if "cluster" in redis:
            environment.setdefault("AUTH_REDIS_SHARDS", "64")  # as the page says
        service = "auth" if "AUTH_ISSUER" in environment else "fit"
        settings = SETTINGS[service].load({**environment, "PATH": "/bin"})
        assert wants_traces(environment) == ("tracing" in CASES[case])
        assert settings.redis_url == redis, name
        given = CASES[case][service].get("settings", {})
        for setting, value in given.items():
            loaded = getattr(settings, setting.removeprefix(SETTINGS[service].prefix).lower())
            assert loaded in (value, (value,)), "large numbers too are written as they are"


def test_pods_ask_what_there_is_at_the_ports_where_it_is(charts: dict[str, Rendered]) -> None:
    app = Flask("health")
    app.register_blueprint(health_endpoints({}))
    paths = {rule.rule for rule in app.url_map.iter_rules()}
    text = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
    exposed = dict(re.findall(r"^FROM service AS (\w+)\n(?:(?!FROM).*\n)*?EXPOSE (\d+)", text, re.MULTILINE))
    for service in SETTINGS:
        port = exposed[service]
        container = charts["plain"].containers()[f"rel-{service}"]
        assert container["ports"] == [{"name": "http", "containerPort": int(port)}]
        command = container["command"]
        assert command == ["gunicorn", "-c", f"{service}_service/gunicorn.conf.py", "-b", f"0.0.0.0:{port}", "-w", "2"]
        assert (ROOT / command[2]).exists()
        asked = {name: container[f"{name}Probe"]["httpGet"] for name in ("startup", "liveness", "readiness")}
        assert {each["path"] for each in asked.values()} <= paths
        assert [each["path"].rpartition("/")[2] for each in asked.values()] == ["live", "live", "ready"]
        assert charts["plain"].of_kind("Service")[f"rel-{service}"]["spec"]["ports"][0]["port"] == int(port)
    [auth_url] = [
        each["value"] for each in charts["plain"].containers()["rel-fit"]["env"] if "AUTH_URL" in each["name"]
    ]
    assert auth_url == "http://rel-auth:8000"
    [hosts] = [each["value"] for each in charts["plain"].containers()["rel-auth"]["env"] if "HOSTS" in each["name"]]
    assert hosts.split(",") == ["rel-auth", "rel-auth.moogle", "rel-auth.moogle.svc"]


def test_commands_are_those_of_the_command_line(charts: dict[str, Rendered]) -> None:
    containers = charts["plain"].containers()
    worker = containers["rel-webhooks"]
    mailing = charts["mail"].containers()["rel-mail"]
    commands = [
        (mailing["command"], "auth_service", auth_service.cli.mail.mail_commands),
        (worker["command"], "fit_service", fit_service.cli.webhooks.webhook_commands),
        (worker["readinessProbe"]["exec"]["command"], "fit_service", fit_service.cli.webhooks.webhook_commands),
        (containers["rel-auth-upgrade"]["command"], "auth_service", auth_service.cli.database.database_commands),
        (containers["rel-fit-upgrade"]["command"], "fit_service", fit_service.cli.database.database_commands),
        (
            containers["rel-register-fit"]["command"],
            "auth_service",
            auth_service.cli.resource_server.resource_server_commands,
        ),
    ]
    for command, service, group in commands:
        assert [*command[:3], command[3]] == ["flask", "--app", service, group.name], shlex.join(command)
        known = group.get_command(click.Context(group), command[4])
        assert known is not None, shlex.join(command)
        parameters = known.make_context(command[4], command[5:]).params
    assert parameters["name"] == VALUES["fit"]["clientId"]
    assert parameters["resource"] == NEEDED["fit"]["resource"]
    mounted = [each["mountPath"] for each in containers["rel-register-fit"]["volumeMounts"]]
    assert str(parameters["secret_file"].parent) in mounted


def test_the_fit_api_is_registered_as_make_up_does_it(
    charts: dict[str, Rendered], monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[tuple[str, ...]] = []
    monkeypatch.setattr(registration, "secret", lambda _name: "secret")
    registration.register(lambda *words, **_: done.append(words), Addresses())
    [as_make_up] = [words[2:] for words in done if words[0] == "resource-server"]
    ours = charts["plain"].containers()["rel-register-fit"]["command"][5:]
    command = auth_service.cli.resource_server.resource_server_commands.commands["ensure"]
    there, here = (command.make_context("ensure", list(words)).params for words in (as_make_up, ours))
    its_own = {"resource", "secret_file", "overlap"}
    assert {name: here[name] for name in {*here} - its_own} == {name: there[name] for name in {*there} - its_own}
    assert here["overlap"] > 0, "pods that run have the secret of before until they are restarted"


def test_schemas_and_registration_come_once_before_the_pods(charts: dict[str, Rendered]) -> None:
    chart = charts["plain"]
    hooks = {}
    for each in chart.objects:
        annotations = each["metadata"].get("annotations", {})
        if "helm.sh/hook" in annotations:
            assert annotations["helm.sh/hook"] == "pre-install,pre-upgrade"
            hooks[each["kind"], each["metadata"]["name"]] = int(annotations["helm.sh/hook-weight"])
    policy, registration = hooks.pop(("NetworkPolicy", "rel-jobs")), hooks.pop(("Job", "rel-register-fit"))
    assert set(hooks) == {("Job", "rel-auth-upgrade"), ("Job", "rel-fit-upgrade")}
    assert all(policy < weight < registration for weight in hooks.values())
    for name, container in chart.containers().items():
        assert ("upgrade" in container["command"]) == name.endswith("-upgrade"), "no pod migrates when it starts"


def test_a_pod_may_do_no_more_than_it_needs(charts: dict[str, Rendered]) -> None:
    [user] = set(re.findall(r"--uid (\d+)", (ROOT / "deploy" / "Dockerfile").read_text("utf-8")))
    for chart in (charts[case] for case in CASES):
        for name, pod in chart.pods():
            spec = pod["spec"]
            assert spec["securityContext"] == {
                "runAsNonRoot": True,
                "runAsUser": int(user),
                "runAsGroup": int(user),
                "fsGroup": int(user),
                "seccompProfile": {"type": "RuntimeDefault"},
            }, name
            assert spec["automountServiceAccountToken"] is False
            [container] = spec["containers"]
            assert container["securityContext"] == {
                "readOnlyRootFilesystem": True,
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
            }
            assert [each["name"] for each in spec["volumes"] if "emptyDir" in each] == ["tmp"]
            assert all(each.get("readOnly") or each["name"] == "tmp" for each in container["volumeMounts"])
            assert not any("envFrom" in part or "valueFrom" in str(part) for part in (container, *container["env"]))
    sizes = {"1g": "1Gi", "512m": "512Mi"}
    for name in ("auth", "fit", "webhooks"):
        limit = charts["plain"].containers()[f"rel-{name}"]["resources"]["limits"]["memory"]
        assert limit == sizes[SERVICES[name]["mem_limit"]], "as Compose has it"


def test_a_service_of_the_cluster_gives_no_pod_settings(charts: dict[str, Rendered]) -> None:
    """Of a Service `auth` in their namespace Kubernetes tells pods by `AUTH_PORT` and its like, unless told not to."""
    with pytest.raises(SettingsError, match="AUTH_PORT is not a setting"):
        AuthSettings.load({"AUTH_PORT": "tcp://10.0.0.1:8000"})
    assert all(pod["spec"]["enableServiceLinks"] is False for case in CASES for _, pod in charts[case].pods())


@pytest.mark.parametrize("case", ["plain", "everything"])
def test_a_pod_has_time_to_drain_before_it_is_killed(charts: dict[str, Rendered], case: str) -> None:
    for name in ("rel-auth", "rel-fit"):
        spec = charts[case].of_kind("Deployment")[name]["spec"]
        assert spec["strategy"] == {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}
        [drain] = [float(each["value"]) for each in charts[case].containers()[name]["env"] if "DRAIN" in each["name"]]
        assert drain == CASES[case].get("drainTime", VALUES["drainTime"]) > 0
        granted = spec["template"]["spec"]["terminationGracePeriodSeconds"]
        assert granted >= drain + configuration.graceful_timeout + 5
        budget = charts[case].of_kind("PodDisruptionBudget")[name]["spec"]
        assert budget == {"maxUnavailable": 1, "selector": spec["selector"]}


@pytest.mark.parametrize("case", ["plain", "everything"])
def test_each_pod_is_bound_by_one_network_policy(charts: dict[str, Rendered], case: str) -> None:
    policies = charts[case].of_kind("NetworkPolicy")
    for name, pod in charts[case].pods():
        labels = pod["metadata"]["labels"].items()
        own = [
            each["spec"] for each in policies.values() if each["spec"]["podSelector"]["matchLabels"].items() <= labels
        ]
        assert [each["policyTypes"] for each in own] == [["Ingress", "Egress"]], name
        assert ("ingress" in own[0]) == (name in {"rel-auth", "rel-fit"})
    clients = policies["rel-auth"]["spec"]["ingress"][0].get("from")
    if case == "plain":
        assert clients is None
    else:
        asking = [each["podSelector"]["matchLabels"]["app.kubernetes.io/component"] for each in clients[1:]]
        assert (clients[0], asking) == (CASES[case]["networkPolicy"]["clients"][0], ["fit", "webhooks"])
    ports = [[port["port"] for port in each["ports"]] for each in policies["rel-fit"]["spec"]["egress"]]
    assert (
        ports == [[53, 53], [5432, 6379, 26379], ["http"]]
        if case == "plain"
        else [[53, 53], [5432, 7000], [4318], [443]]
    )


def test_the_worker_reaches_no_address_that_webhooks_may_not_have(charts: dict[str, Rendered]) -> None:
    four, six = (
        each["ipBlock"] for each in charts["plain"].of_kind("NetworkPolicy")["rel-webhooks"]["spec"]["egress"][-1]["to"]
    )
    assert (four["cidr"], six) == ("0.0.0.0/0", {"cidr": "2000::/3"})
    for network in map(ipaddress.ip_network, four["except"]):
        assert not may_connect(str(network[1]), allow_private=False)
    for inside in ("10.0.0.1", "172.20.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "127.0.0.1"):
        assert any(ipaddress.ip_address(inside) in ipaddress.ip_network(each) for each in four["except"])


def test_the_authorization_server_reaches_clients_documents_only_if_it_reads_them(charts: dict[str, Rendered]) -> None:
    reading, plain = (charts[case].of_kind("NetworkPolicy") for case in ("documents", "plain"))
    outside = reading["rel-webhooks"]["spec"]["egress"][-1]
    assert reading["rel-auth"]["spec"]["egress"] == [*plain["rel-auth"]["spec"]["egress"], outside]
    assert reading["rel-fit"] == plain["rel-fit"]


def test_without_the_fit_api_nothing_of_it_is_there(charts: dict[str, Rendered]) -> None:
    names = {(each["kind"], each["metadata"]["name"]) for each in charts["auth alone"].objects}
    assert names == {
        ("Deployment", "rel-auth"),
        ("Service", "rel-auth"),
        ("PodDisruptionBudget", "rel-auth"),
        ("Job", "rel-auth-upgrade"),
    }


def test_images_are_named_by_digest_where_one_is_given(charts: dict[str, Rendered]) -> None:
    images = {name: container["image"] for name, container in charts["everything"].containers().items()}
    assert images["rel-auth"] == images["rel-register-fit"] == f"registry.example.org/m/moogle-auth@sha256:{'a' * 64}"
    assert images["rel-fit"] == images["rel-webhooks"] == "registry.example.org/m/moogle-fit:1.2"
