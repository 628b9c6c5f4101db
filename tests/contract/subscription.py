"""Azure itself as a side of the contract: a lever that the environment names (docs/contract.md).

Credentials are whatever `azure.identity` finds, as for the product. What was found is restored in the end.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec

from shared.azure.connection import ARM_ENDPOINT, Connection
from shared.azure.world import AzureWorld
from shared.fleet import Fleet, Slot
from shared.levers import Balancer, Match, Record, SlotName
from shared.ports import World
from shared.probes import BalancerSeen, RecordSeen
from tests.contract.levers import Lever
from tests.contract.rows import Row
from tests.fleets import FLEET, fleet

SUBSCRIPTION = "SWITCHYARD_AZURE_SUBSCRIPTION"
RESOURCE_GROUP = "SWITCHYARD_AZURE_RESOURCE_GROUP"
OWN_NAME = "contract"
"""The fleet that the tests write as, so that a lever of another one is known by its marks."""
LOOK_SECONDS = 60
_HOURS_MAX = 6
_ANY = Match(value="contract", header="x-switchyard-contract")


class Subscription(Lever):
    """A lever on Azure, in the time that Azure takes."""

    rounds_max = _HOURS_MAX * 3600 // LOOK_SECONDS

    def __init__(self, world: World, fleet: Fleet, row: Row, look_seconds: float) -> None:
        super().__init__(world, fleet, row)
        self._look_seconds = look_seconds

    async def wait(self) -> None:
        """Long enough to look again."""
        await asyncio.sleep(self._look_seconds)

    def now(self) -> datetime:
        """The present moment."""
        return datetime.now(UTC)


def variable(row: Row) -> str:
    """Where the lever of that row is named, as JSON."""
    return f"SWITCHYARD_AZURE_{row.name.upper()}"


def missing(rows: Iterable[Row]) -> list[str]:
    """The variables that are not set, of those that the contract needs on Azure."""
    wanted = [SUBSCRIPTION, RESOURCE_GROUP, *map(variable, rows)]
    return [name for name in wanted if not os.environ.get(name)]


def declared(row: Row) -> bool:
    """Whether one of that row is there to be moved."""
    return not missing([row])


@asynccontextmanager
async def azure() -> AsyncIterator[AzureWorld]:
    """Azure, with the credentials that the environment gives."""
    connection = Connection(arm_endpoint=os.environ.get("SWITCHYARD_ARM_ENDPOINT", ARM_ENDPOINT))
    async with aclosing(connection):
        yield AzureWorld(connection)


@asynccontextmanager
async def opened(row: Row, world: World, look_seconds: float = LOOK_SECONDS) -> AsyncIterator[Subscription]:
    """The lever; in the end as it was found. Raises ValueError for one that may not be tested on."""
    declared = _fleet(row)
    it = Subscription(world, declared, row, look_seconds)
    before = await _found(it)
    try:
        yield it
    finally:
        if row.balancer and it.balancer.rules:
            await it.send(_ANY, None)
        await it.reach({slot.name: before.weights.get(slot.name, 0) for slot in declared.slots})


async def _found(it: Subscription) -> BalancerSeen:
    """The lever before it is touched, if it can be restored and is nobody else's."""
    label, answer, seen = it.declared.label, await it.answer(), await it.see()
    if seen.matched or seen.fleet not in (None, OWN_NAME):
        user = f"the fleet {seen.fleet}" if seen.fleet else "a canary"
        raise ValueError(f"{label} is used by {user}: nobody else may use what is tested on")
    if not seen.weights:
        raise ValueError(f"{label} leads to neither slot, and could not be led back: {answer}")
    # Every write of a record sets its TTL, and what is put back is the slot.
    if isinstance(answer, RecordSeen) and answer.ttl_seconds != it.declared.ttl_seconds:
        raise ValueError(f"{label} has a TTL of {answer.ttl_seconds} s and not {it.declared.ttl_seconds}")
    return seen


def _fleet(row: Row) -> Fleet:
    """A fleet whose only lever is the one that the environment names."""
    named = msgspec.json.decode(os.environ[variable(row)], type=dict[str, Any])
    found = _balanced(row, named) if row.balancer else _pointed(row, named)
    group = f"/subscriptions/{os.environ[SUBSCRIPTION]}/resourceGroups/{os.environ[RESOURCE_GROUP]}/"
    resource_id = found.levers[0].resource_id
    if not resource_id.lower().startswith(group.lower()):
        raise ValueError(f"{variable(row)} names {resource_id}, which is not in {group}")
    return found


def _balanced(row: Row, named: Mapping[str, Any]) -> Fleet:
    balancer = msgspec.convert({"kind": row.kind, **named}, Balancer)
    return fleet(name=OWN_NAME, live_records=(), balancers=(balancer,))


def _pointed(row: Row, named: Mapping[str, Any]) -> Fleet:
    record = msgspec.convert({"kind": row.kind, "type": row.type, "alias": row.alias, **named}, Record)
    if record.type is not row.type and not row.alias:
        raise ValueError(f"{variable(row)} names a record set of type {record.type}, not {row.type}")
    targets = msgspec.convert(named.get("targets"), dict[SlotName, str])
    if set(targets) != {slot.name for slot in FLEET.slots} or len(set(targets.values())) != len(targets):
        raise ValueError(f"{variable(row)} needs a target for each slot, and one of its own")

    def leading(slot: Slot) -> Slot:
        address, resource = (None, targets[slot.name]) if row.alias else (targets[slot.name], None)
        return msgspec.structs.replace(slot, address=address, public_ip_id=resource)

    return fleet(name=OWN_NAME, live_records=(record,), slots=tuple(map(leading, FLEET.slots)))
