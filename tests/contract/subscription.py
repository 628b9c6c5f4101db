"""Azure itself as a side of the contract: a balancer that the environment names (docs/contract.md).

Credentials are whatever `azure.identity` finds, as for the product. What was found is restored in the end.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime

import msgspec

from shared.azure.connection import ARM_ENDPOINT, Connection
from shared.azure.world import AzureWorld
from shared.levers import Balancer, Match, SwitchKind
from tests.contract.balancers import Balanced, Row
from tests.fleets import fleet

SUBSCRIPTION = "SWITCHYARD_AZURE_SUBSCRIPTION"
RESOURCE_GROUP = "SWITCHYARD_AZURE_RESOURCE_GROUP"
_LOOK_SECONDS = 60
_HOURS_MAX = 6
_ANY = Match(value="contract", header="x-switchyard-contract")


class Subscription(Balanced):
    """A balancer on Azure, in the time that Azure takes."""

    rounds_max = _HOURS_MAX * 3600 // _LOOK_SECONDS

    async def wait(self) -> None:
        """Long enough to look again."""
        await asyncio.sleep(_LOOK_SECONDS)

    def now(self) -> datetime:
        """The present moment."""
        return datetime.now(UTC)


def variable(kind: SwitchKind) -> str:
    """Where the balancer of that kind is named, as JSON."""
    return f"SWITCHYARD_AZURE_{kind.name}"


def missing(kinds: list[SwitchKind]) -> list[str]:
    """The variables that are not set, of those that the contract needs on Azure."""
    wanted = [SUBSCRIPTION, RESOURCE_GROUP, *map(variable, kinds)]
    return [name for name in wanted if not os.environ.get(name)]


def declared(kind: SwitchKind) -> bool:
    """Whether one of that kind is there to be moved."""
    return not missing([kind])


@asynccontextmanager
async def opened(row: Row) -> AsyncIterator[Subscription]:
    """The balancer; in the end as it was found. Raises ValueError for one that may not be tested on."""
    balancer = _balancer(row.kind)
    connection = Connection(arm_endpoint=os.environ.get("SWITCHYARD_ARM_ENDPOINT", ARM_ENDPOINT))
    it = Subscription(AzureWorld(connection), fleet(live_records=(), balancers=(balancer,)), row)
    async with aclosing(connection):
        before = await it.see()
        if before.matched:
            raise ValueError(f"{balancer.label} has a canary already: nobody else may use what is tested on")
        try:
            yield it
        finally:
            if balancer.rules:
                await it.send(_ANY, None)
            slots = [member.slot for member in balancer.members]
            await it.reach({slot: before.weights.get(slot, 0) for slot in slots})


def _balancer(kind: SwitchKind) -> Balancer:
    declared = msgspec.json.decode(os.environ[variable(kind)])
    balancer = msgspec.convert({"kind": kind, **declared}, Balancer)
    group = f"/subscriptions/{os.environ[SUBSCRIPTION]}/resourceGroups/{os.environ[RESOURCE_GROUP]}/"
    if not balancer.resource_id.lower().startswith(group.lower()):
        raise ValueError(f"{variable(kind)} names {balancer.resource_id}, which is not in {group}")
    return balancer
