"""What stands between an alert and the DNS write, from the webhook's door on: requests and cold imports."""

from __future__ import annotations

import inspect
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.typedefs import Handler

from sandbox.azurite import Azurite
from sandbox.wire import identity
from sandbox.wire.server import Wire
from sandbox.world import events
from shared.api.intake import Intake
from shared.azure import adapters
from shared.azure.world import AzureWorld
from shared.engine import Engine
from shared.errors import Refused
from shared.signals import resources_of
from shared.store.azure_tables import AzureTables
from shared.store.table_store import TableStore
from tests.azure.rig import connected
from tests.bench.rollouts import baking, moved
from tests.engine.cold_workers import COLD, WEBHOOK, ran
from tests.engine.rig import Rig
from tests.fleets import ADDRESSES, BLUE, GREEN
from tests.store.proxy import Proxy


class Log:
    """Every request in the order in which it came, as `store GET` or `azure PUT`. A batch is a POST."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def of(self, whose: str) -> Any:
        """A middleware that writes down what comes to that service."""

        @web.middleware
        async def note(request: web.Request, handler: Handler) -> web.StreamResponse:
            self.lines.append(f"{'token' if request.path == identity.PATH else whose} {request.method}")
            return await handler(request)

        return note

    def before_the_write(self) -> list[str]:
        """What came before the first write to Azure, which is the DNS write."""
        return self.lines[: self.lines.index("azure PUT")]


@pytest.fixture
async def baked(request: pytest.FixtureRequest) -> Rig:
    """A rollout in its bake."""
    return await baking(re.sub("[^a-z0-9]+", "-", request.node.name.lower())[-30:].strip("-"))


@asynccontextmanager
async def served(rig: Rig, azurite: Azurite, directory: Path, log: Log) -> AsyncIterator[tuple[Wire, Proxy]]:
    """The rig's state on Azurite and its world on the wire, with a log of what is asked of both."""
    _, tables = await moved(rig, azurite)
    await tables.close()
    proxy = Proxy(azurite, log.of("store"))
    wire = Wire(rig.world, rig.clock, directory=directory, throttled=False, middlewares=[log.of("azure")])
    async with proxy.listening(), wire:
        yield wire, proxy


@asynccontextmanager
async def asked(rig: Rig, azurite: Azurite, directory: Path, log: Log) -> AsyncIterator[Intake]:
    """A worker on both, which was never asked anything."""
    async with served(rig, azurite, directory, log) as (wire, proxy):
        connection = connected(wire)
        tables = AzureTables.from_connection_string(proxy.connection_string)
        store = TableStore(tables, resources_of)
        yield Intake(store, Engine(store, AzureWorld(connection), rig.topic, rig.clock), rig.clock)
        await tables.close()
        await connection.aclose()


def fired(rig: Rig) -> dict[str, Any]:
    """An alert on the candidate's cluster, which is nobody else's."""
    cluster = rig.fleet.slot(GREEN).cluster_id
    return events.metric_alert(cluster, rig.clock.now(), alert_guid="a" * 32)


@pytest.mark.parametrize("idle", [timedelta(minutes=9), timedelta(days=2)])
async def test_one_store_read_one_record_read_and_one_claim_stand_before_the_dns_write(
    baked: Rig, azurite: Azurite, tmp_path: Path, idle: timedelta
) -> None:
    log = Log()
    async with asked(baked, azurite, tmp_path, log) as intake:
        with pytest.raises(Refused):
            await intake.alert({})  # The worker has been asked before: it knows the fleets.
        baked.clock.at += idle
        log.lines.clear()
        await intake.alert(fired(baked))
    assert log.before_the_write() == [
        "store PATCH",  # The fleet is marked, so that the sweep looks at it,
        "store POST",  # the alert is stored, before it is acknowledged,
        "store GET",  # the fleet is read,
        "azure GET",  # the live record is read,
        "store POST",  # and the rollback is claimed.
    ]
    assert baked.traffic_at() == ADDRESSES[BLUE]


