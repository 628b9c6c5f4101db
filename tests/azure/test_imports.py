"""What it costs to import the product: none of the SDKs, and of those only what an adapter uses."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from shared.fleet import Source
from shared.levers import SwitchKind

CLUSTERS = "azure.mgmt.containerservice"
LOADED = "print(*sorted(m for m in sys.modules if m.startswith({prefixes})))"
PACKAGES = {
    SwitchKind.AZURE_DNS: {"azure.mgmt.dns"},
    SwitchKind.PRIVATE_DNS: {"azure.mgmt.privatedns"},
    SwitchKind.FRONT_DOOR: {"azure.mgmt.cdn"},
    SwitchKind.FRONT_DOOR_CLASSIC: {"azure.mgmt.frontdoor"},
    SwitchKind.TRAFFIC_MANAGER: {"azure.mgmt.trafficmanager"},
    SwitchKind.APPLICATION_GATEWAY: set[str](),
}
"""The packages that an adapter of that kind loads, beside what all of them share."""


def loaded(lines: list[str], *prefixes: str) -> list[str]:
    """The modules whose names begin so after a fresh process has run these lines."""
    script = "\n".join(["import sys", *lines, LOADED.format(prefixes=prefixes)])
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=dict(os.environ)
    )
    return done.stdout.split()


def test_importing_every_adapter_loads_no_sdk() -> None:
    lines = [
        "import pkgutil, importlib, shared.azure",
        "for each in pkgutil.iter_modules(shared.azure.__path__):",
        "    if each.name not in ('retries', 'transport'):",
        "        importlib.import_module('shared.azure.' + each.name)",
    ]
    assert loaded(lines, "azure", "aiohttp", "dns", "msal", "pydantic") == []


def test_indexing_the_app_and_making_its_world_loads_no_sdk() -> None:
    lines = [
        "import function_app",
        "from shared.azure.connection import Connection",
        "from shared.azure.world import AzureWorld",
        "assert len(function_app.app.get_functions()) > 9",
        "AzureWorld(Connection())",
    ]
    assert set(loaded(lines, "azure")) >= {"azure.functions"}
    heavy = ("azure.core", "azure.data", "azure.identity", "azure.mgmt", "azure.monitor")
    assert loaded(lines, *heavy, "aiohttp", "dns", "msal", "pydantic") == []


CHECKS = "from tests.contract.test_checks_contract import HOOK, LOAD, PODS as READY, asked, gate"
SOURCES: dict[str, tuple[Source, set[str]]] = {
    "GateReading(NODES, BLUE)": (Source.METRICS, {"azure.monitor.querymetrics"}),
    "GateReading(ORIGIN, BLUE)": (Source.METRICS, {"azure.mgmt.core"}),
    "GateReading(ERRORS, BLUE)": (Source.LOGS, {"azure.monitor.query"}),
    "GateReading(PODS, BLUE)": (Source.LOGS, {"azure.monitor.query"}),
    "GateReading(PODS_BY_ID, BLUE)": (Source.LOGS, {"azure.monitor.query"}),
    "GateReading(APP, BLUE)": (Source.APP_INSIGHTS, {"azure.monitor.query"}),
    "GateReading(at(KUBELET, url), BLUE)": (Source.PROMETHEUS, {"azure.mgmt.core"}),
    "GateReading(HEALTH, BLUE)": (Source.HTTP, set()),
    "asked(gate(Source.WEBHOOK, HOOK))": (Source.WEBHOOK, set()),
    "asked(gate(Source.KUBERNETES, READY))": (Source.KUBERNETES, {"azure.mgmt.core", CLUSTERS}),
    "asked(gate(Source.ALERTS, target=Target.CLUSTER))": (Source.ALERTS, {"azure.mgmt.core"}),
    "asked(gate(Source.RESOURCE_HEALTH, target=Target.CLUSTER))": (
        Source.RESOURCE_HEALTH,
        {"azure.mgmt.core"},
    ),
    "asked(gate(Source.LOAD_TEST, LOAD))": (Source.LOAD_TEST, set()),
}
"""What a question loads of Azure's packages, beside azure.core, and of which source it is."""


