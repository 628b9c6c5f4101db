"""Front Door (classic) over ARM: the Front Door as a whole, its rules engine and the purge, 2025-10-01.

Decides that a PUT replaces everything, also what the world has no place for, and that there is none while an
earlier one is under way. Refuses to make or to lose anything: Front Doors, their pools' backends and rules
engines are the fleet's declared ones.

Source: https://learn.microsoft.com/rest/api/frontdoor/frontdoor/front-doors
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from sandbox.wire import front_door_engine
from sandbox.wire.errors import BadRequest
from sandbox.wire.front_door_document import Json, properties, shown
from sandbox.wire.routing import Call, Handler, Operation, Reply, shaped
from sandbox.world.balancers import CANARY, FULL, MemberState
from sandbox.world.errors import ArmError, not_found
from sandbox.world.ledger import Happening
from sandbox.world.model import World
from sandbox.world.settings import Family
from shared.levers import Balancer

VERSIONS = frozenset({"2020-05-01", "2021-06-01", "2025-10-01"})

_PROVIDER = "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Network"
_FRONT_DOOR = _PROVIDER + "/frontDoors/{door}"
_ENGINE = _FRONT_DOOR + "/rulesEngines/{rules}"
_BUSY = "The requested operation cannot be executed on the entity as another operation is in progress."


def operations(world: World) -> list[Operation]:
    """Every operation of Front Doors (classic)."""
    doors = FrontDoorOperations(world)
    return [
        _operation("GET", _FRONT_DOOR, doors.get),
        _operation("PUT", _FRONT_DOOR, doors.put),
        _operation("GET", _ENGINE, doors.engine),
        _operation("PUT", _ENGINE, doors.put_engine),
        _operation("POST", _FRONT_DOOR + "/purge", doors.purge),
        _operation("GET", _PROVIDER + "/frontDoorOperationResults/{operation}", doors.status),
    ]


class _Backend(Struct, frozen=True, rename="camel"):
    """What the world holds of a backend."""

    address: str
    weight: Annotated[int, Meta(ge=1, le=FULL)]
    enabled_state: Literal["Enabled", "Disabled"]


class _Backends(Struct, frozen=True):
    backends: list[_Backend]


class _Pool(Struct, frozen=True):
    name: str
    properties: _Backends


class _Properties(Struct, frozen=True, rename="camel"):
    """Whatever of these a PUT leaves out is refused; on Azure it would be gone."""

    backend_pools: list[_Pool]
    routing_rules: list[Json]
    frontend_endpoints: list[Json]
    load_balancing_settings: list[Json]
    health_probe_settings: list[Json]


class FrontDoorOperations:
    """The operations of Front Doors, over a world. What it has no place for is kept here, as it was put."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._kept: dict[str, Json] = {}
        self._rules: dict[str, list[Json]] = {}
        self._ends_at: dict[str, datetime] = {}

    def get(self, call: Call) -> Reply:
        """The Front Door."""
        return Reply(200, self._shown(call))

    def put(self, call: Call) -> Reply:
        """202: everything is as it was put, edge by edge. Raises ArmError 409 while a change is under way."""
        payload = call.payload()
        put = shaped(payload.get("properties"), _Properties)
        tags = shaped(payload.get("tags") or {}, dict[str, str])
        declared = self._declared(call)
        pools = {pool.name.lower(): pool for pool in put.backend_pools}
        states = [(each, _states(each, pools.get(each.group.lower()))) for each in declared]
        self._refuse_while_busy(declared)
        for balancer, members in states:
            self._world.balancers.write(balancer, members, tags=tags)
        self._kept[_id(call).lower()] = payload["properties"]
        return Reply(202, self._shown(call), self._links(call, declared[0]))

    def engine(self, call: Call) -> Reply:
        """A rules engine."""
        return Reply(200, self._engine_shown(call, self._ruled(call)))

    def put_engine(self, call: Call) -> Reply:
        """202: the rules are those that were put. Raises ArmError 409 while something is under way."""
        balancer = self._ruled(call)
        rules, canary = front_door_engine.put(call.payload(), balancer)
        self._refuse_while_busy(self._declared(call))
        newest = self._world.balancers.newest(balancer)
        if canary is not None:
            self._world.balancers.match(balancer, *canary)
        elif newest.match is not None:
            self._world.balancers.match(balancer, newest.match, None)
        self._rules[_engine_id(call, balancer).lower()] = rules
        return Reply(202, self._engine_shown(call, balancer), self._links(call, balancer))

    def purge(self, call: Call) -> Reply:
        """202: the caches are emptied."""
        balancer = self._declared(call)[0]
        shaped(call.payload().get("contentPaths"), list[str])
        self._world.ledger.note(self._world.now(), Happening.CACHE_PURGED, balancer.label)
        return Reply(202, None, self._links(call, balancer))

    def status(self, call: Call) -> Reply:
        """The Azure-AsyncOperation link: whether the change is carried out."""
        ends_at = self._ends_at.get(call.parameters["operation"])
        if ends_at is None:
            kind = "Microsoft.Network/frontDoorOperationResults"
            raise not_found(kind, call.parameters["operation"], call.parameters["group"])
        return Reply(200, {"status": "Succeeded" if self._world.now() >= ends_at else "InProgress"})

    def _declared(self, call: Call) -> tuple[Balancer, ...]:
        return self._world.balancers.at(_id(call))

    def _ruled(self, call: Call) -> Balancer:
        """The balancer of a rules engine."""
        rules = call.parameters["rules"]
        for balancer in self._declared(call):
            if balancer.rules.lower() == rules.lower():
                return balancer
        raise not_found("Microsoft.Network/frontDoors/rulesEngines", rules, call.parameters["group"])

    def _refuse_while_busy(self, declared: tuple[Balancer, ...]) -> None:
        if any(self._world.balancers.deploying(each) for each in declared):
            raise ArmError(409, "Conflict", _BUSY)

    def _links(self, call: Call, balancer: Balancer) -> dict[str, str]:
        operation = self._world.estate.next_guid()
        self._ends_at[operation] = self._world.balancers.newest(balancer).ends_at
        path = f"{call.group_id}/providers/Microsoft.Network/frontDoorOperationResults/{operation}"
        return {"Azure-AsyncOperation": call.link(path)}

    def _shown(self, call: Call) -> Json:
        declared = self._declared(call)
        busy = any(self._world.balancers.deploying(each) - {CANARY} for each in declared)
        engines = [self._engine_shown(call, each) for each in declared if each.rules]
        kept = self._with_shares(self._kept.get(_id(call).lower()) or self._first(call), declared)
        return {
            "id": _id(call),
            "name": call.parameters["door"],
            "type": "Microsoft.Network/frontdoors",
            "location": "Global",
            "tags": self._world.balancers.newest(declared[0]).tags,
            "properties": shown(kept, state="Updating" if busy else "Succeeded", engines=engines),
        }

    def _engine_shown(self, call: Call, balancer: Balancer) -> Json:
        path = _engine_id(call, balancer)
        return front_door_engine.shown(
            path, self._rules.get(path.lower(), []), balancer, self._world.balancers
        )

    def _first(self, call: Call) -> Json:
        """The Front Door as it was before anybody put it."""
        declared = self._declared(call)
        pools = {each.group: [member.name for member in each.members] for each in declared}
        own = [member for each in declared for member in each.members if member.group]
        pools |= {member.group: [member.name] for member in own}
        host = self._world.fleet.hosts.official
        return properties(_id(call), host, declared[0].rules, pools)

    def _with_shares(self, kept: Json, declared: tuple[Balancer, ...]) -> Json:
        """What the world holds of the backends, in their places."""
        balancers = {each.group.lower(): each for each in declared}
        pools = []
        for pool in kept["backendPools"]:
            balancer = balancers.get(pool["name"].lower())
            if balancer is not None:
                members = self._world.balancers.newest(balancer).members
                backends = [_backend(each, members) for each in pool["properties"]["backends"]]
                pool = {**pool, "properties": {**pool["properties"], "backends": backends}}
            pools.append(pool)
        return {**kept, "backendPools": pools}


