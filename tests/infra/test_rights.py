"""A right for every call that the product makes of Azure Resource Manager, and of a balancer no right beside.

Holds text against code. It refuses to know whether Azure asks for more: only Azure does.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.world.balancers import TYPES

ROOT = Path(__file__).parents[2]
ROLES = (ROOT / "infra/roles.bicep").read_text("utf-8")
MODULES = {path.name: path.read_text("utf-8") for path in (ROOT / "infra/modules").glob("*.bicep")}
GRANTED = set(re.findall(r"'(Microsoft\.[\w/]+)'", ROLES))

CLUSTER = "Microsoft.ContainerService/managedClusters"
FLUX = "Microsoft.KubernetesConfiguration/fluxConfigurations"
DEPLOYMENT = "Microsoft.Resources/deployments"
PUBLIC, PRIVATE = "Microsoft.Network/dnsZones", "Microsoft.Network/privateDnsZones"
ORIGIN, RULE = "Microsoft.Cdn/profiles/originGroups/origins", "Microsoft.Cdn/profiles/ruleSets/rules"
CLASSIC, GATEWAY = "Microsoft.Network/frontDoors", "Microsoft.Network/applicationGateways"
PROFILE = "Microsoft.Network/trafficManagerProfiles"
BALANCERS = {
    ("front_door.py", "afd_origins.list_by_origin_group"): (f"{ORIGIN}/read",),
    ("front_door.py", "afd_origins.begin_update"): (f"{ORIGIN}/write",),
    ("front_door.py", "rules.get"): (f"{RULE}/read",),
    ("front_door.py", "rules.begin_create"): (f"{RULE}/write",),
    ("front_door.py", "rules.begin_delete"): (f"{RULE}/delete",),
    ("front_door.py", "afd_endpoints.begin_purge_content"): (
        "Microsoft.Cdn/profiles/afdEndpoints/Purge/action",
    ),
    ("front_door_classic.py", "front_doors.get"): (f"{CLASSIC}/read",),
    ("front_door_classic.py", "front_doors.begin_create_or_update"): (f"{CLASSIC}/write",),
    ("front_door_classic.py", "rules_engines.get"): (f"{CLASSIC}/rulesEngines/read",),
    ("front_door_classic.py", "rules_engines.begin_create_or_update"): (f"{CLASSIC}/rulesEngines/write",),
    ("front_door_classic.py", "endpoints.begin_purge_content"): (f"{CLASSIC}/purge/action",),
    ("traffic_manager.py", "profiles.get"): (f"{PROFILE}/read",),
    ("traffic_manager.py", "endpoints.update"): (
        f"{PROFILE}/azureEndpoints/write",
        f"{PROFILE}/externalEndpoints/write",
        f"{PROFILE}/nestedEndpoints/write",
    ),
    ("application_gateway.py", "arm.get"): (f"{GATEWAY}/read",),
    ("application_gateway.py", "arm.put"): (f"{GATEWAY}/write",),
}
RIGHTS = {
    ("aks.py", "get"): (f"{CLUSTER}/read",),
    ("aks.py", "begin_start"): (f"{CLUSTER}/start/action",),
    ("aks.py", "begin_stop"): (f"{CLUSTER}/stop/action",),
    ("aks.py", "begin_delete"): (f"{CLUSTER}/delete",),
    ("run_command.py", "get"): (f"{CLUSTER}/read",),
    ("run_command.py", "begin_run_command"): (f"{CLUSTER}/runcommand/action",),
    ("run_command.py", "get_command_result"): (f"{CLUSTER}/commandResults/read",),
    ("flux.py", "get"): (f"{FLUX}/read",),
    ("flux.py", "begin_create_or_update"): (f"{FLUX}/write",),
    ("deployments.py", "get"): (f"{DEPLOYMENT}/read",),
    ("deployments.py", "begin_create_or_update"): (f"{DEPLOYMENT}/write",),
    ("deployments.py", "begin_validate"): (f"{DEPLOYMENT}/validate/action",),
    ("azure_dns.py", "get"): (f"{PUBLIC}/A/read", f"{PUBLIC}/TXT/read"),
    ("azure_dns.py", "create_or_update"): (f"{PUBLIC}/A/write",),
    ("private_dns.py", "get"): (f"{PRIVATE}/A/read", f"{PRIVATE}/TXT/read"),
    ("private_dns.py", "create_or_update"): (f"{PRIVATE}/A/write",),
    ("names.py", "arm.get"): (f"{PUBLIC}/read",),
    ("alerts.py", "arm.get"): ("Microsoft.AlertsManagement/alerts/read",),
    ("resource_health.py", "arm.get"): ("Microsoft.ResourceHealth/availabilityStatuses/read",),
    ("activity_log.py", "arm.get"): ("Microsoft.Insights/eventtypes/values/read",),
    ("network.py", "arm.get"): (
        "Microsoft.Network/publicIPAddresses/read",
        "Microsoft.Resources/subscriptions/resourceGroups/read",
    ),
    **BALANCERS,
}
READ = {("global_metrics.py", "arm.get")}
"""Calls that read what Monitoring Reader opens, wherever it is assigned (`access-measurements.bicep`)."""


MONITORING_READER = "43d0d8ad-25c7-4714-9337-8ba259a9fe05"
READ_BY_IT = {right for name in ("alerts.py", "resource_health.py") for right in RIGHTS[name, "arm.get"]}
"""What the `*/read` of Azure's own Monitoring Reader opens, and no role of ours has to."""