async def test_a_worker_that_knows_nothing_reads_the_fleet_that_the_webhook_names_and_nothing_else(
    baked: Rig, azurite: Azurite, tmp_path: Path
) -> None:
    log = Log()
    async with asked(baked, azurite, tmp_path, log) as intake:
        await intake.alert(fired(baked), baked.fleet.name)
    assert log.before_the_write() == [
        "store GET",  # The fleet is read,
        "store PATCH",  # and marked,
        "store POST",  # the alert is stored,
        "azure GET",  # the live record is read,
        "store POST",  # and the rollback is claimed.
    ]
    assert baked.traffic_at() == ADDRESSES[BLUE]


ADAPTERS = {
    f"shared.azure.{name}"
    for name in re.findall(r"        from shared\.azure\.(\w+) import", inspect.getsource(adapters))
}
"""Every module that is an adapter to something of Azure."""


@pytest.mark.parametrize("named", [True, False])
async def test_a_cold_worker_imports_the_dns_adapter_and_no_other_before_the_dns_write(
    baked: Rig, azurite: Azurite, tmp_path: Path, named: bool
) -> None:
    async with served(baked, azurite, tmp_path, Log()) as (wire, proxy):
        given = {
            "now": baked.clock.now().isoformat(),
            "token": wire.token("https://management.azure.com"),
            "ca": str(wire.ca_file),
            "arm": wire.arm_endpoint,
            "store": proxy.connection_string,
            "alert": fired(baked),
            "fleet": baked.fleet.name if named else None,
        }
        out, errors = await ran(COLD, given)
    loaded = set(out.split())
    assert baked.traffic_at() == ADDRESSES[BLUE], errors
    assert {name for name in loaded if name.count(".") == 2 and name.startswith("azure.mgmt.")} == {
        "azure.mgmt.core",
        "azure.mgmt.dns",
    }
    assert loaded & ADAPTERS == {"shared.azure.azure_dns"}
    heavy = ("azure.monitor", "azure.eventgrid", "azure.identity", "scipy", "numpy", "pydantic", "dns")
    assert [name for name in loaded for each in heavy if f"{name}.".startswith(f"{each}.")] == []


WATCHED = [
    "store GET",  # Whoever watches the app asks for its health, and the fleets are read.
    "store PATCH",  # The alert: the fleet is marked,
    "store POST",  # the alert is stored,
    "store GET",  # the fleet is read,
    "token GET",  # a worker that has just begun has no token yet,
    "azure GET",  # the live record is read,
    "store POST",  # and the rollback is claimed.
]
UNWATCHED = [
    "store GET",  # The alert: the fleet that the address names is read,
    "store PATCH",  # and marked,
    "store POST",  # the alert is stored,
    "token GET",
    "azure GET",
    "store POST",
]


@pytest.mark.parametrize(("watched", "expected"), [(True, WATCHED), (False, UNWATCHED)])
async def test_from_the_webhook_on_the_same_requests_stand_before_the_dns_write(
    baked: Rig, azurite: Azurite, tmp_path: Path, watched: bool, expected: list[str]
) -> None:
    log = Log()
    async with served(baked, azurite, tmp_path, log) as (wire, proxy):
        environment = {**wire.environment(), "AzureWebJobsStorage": proxy.connection_string}
        params = {} if watched else {"fleet": baked.fleet.name}
        given = {"environment": environment, "alert": fired(baked), "watched": watched, "params": params}
        out, errors = await ran(WEBHOOK, given)
    assert baked.traffic_at() == ADDRESSES[BLUE], errors
    assert log.before_the_write() == expected
    loaded = set(out.split())
    assert loaded & ADAPTERS == {"shared.azure.azure_dns"}
    packages = {".".join(name.split(".")[: 3 if ".mgmt." in name else 2]) for name in loaded}
    assert {name for name in packages if name.startswith("azure.")} == {
        "azure.core",
        "azure.data",
        "azure.functions",
        "azure.identity",
        "azure.mgmt",
        "azure.mgmt.core",
        "azure.mgmt.dns",
    }
    heavy = {"scipy", "numpy", "pydantic", "yaml", "dns", "tzdata"}
    assert {name.partition(".")[0] for name in loaded} & heavy == set()
