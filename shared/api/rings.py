"""One look at all rings of a file, in order: which version each is on, what it does and what it waits for.

Decides what is told of a ring. Refuses to judge it: the sentences are those of the rings' own rollouts.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from shared.chain import digest
from shared.errors import Refused
from shared.levers import SlotName
from shared.model import HeldVersion, Outcome, Rollout
from shared.notices import left_notice
from shared.ports import ChainRow, Row, Store


class RingLook(Struct, frozen=True, kw_only=True):
    """A ring as it is now. `version` is that of its newest completed rollout, None before the first.

    `after` gets a version first and must be well on it for `hold_seconds`. `because` says what the ring does
    or waits for. A ring that is not applied, or cannot be read, has a sentence and nothing else.
    """

    fleet: str
    because: str
    live: SlotName | None = None
    version: str | None = None
    after: str | None = None
    hold_seconds: int | None = None
    rollout: Rollout | None = None
    held_versions: tuple[HeldVersion, ...] = ()


async def look(store: Store, known: ChainRow) -> dict[str, Any]:
    """The rings of a file, then the fleets that an earlier file of that name has left. Raises Retry."""
    chain = known.chain
    told: list[str] = []
    rings = [
        await _ring(store, chain.name, name, declared, told)
        for name, declared in zip(chain.fleets, chain.digests, strict=True)
    ]
    left = [seen for name in chain.left if (seen := await _left(store, chain.name, name, told)) is not None]
    return {"name": chain.name, "rings": rings, "left": left, "notices": told}


async def _ring(store: Store, chain: str, name: str, declared: str, told: list[str]) -> RingLook:
    try:
        row = await store.load(name)
    except Refused as error:
        told.append(f"{name} could not be looked at; if it is not there, apply the file of {chain} again")
        return RingLook(fleet=name, because=str(error))
    if digest(row.fleet_document.encode()) != declared:
        told.append(f"{name} is not as the file of {chain} declares it: apply that again")
    return await _seen(store, row)


async def _left(store: Store, chain: str, name: str, told: list[str]) -> RingLook | None:
    """None where a file of its own has taken it over."""
    try:
        row = await store.load(name)
    except Refused as error:
        return RingLook(fleet=name, because=str(error))
    if row.fleet.chain != chain:
        return None
    told.append(left_notice(row.fleet))
    return await _seen(store, row)


async def _seen(store: Store, row: Row) -> RingLook:
    fleet, state = row.fleet, row.state
    return RingLook(
        fleet=fleet.name,
        because=_because(state.rollout),
        live=state.live,
        version=await _version(store, row),
        after=fleet.ring.after if fleet.ring is not None else None,
        hold_seconds=fleet.ring.hold_seconds if fleet.ring is not None else None,
        rollout=state.rollout,
        held_versions=state.held_versions,
    )


def _because(rollout: Rollout | None) -> str:
    if rollout is None:
        return "no rollout has begun here yet"
    held = rollout.held.because if rollout.held is not None else None
    return rollout.rollback_because or held or rollout.because


async def _version(store: Store, row: Row) -> str | None:
    newest = row.state.rollout
    if newest is None or _completed(newest):
        return newest.version if newest is not None else None
    return next((each.version for each in await store.rollouts(row.fleet.name) if _completed(each)), None)


def _completed(rollout: Rollout) -> bool:
    """Whether it brought its version to users. A shadow brings nothing to anybody."""
    return rollout.outcome is Outcome.COMPLETED and not rollout.shadow
