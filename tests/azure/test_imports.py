"""What it costs to import the product: none of the SDKs, and of those only what an adapter uses."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from shared.levers import SwitchKind

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


SOURCES = {
    "KUBELET": set[str](),
    "ORIGIN": set[str](),
    "APP": {"azure.monitor.query"},
    "PODS": {"azure.monitor.query"},
    "PODS_BY_ID": {"azure.monitor.query"},
}
"""What a reading of a gate loads of Azure Monitor's packages."""


@pytest.mark.parametrize("gate", SOURCES)
def test_a_source_loads_its_own_package_and_no_other(gate: str) -> None:
    lines = [
        "import asyncio",
        "from datetime import UTC, datetime",
        "from shared.azure.connection import Connection",
        "from shared.azure.world import AzureWorld",
        "from shared.probes import GateReading, Unavailable",
        "from tests.azure.credential import FixedCredential",
        f"from tests.sources import WORLDWIDE, at, {gate}",
        "async def ask():",
        "    url = 'https://127.0.0.1:1'",
        "    connection = Connection(arm_endpoint=url, logs_endpoint=url, credential=FixedCredential())",
        f"    probe = GateReading(at({gate}, url), 'blue')",
        "    seen = await AzureWorld(connection).observe(WORLDWIDE, frozenset({probe}), datetime.now(UTC))",
        "    assert isinstance(seen[probe], Unavailable), seen",
        "    await connection.aclose()",
        "asyncio.run(ask())",
    ]
    found = {".".join(name.split(".")[:3]) for name in loaded(lines, "azure.monitor.", "azure.mgmt.")}
    assert found - {"azure.mgmt.core"} == SOURCES[gate]


def test_a_check_loads_no_package_of_a_service() -> None:
    lines = [
        "import asyncio",
        "from datetime import UTC, datetime",
        "from shared.azure.connection import Connection",
        "from shared.azure.world import AzureWorld",
        "from shared.probes import Unavailable",
        "from tests.azure.credential import FixedCredential",
        "from tests.contract.test_checks_contract import HOOK, LOAD, asked, gate",
        "from tests.fleets import FLEET",
        "from shared.fleet import Source, Target",
        "probes = frozenset({",
        "    asked(gate(Source.WEBHOOK, HOOK)),",
        "    asked(gate(Source.ALERTS, target=Target.CLUSTER)),",
        "    asked(gate(Source.RESOURCE_HEALTH, target=Target.CLUSTER)),",
        "    asked(gate(Source.LOAD_TEST, LOAD)),",
        "})",
        "async def ask():",
        "    nowhere = 'https://127.0.0.1:1'",
        "    connection = Connection(",
        "        arm_endpoint=nowhere, load_tests_endpoint=nowhere, probe_proxy='http://127.0.0.1:1',",
        "        credential=FixedCredential(),",
        "    )",
        "    seen = await AzureWorld(connection).observe(FLEET, probes, datetime.now(UTC))",
        "    assert all(isinstance(each, Unavailable) for each in seen.values()), seen",
        "    await connection.aclose()",
        "asyncio.run(ask())",
    ]
    found = {".".join(name.split(".")[:3]) for name in loaded(lines, "azure.mgmt.", "azure.monitor.")}
    assert found == {"azure.mgmt.core"}


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
