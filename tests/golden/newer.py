"""A version of the product that does not exist yet, known by the rows that it leaves behind."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import msgspec

from shared.store.tables import Range, Tables, Verb, Write
from tests.golden.continuing import STATE, Continued
from tests.golden.history import Json, entity, read, row

NEW_ACTION = {"type": "warm_up", "slot": "green"}
NEW_SEEN = {"answers": [[{"type": "heat", "slot": "green"}, {"type": "heat", "degrees": 21}]]}


async def left(change: Json, *, place: str = "T4 bake", history: str = "good") -> Continued:
    """A fleet at that place, from where a newer version made one more claim: it changed the state so."""
    told = read(history)
    moment = next(each for each in told.moments if each["place"] == place)
    it = await Continued.at(told, moment, interrupted=False)
    await claim(it, change)
    return it


async def claim(it: Continued, change: Json) -> None:
    """A claim of the newer version. Its audit rows say more than ours, and name what we do not know."""
    before = await document(it.tables, it.fleet.name, "s-state")
    epoch = before["json"]["epoch"] + 1
    rollout = before["json"]["rollout"]
    change = {"epoch": epoch, **change}
    body = {
        "actions": [NEW_ACTION],
        "at": msgspec.to_builtins(it.clock.at),
        "because": "warms up green",
        "change": change,
        "epoch": epoch,
        "previous": before["head"],
        "rollout": rollout["id"],
        "seen": {**NEW_SEEN, "results": [], "signals": []},
        "signals": [],
        "stage": rollout["stage"],
        "step": rollout["step"],
        "took_seconds": 0.5,
        "who": "timer",
    }
    canonical = msgspec.json.decode(msgspec.json.encode(body, order="sorted"))
    audit: Json = {"RowKey": f"a-{epoch:010d}", "rollout": rollout["id"], "json": canonical}
    text = str(entity(it.fleet.name, audit)["json"])
    audit["hash"] = sha256(text.encode()).hexdigest()
    state = {**before, "epoch": epoch, "head": audit["hash"], "json": merged(before["json"], change)}
    for written in (audit, state):
        await put(it.tables, it.fleet.name, written)


async def document(tables: Tables, fleet: str, key: str) -> Json:
    """A row with its document decoded."""
    found = await tables.get(STATE, fleet, key)
    assert found is not None, key
    return row(found.entity)


async def keys(tables: Tables, fleet: str, prefix: str) -> list[str]:
    """The keys of a fleet's rows that begin so."""
    span = Range(partition=fleet, low=prefix, high=f"{prefix}~")
    return [str(found.entity["RowKey"]) for found in await tables.scan(STATE, span)]


async def put(tables: Tables, fleet: str, written: Json) -> None:
    """Put a row there, whatever was there."""
    await tables.write(STATE, [Write(Verb.UPSERT, entity(fleet, written))])


def merged(before: Any, patch: Any) -> Any:
    """RFC 7396, written for this test alone."""
    if not isinstance(patch, dict):
        return patch
    after = dict(before) if isinstance(before, dict) else {}
    for name, value in patch.items():
        after[name] = merged(after.get(name), value)
        if value is None:
            del after[name]
    return after
