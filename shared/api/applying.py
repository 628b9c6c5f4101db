"""Applies what a file declares: one fleet, or the fleet of each ring one after the other.

Decides what has to be so before anything is written, in which order it is written, and what is said of it.
Refuses to know files: whoever calls has read one without a mistake.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Any, NamedTuple

from shared.api.access import Act, allowed
from shared.api.identity import Caller
from shared.chain import Chain, digest
from shared.errors import Conflict, NotFound, Refused, Retry, Superseded, SwitchyardError
from shared.fleet import Fleet
from shared.notices import left_notice, notices
from shared.policy import Approvals
from shared.ports import ChainRow, Clock, Row, Store
from shared.store.fleets import document_of


class Applied(NamedTuple):
    """The answer to a file: its body, the etag of what is stored, and whether it is new."""

    body: dict[str, Any]
    etag: str
    is_new: bool


class Applying:
    """Writes to the store what people declare."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def fleet(self, fleet: Fleet, caller: Caller, if_match: str | None) -> Applied:
        """Apply one fleet. Raises Forbidden, Superseded, Retry, Refused."""
        before = await self._before(fleet.name)
        _asked(caller, before, fleet)
        wanted = _stored(if_match)
        # Over what was read, so that an approval that is added at this moment is not lost unseen.
        body = await self._write(fleet, before, wanted)
        if before is not None and before.fleet.chain is not None:
            chain = before.fleet.chain
            told = (
                f"{fleet.name} was a ring of {chain}, and is a fleet of its own until that is applied again"
            )
            body["notices"] = [*body["notices"], told]
        return Applied(body, body["etag"], before is None)

    async def rings(
        self, name: str, fleets: Sequence[Fleet], caller: Caller, if_match: str | None
    ) -> Applied:
        """Apply the fleet of each ring of `name`, in order.

        Raises Forbidden, Conflict and Superseded before anything is applied; an error that comes later says
        how far it came, and applying again completes it.
        """
        known = await self._known(name)
        before = {fleet.name: await self._before(fleet.name) for fleet in fleets}
        for fleet in fleets:
            _free(name, before[fleet.name])
            _asked(caller, before[fleet.name], fleet)
        left = await self._left(name, known, before.keys())
        chain = Chain(
            name=name,
            fleets=tuple(before),
            digests=tuple(digest(document_of(fleet)) for fleet in fleets),
            left=tuple(row.fleet.name for row in left),
        )
        # What is to be is stored first: whoever looks sees which rings are not applied yet.
        wanted = _stored(if_match) or (known.etag if known is not None else None)
        etag = bare(await self._store.declare(chain, if_match=wanted))
        done = await self._all(fleets, before)
        told = [left_notice(row.fleet) for row in left]
        body = {"name": name, "etag": etag, "fleets": done, "left": chain.left, "notices": told}
        return Applied(body, etag, known is None)

    async def _all(self, fleets: Sequence[Fleet], before: Mapping[str, Row | None]) -> list[dict[str, Any]]:
        done: list[dict[str, Any]] = []
        for fleet in fleets:
            try:
                done.append(await self._write(fleet, before[fleet.name], None))
            except SwitchyardError as error:
                raise _halfway([fleet.name for fleet in fleets], len(done), error) from error
        return done

    async def _write(self, fleet: Fleet, before: Row | None, wanted: str | None) -> dict[str, Any]:
        now = self._clock.now()
        read = before.fleet_etag if before is not None else None
        etag = bare(await self._store.apply(fleet, if_match=wanted or read, now=now))
        return {"name": fleet.name, "etag": etag, "notices": notices(fleet, now.date())}

    async def _before(self, fleet: str) -> Row | None:
        try:
            return await self._store.load(fleet)
        except NotFound:
            return None

    async def _known(self, name: str) -> ChainRow | None:
        try:
            return await self._store.chain(name)
        except NotFound:
            return None

    async def _left(self, name: str, known: ChainRow | None, kept: Container[str]) -> list[Row]:
        """The fleets that were rings of that name and are none any more, still as they were applied then."""
        once = (*known.chain.fleets, *known.chain.left) if known is not None else ()
        rows = [await self._before(each) for each in dict.fromkeys(once) if each not in kept]
        return [row for row in rows if row is not None and row.fleet.chain == name]


def bare(etag: str) -> str:
    """The value inside a weak etag of the store, which an HTTP client gets and sends as a strong one."""
    return etag.removeprefix("W/").strip('"')


def _stored(etag: str | None) -> str | None:
    return f'W/"{etag}"' if etag is not None else None


def _free(name: str, before: Row | None) -> None:
    other = before.fleet.chain if before is not None else None
    if before is not None and other not in (None, name):
        raise Conflict(
            f"{before.fleet.name} is a ring of {other} already: give the ring of {name} another name"
        )


def _asked(caller: Caller, before: Row | None, fleet: Fleet) -> None:
    """Raise Forbidden where somebody's yes is asked for no more and the caller may not decide that."""
    old = before.fleet.approvals if before is not None else Approvals()
    if any(getattr(old, name) and not getattr(fleet.approvals, name) for name in Approvals.__struct_fields__):
        allowed(caller, Act.DROP_APPROVAL)


def _halfway(names: Sequence[str], done: int, error: SwitchyardError) -> SwitchyardError:
    """The same error with how far it came."""
    applied = ", ".join(names[:done]) or "none"
    because = (
        f"{error}; applied: {applied}; not applied: {', '.join(names[done:])}. "
        "Apply the file again, which completes it"
    )
    if isinstance(error, Retry):
        return Retry(because, error.after_seconds)
    return Superseded(because) if isinstance(error, Superseded) else Refused(because)