FILES = {
    Source.METRICS: "metrics",
    Source.LOGS: "logs",
    Source.APP_INSIGHTS: "logs",
    Source.PROMETHEUS: "prometheus",
    Source.HTTP: "http_probe",
    Source.WEBHOOK: "webhook",
    Source.KUBERNETES: "kubernetes",
    Source.ALERTS: "alerts",
    Source.RESOURCE_HEALTH: "resource_health",
    Source.LOAD_TEST: "load_test",
}
"""Where each source is asked, which is nowhere else."""


def test_every_source_has_a_question_here() -> None:
    assert {source for source, _ in SOURCES.values()} == set(Source) == set(FILES)


@pytest.mark.parametrize("question", SOURCES)
def test_a_source_loads_its_own_package_and_no_other(question: str) -> None:
    source, packages = SOURCES[question]
    lines = [
        "import asyncio",
        "from datetime import UTC, datetime",
        "from shared.azure.connection import Connection",
        "from shared.azure.world import AzureWorld",
        "from shared.fleet import Source, Target",
        "from shared.probes import GateReading, Unavailable",
        "from tests.azure.credential import FixedCredential",
        "from tests.fleets import BLUE, ERRORS, HEALTH, NODES",
        "from tests.sources import APP, KUBELET, ORIGIN, PODS, PODS_BY_ID, WORLDWIDE, at",
        CHECKS if question.startswith("asked") else "",
        "async def ask():",
        "    url = 'https://127.0.0.1:1'",
        "    connection = Connection(",
        "        arm_endpoint=url, logs_endpoint=url, metrics_endpoint=url, load_tests_endpoint=url,",
        "        probe_proxy='http://127.0.0.1:1', credential=FixedCredential(),",
        "    )",
        f"    probe = {question}",
        f"    assert probe.gate.source == {source.value!r}",
        "    seen = await AzureWorld(connection).observe(WORLDWIDE, frozenset({probe}), datetime.now(UTC))",
        "    assert isinstance(seen[probe], Unavailable), seen",
        "    await connection.aclose()",
        "asyncio.run(ask())",
    ]
    names = loaded(lines, "azure.monitor.", "azure.mgmt.", "azure.data.", "shared.azure.")
    assert {".".join(n.split(".")[:3]) for n in names if n.startswith("azure.")} == packages
    files = {f"shared.azure.{file}" for file in FILES.values()}
    assert files.intersection(names) == {f"shared.azure.{FILES[source]}"}


@pytest.mark.parametrize("kind", list(SwitchKind))
def test_a_lever_loads_its_own_package_and_no_other(kind: SwitchKind) -> None:
    lines = [
        "import asyncio",
        "from datetime import UTC, datetime",
        "from shared.azure.connection import Connection",
        "from shared.azure.world import AzureWorld",
        "from shared.levers import RecordType, SwitchKind",
        "from shared.probes import BalancerState, RecordState, Unavailable",
        "from tests.azure.credential import FixedCredential",
        "from tests.fleets import FLEET",
        "from tests.fleets_balanced import balancer",
        f"kind = SwitchKind({kind.value!r})",
        "live = FLEET.live_records[0]",
        "zone = live.zone_id.replace('dnszones', 'privateDnsZones')",
        "record = type(live)(kind=kind, zone_id=zone, name='a', type=RecordType.A, ttl_seconds=30)",
        "probe = RecordState(record) if kind.value.endswith('dns') else BalancerState(balancer(kind))",
        "async def ask():",
        "    connection = Connection(arm_endpoint='https://127.0.0.1:1', credential=FixedCredential())",
        "    probes = frozenset({probe})",
        "    seen = await AzureWorld(connection).observe(FLEET, probes, datetime.now(UTC))",
        "    assert isinstance(seen[probe], Unavailable), seen",
        "    await connection.aclose()",
        "asyncio.run(ask())",
    ]
    found = {".".join(name.split(".")[:3]) for name in loaded(lines, "azure.mgmt.", "dns")}
    assert found - {"azure.mgmt.core"} == PACKAGES[kind]
