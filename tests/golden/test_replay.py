"""Every row that any version wrote is decided today as it was decided then, and proves what is stored."""

from __future__ import annotations

import msgspec
import pytest

from sandbox.memory_store import MemoryTables
from shared.model import FleetState, Outcome
from shared.signals import resources_of
from shared.store.audit import verify
from shared.store.table_store import TableStore
from shared.store.tables import Verb, Write
from stages import RUNBOOK
from tests.golden.changes import Table, differences
from tests.golden.continuing import STATE
from tests.golden.history import entity, names, read


@pytest.mark.parametrize("name", names())
def test_each_row_is_decided_as_it_was(name: str) -> None:
    found = list(differences(read(name), Table()))
    more = f"\nand {len(found) - 3} more: python -m tests.golden diff {name}" if len(found) > 3 else ""
    assert not found, "\n".join(map(str, found[:3])) + more


@pytest.mark.parametrize("name", names())
async def test_the_trail_is_chained_and_replays_to_each_stored_state(name: str) -> None:
    history = read(name)
    fleet = history.directory["RowKey"]
    tables = MemoryTables()
    for row in history.trail:
        await tables.write(STATE, [Write(Verb.INSERT, entity(fleet, row))])
    entries = await TableStore(tables, resources_of).audit(fleet)
    assert len(entries) == len(history.trail)
    stored = [*(moment["rows"][0] for moment in history.moments), history.end]
    for row in stored:
        state = msgspec.convert(row["json"], FleetState)
        assert verify(entries[: state.epoch], state) == ()
        assert row["head"] == entries[state.epoch - 1].hash


def test_every_ending_and_every_step_is_in_some_history() -> None:
    found = [read(name) for name in names()]
    assert {outcome for history in found for outcome in history.outcomes} == set(Outcome)
    passed = {" ".join(moment["place"].split()[:2]) for history in found for moment in history.moments}
    steps = {f"{stage.value} {step.name}" for stage, path in RUNBOOK.items() for step in path}
    assert steps <= passed, "tell a story in tests/golden/stories.py that passes it, and record it"