def _operation(method: str, template: str, handler: Handler) -> Operation:
    families = (Family.ARM, Family.FRONT_DOOR)
    return Operation(method=method, template=template, handler=handler, versions=VERSIONS, families=families)


def _id(call: Call) -> str:
    return f"{call.group_id}/providers/Microsoft.Network/frontDoors/{call.parameters['door']}"


def _engine_id(call: Call, balancer: Balancer) -> str:
    return f"{_id(call)}/rulesEngines/{balancer.rules}"


def _states(balancer: Balancer, pool: _Pool | None) -> dict[str, MemberState]:
    """Every member's state in the pool as it was put. Raises BadRequest where one is left out."""
    backends = {each.address.lower(): each for each in pool.properties.backends} if pool is not None else {}
    missing = [member.name for member in balancer.members if member.name.lower() not in backends]
    if missing:
        raise BadRequest("BadRequest", f"The stand-in cannot lose {', '.join(missing)} of {balancer.group}.")
    own = {member.name: backends[member.name.lower()] for member in balancer.members}
    return {name: MemberState(each.weight, each.enabled_state == "Enabled") for name, each in own.items()}


def _backend(backend: Json, members: dict[str, MemberState]) -> Json:
    state = members.get(backend["address"])
    if state is None:
        return backend
    return {**backend, "weight": state.weight, "enabledState": "Enabled" if state.enabled else "Disabled"}
