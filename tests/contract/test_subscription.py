"""What a run on Azure itself leaves behind, and what it refuses to touch: held on the stand-in's wire."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sandbox.world.zones import RecordSet
from shared.levers import Record
from tests.azure.rig import Rig, rig
from tests.contract.rows import ROWS, Row
from tests.contract.stand_in import fleet_of
from tests.contract.subscription import RESOURCE_GROUP, SUBSCRIPTION, missing, opened, variable
from tests.fleets import BLUE, GREEN
from tests.fleets import SUBSCRIPTION as SUBSCRIPTION_ID

CANDIDATE = {BLUE: 0, GREEN: 100}
STRANGER = "198.51.100.7"


class Named:
    """A record on the stand-in, which the environment names as if it were on Azure."""

    def __init__(self, row: Row, started: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
        self.row = row
        self.record: Record = started.estate.fleet.live_records[0]
        self._estate = started.estate.world.estate
        self._zones = started.estate.world.zones
        self._monkeypatch = monkeypatch
        self.azure = started.azure
        monkeypatch.setenv(SUBSCRIPTION, SUBSCRIPTION_ID)
        monkeypatch.setenv(RESOURCE_GROUP, "rg-network")
        self.name()

    def name(self, **changes: Any) -> None:
        """Name it in the environment, but for some changes."""
        targets = {slot: self._estate.target_of(self.record, slot) for slot in (BLUE, GREEN)}
        named = {**msgspec.to_builtins(self.record), "targets": targets, **changes}
        self._monkeypatch.setenv(variable(self.row), msgspec.json.encode(named).decode())

    def write(self, **changes: Any) -> None:
        """Have somebody else write it, with some changes."""
        found = msgspec.structs.replace(self.now(), **changes)
        self._zones.put(
            found.zone_id,
            found.name,
            found.type,
            ttl_seconds=found.ttl_seconds,
            targets=found.targets,
            metadata=found.metadata,
        )

    def now(self) -> RecordSet:
        """The record set as it is."""
        return self._zones.get(self.record.zone_id, self.record.name, self.record.type)


@pytest.fixture(params=[row for row in ROWS if not row.balancer], ids=lambda row: row.name)
async def it(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Named]:
    """Every kind of record."""
    async with rig(tmp_path, fleet_of(request.param)) as started:
        yield Named(request.param, started, monkeypatch)


async def moved(it: Named, because: str = "") -> None:
    """Move the record as a test does, which fails after that where it is given why."""
    async with opened(it.row, it.azure, look_seconds=0) as lever:
        await lever.reach(CANDIDATE)
        assert it.now().metadata["switchyard_slot"] == GREEN
        if because:
            raise RuntimeError(because)


async def test_a_record_is_left_as_it_was_found(it: Named) -> None:
    before = it.now()
    await moved(it)
    assert (it.now().targets, it.now().ttl_seconds) == (before.targets, before.ttl_seconds)
    assert it.now().metadata["switchyard_slot"] == BLUE


async def test_a_test_that_fails_leaves_nothing_behind_either(it: Named) -> None:
    before = it.now()
    with pytest.raises(RuntimeError, match="the promise was broken"):
        await moved(it, "the promise was broken")
    assert (it.now().targets, it.now().ttl_seconds) == (before.targets, before.ttl_seconds)


async def test_it_may_be_tested_on_again(it: Named) -> None:
    await moved(it)
    await moved(it)


@pytest.mark.parametrize(
    ("found", "because"),
    [
        ({"metadata": {"switchyard_fleet": "contoso", "switchyard_epoch": "3"}}, "the fleet contoso"),
        ({"ttl_seconds": 30}, "a TTL of 30 s and not 300"),
        ({"targets": (STRANGER,)}, "leads to neither slot"),
    ],
    ids=["fleet", "ttl", "target"],
)
async def test_what_could_not_be_restored_or_is_in_use_is_not_touched(
    it: Named, found: dict[str, Any], because: str
) -> None:
    it.write(**found)
    before = it.now()
    with pytest.raises(ValueError, match=because):
        await moved(it)
    assert it.now() == before


@pytest.mark.parametrize(
    ("named", "because"),
    [
        (
            {"zone_id": "/subscriptions/x/resourceGroups/rg-live/providers/Microsoft.Network/dnszones/a"},
            "rg-",
        ),
        ({"targets": {"blue": STRANGER}}, "a target for each slot"),
        ({"targets": {"blue": STRANGER, "green": STRANGER}}, "one of its own"),
        ({"type": "TXT"}, "Invalid enum value"),
    ],
    ids=["group", "slot", "same", "type"],
)
async def test_what_is_named_wrongly_is_asked_nothing(it: Named, named: dict[str, Any], because: str) -> None:
    it.name(**named)
    before = it.now()
    with pytest.raises(ValueError, match=because):
        await moved(it)
    assert it.now() == before


@pytest.mark.parametrize(
    "it", [row for row in ROWS if not row.balancer and not row.alias], indirect=True, ids=lambda row: row.name
)
async def test_a_record_set_of_another_type_is_another_row(it: Named) -> None:
    it.name(type="AAAA" if it.row.type == "A" else "A")
    with pytest.raises(ValueError, match="names a record set of type"):
        await moved(it)


def test_a_row_is_missing_until_its_variable_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (SUBSCRIPTION, RESOURCE_GROUP, *map(variable, ROWS)):
        monkeypatch.delenv(name, raising=False)
    alias = next(row for row in ROWS if row.alias)
    assert missing([alias]) == [SUBSCRIPTION, RESOURCE_GROUP, "SWITCHYARD_AZURE_AZURE_DNS_ALIAS"]
    for name in missing([alias]):
        monkeypatch.setenv(name, "{}")
    assert missing([alias]) == []