def client_group(node: ast.expr) -> str | None:
    """The group of operations in `self._client(…).group`, None for anything else."""
    match node:
        case ast.Attribute(value=ast.Call(func=ast.Attribute(attr="_client")), attr=group):
            return group
        case _:
            return None


def operations(path: Path) -> Iterator[str]:
    """The names of the operations of Azure Resource Manager that an adapter calls."""
    tree = ast.parse(path.read_text("utf-8"))
    named: dict[str, str] = {}
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if group := client_group(value):
                named[name] = group
            case _:
                pass
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="operations"), attr=name)):
                yield name
            case ast.Call(func=ast.Attribute(value=ast.Name(id="arm"), attr=name)):
                yield f"arm.{name}"
            case ast.Call(func=ast.Attribute(value=ast.Name(id=variable), attr=name)) if variable in named:
                yield f"{named[variable]}.{name}"
            case ast.Call(
                func=ast.Attribute(value=ast.Call(func=ast.Attribute(attr="_operations")), attr=name)
            ):
                yield name
            case ast.Call(func=ast.Attribute(value=value, attr=name)) if group := client_group(value):
                yield f"{group}.{name}"
            case _:
                pass


def test_every_call_of_an_adapter_has_a_right() -> None:
    called = {
        (path.name, name)
        for path in sorted((ROOT / "shared/azure").glob("*.py"))
        for name in operations(path)
    }
    assert called == set(RIGHTS) | READ, (
        "an adapter's calls changed: give the role its right, and this table the call"
    )
    assert {right for rights in RIGHTS.values() for right in rights} - GRANTED - READ_BY_IT == set()
    assert all(right.endswith("/read") for right in READ_BY_IT)
    assert MONITORING_READER in MODULES["access-measurements.bicep"]


def test_the_role_for_balancers_opens_what_is_called_and_what_a_balancer_must_be_joined_to() -> None:
    block = ROLES.split("resource balancerOperator ", 1)[1].split("\nresource ", 1)[0]
    opened = set(re.findall(r"'(Microsoft\.[\w/]+)'", block)) - {"Microsoft.Authorization/roleDefinitions"}
    joined = {right.rpartition("/")[0].removesuffix("/join").removesuffix("/assign") for right in opened
              if right.endswith(("/join/action", "/assign/action"))}  # fmt: skip
    linked = {right for right in opened for kind in joined if right.startswith(f"{kind}/")}
    assert len(joined) == 5
    assert opened - linked == {right for rights in BALANCERS.values() for right in rights}


@pytest.mark.parametrize("kind", TYPES.values())
def test_a_change_of_every_kind_of_balancer_is_heard_and_may_be_made(kind: str) -> None:
    assert f"'{kind}/'" in MODULES["events-group.bicep"]
    opening = [text.lower() for name, text in MODULES.items() if name.startswith("access-")]
    assert any(f"'{kind}@".lower() in text for text in opening)


def test_what_gates_ask_may_be_read_where_it_lies() -> None:
    fleet = (ROOT / "infra/fleet.bicep").read_text("utf-8")
    for module, role, groups in (
        ("access-measurements.bicep", "43d0d8ad-25c7-4714-9337-8ba259a9fe05", "topicGroups"),
        ("access-measurements.bicep", "43d0d8ad-25c7-4714-9337-8ba259a9fe05", "monitoringGroups"),
        ("access-prometheus.bicep", "b0d8363b-8ddd-447d-831f-62ca05bff136", "prometheusGroups"),
    ):
        assert re.search(rf"'modules/{module}' = \[\s+for group in {groups}:", fleet), groups
        assert f"'{role}'" in MODULES[module]
