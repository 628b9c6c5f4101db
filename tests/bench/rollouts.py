"""A rollout in the middle of its bake: the product's store over Azurite, the stand-in's world beside it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from sandbox.azurite import Azurite
from shared.ports import Row
from shared.signals import resources_of
from shared.store import rows
from shared.store.azure_tables import AzureTables
from shared.store.rows import PLAN_KEY, STATE_KEY, STATE_TABLE
from shared.store.table_store import TableStore
from shared.store.tables import Verb, Write
from tests.engine.rig import Rig
from tests.fleets import fleet


class ListeningTables(AzureTables):
    """The product's tables, which remember the last claim so that the floor can write the same."""

    claim: Sequence[Write] = ()

    async def write(self, table: str, writes: Sequence[Write]) -> str:
        """Write, and remember a claim."""
        if writes[0].verb is Verb.UPDATE:
            self.claim = writes
        return await super().write(table, writes)


async def baking(name: str) -> Rig:
    """A rollout that was walked to its bake in memory; its clusters are its own, so alerts find it alone."""
    slots = tuple(
        msgspec.structs.replace(slot, cluster_id=f"{slot.cluster_id}-{name}") for slot in fleet().slots
    )
    rig = await Rig(fleet(name=name, slots=slots)).applied()
    await rig.publish_version()
    await rig.until("bake")
    return rig


async def moved(rig: Rig, azurite: Azurite) -> tuple[TableStore, ListeningTables]:
    """The rig's fleet, plan and state on Azurite, as if it had been rolled out there."""
    tables = ListeningTables.from_connection_string(azurite.connection_string)
    assert isinstance(tables, ListeningTables)
    store = TableStore(tables, resources_of)
    row = await rig.store.load(rig.fleet.name)
    await store.apply(row.fleet, if_match=None, now=rig.clock.now())
    await store.mark(row.fleet.name, active=True, now=rig.clock.now())
    await tables.write(STATE_TABLE, [Write(Verb.INSERT, entity) for entity in snapshot(row)])
    return store, tables


def snapshot(row: Row) -> list[dict[str, str | int | bool]]:
    """The state and the plan as rows."""
    name, encode = row.fleet.name, msgspec.json.encode
    state = rows.row(name, STATE_KEY, encode(row.state), epoch=row.state.epoch, head=row.audit_head)
    return [state, rows.row(name, PLAN_KEY, encode(row.plan))]
