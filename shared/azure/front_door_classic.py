"""Front Door (classic), through azure-mgmt-frontdoor: the backends of one pool, and a rule of a rules engine.

Decides how an epoch is kept in the Front Door's tags, and that a write with a lower one is refused. A Front
Door is written as a whole, after a look at it; what somebody else writes between the look and the write is
lost, for the PUT has no condition. Refuses to know how long the edges take: `provisioningState` tells of the
order alone.

It retires: `shared.notices.CLASSIC_RETIRES`.

Sources: https://learn.microsoft.com/rest/api/frontdoor/frontdoor/front-doors,
https://learn.microsoft.com/rest/api/frontdoor/frontdoor/rules-engines
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from shared.azure.answers import Body, fitted
from shared.azure.conflicts import patient
from shared.azure.connection import Connection
from shared.azure.errors import allowing
from shared.azure.front_door_document import Document, Json, changed
from shared.azure.front_door_engine import Engine, with_canary, without_canary
from shared.azure.front_doors import (
    BUSY_SECONDS,
    Bodiless,
    canary_stands,
    matched,
    own_group,
    percent,
    shares,
)
from shared.azure.ids import parse
from shared.azure.record_sets import EPOCH, FLEET
from shared.azure.switch import Settled, changes
from shared.errors import NotFound, Retry, Superseded
from shared.fleet import Fleet
from shared.levers import Balancer, Match, SlotName
from shared.probes import BalancerSeen

if TYPE_CHECKING:
    from azure.mgmt.frontdoor.aio import FrontDoorManagementClient

_EVERYTHING = {"contentPaths": ["/*"]}


class FrontDoorClassic:
    """The backend pools of Front Doors."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def read(self, balancer: Balancer) -> BalancerSeen:
        """The backends' shares: one GET, and one of the rules engine where one is declared."""
        with patient(BUSY_SECONDS):
            _, document = await self._front_door(balancer)
            _, engine = await self._engine(balancer)
        canary = engine.canary if engine is not None else None
        return BalancerSeen(
            weights=percent(balancer, shares(balancer, document.held(balancer.group))),
            **settled(document, engine)._asdict(),
            matched=matched(balancer, canary.pool_id) if canary is not None else "",
            epoch=_epoch(document),
            fleet=document.tags.get(FLEET),
        )

    async def write(
        self, fleet: Fleet, balancer: Balancer, weights: Mapping[str, int], epoch: int, if_match: str | None
    ) -> None:
        """Change every backend that is not as it should be, and the tags: one GET and one PUT.

        Left out is a write that would change neither: one of another epoch always changes the tags.

        Raises:
            Superseded: it carries a higher epoch.
            Retry: it is being changed, takes no change now, or the answer to the write shows another one.
            NotFound: there is no such pool or backend.
        """
        with patient(BUSY_SECONDS):
            raw, document = await self._front_door(balancer)
            held = _epoch(document)
            if held is not None and held > epoch:
                raise Superseded(f"{balancer.label} carries epoch {held}, this write has {epoch}")
            _wait_for(document, None)
            late = changes(balancer, weights, shares(balancer, document.held(balancer.group)))
            tags = {**document.tags, EPOCH: str(epoch), FLEET: fleet.name}
            if late or tags != document.tags or document.failed:
                after = await self._put(balancer, changed(raw, balancer.group, dict(late), tags))
                if after is not None and not _shows(after, balancer, weights, tags):
                    raise Retry(f"{balancer.label} was written, and the answer shows another state")

    async def match(self, balancer: Balancer, match: Match, slot: SlotName | None) -> None:
        """Write the canary's rule, or take it away: two GETs and a PUT. What is so already stays so.

        Raises:
            Retry: it is being changed, or takes no change now.
            Refused: the balancer declares no rules engine, or the slot has no backend pool of its own.
            NotFound: there is no such rules engine.
        """
        pool = f"{balancer.resource_id}/backendPools/{own_group(balancer, slot)}" if slot is not None else ""
        with patient(BUSY_SECONDS):
            raw, engine = await self._engine(balancer)
            canary = engine.canary if engine is not None else None
            if canary_stands(canary, match, pool):
                return
            if raw is None:
                raise NotFound(f"{balancer.name} has no rules engine {balancer.rules}")
            _, document = await self._front_door(balancer)
            _wait_for(document, engine)
            body = without_canary(raw) if slot is None else with_canary(raw, match, pool)
            after = await self._put_engine(balancer, body)
        if after is not None and not canary_stands(after.canary, match, pool):
            raise Retry(f"the rules engine {balancer.rules} was written, and the answer shows another one")

    async def purge(self, balancer: Balancer) -> None:
        """Have the Front Door forget everything: one POST, whose work is not waited for."""
        if not balancer.endpoint:
            return
        its = parse(balancer.resource_id)
        call = self._client(balancer).endpoints.begin_purge_content(
            its.resource_group,
            its.name,
            _EVERYTHING,
            polling=False,
            raw_response_hook=Bodiless(f"the purge of {balancer.name}"),
        )
        with patient(BUSY_SECONDS):
            await allowing(call)

    async def _front_door(self, balancer: Balancer) -> tuple[Json, Document]:
        its, body = parse(balancer.resource_id), _body(balancer)
        call = self._client(balancer).front_doors.get(its.resource_group, its.name, raw_response_hook=body)
        await allowing(call)
        raw = body.read()
        return raw, fitted(raw, Document, f"the Front Door {balancer.name}")

    async def _put(self, balancer: Balancer, document: Json) -> Document | None:
        """The Front Door as the answer shows it; None where it was accepted, which need not show it."""
        its, body = parse(balancer.resource_id), _body(balancer)
        call = self._client(balancer).front_doors.begin_create_or_update(
            its.resource_group, its.name, document, polling=False, raw_response_hook=body
        )
        await allowing(call)
        if body.value is None:
            return None
        return fitted(body.value, Document, f"the Front Door {balancer.name}")

    async def _engine(self, balancer: Balancer) -> tuple[Json, Engine] | tuple[None, None]:
        """The rules engine, nothing where there is none or none is declared."""
        if not balancer.rules:
            return None, None
        its, body = parse(balancer.resource_id), _body(balancer)
        call = self._client(balancer).rules_engines.get(
            its.resource_group, its.name, balancer.rules, raw_response_hook=body
        )
        if await allowing(call, 404) is None:
            return None, None
        raw = body.read()
        return raw, fitted(raw, Engine, f"the rules engine {balancer.rules}")

    async def _put_engine(self, balancer: Balancer, engine: Json) -> Engine | None:
        its, body = parse(balancer.resource_id), _body(balancer)
        call = self._client(balancer).rules_engines.begin_create_or_update(
            its.resource_group, its.name, balancer.rules, engine, polling=False, raw_response_hook=body
        )
        await allowing(call)
        if body.value is None:
            return None
        return fitted(body.value, Engine, f"the rules engine {balancer.rules}")

    def _client(self, balancer: Balancer) -> FrontDoorManagementClient:
        from azure.mgmt.frontdoor.aio import FrontDoorManagementClient

        subscription_id = parse(balancer.resource_id).subscription_id
        return self._connection.arm_client(FrontDoorManagementClient, subscription_id)


def settled(document: Document, engine: Engine | None) -> Settled:
    """How far the last order has come. It never tells whether the edges have it: the book does."""
    parts = (document.unsettled, engine.unsettled if engine is not None else "")
    failed = document.failed and (engine is None or not engine.busy)
    return Settled("; ".join(filter(None, parts)), failed=failed, untold=True)


def _body(balancer: Balancer) -> Body[Json]:
    return Body(dict[str, Any], f"the Front Door {balancer.name}")


def _epoch(document: Document) -> int | None:
    text = document.tags.get(EPOCH, "")
    return int(text) if text.isdecimal() else None


def _wait_for(document: Document, engine: Engine | None) -> None:
    # What has failed, or is disabled, is not waited for: another change is the way out of it.
    if document.busy or (engine is not None and engine.busy):
        raise Retry(f"{settled(document, engine).unsettled}, and takes one change at a time", BUSY_SECONDS)


def _shows(after: Document, balancer: Balancer, weights: Mapping[str, int], tags: Mapping[str, str]) -> bool:
    late = changes(balancer, weights, shares(balancer, after.held(balancer.group)))
    return not late and after.tags == tags
