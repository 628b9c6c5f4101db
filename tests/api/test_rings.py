"""A file with rings over the API: applied as a whole, looked at as a whole, and nothing in silence."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import jsonschema
import pytest
import yaml

from sandbox.memory_store import MemoryStore, MemoryTables
from shared.api import openapi
from shared.api.access import Role
from shared.api.handlers import Api
from shared.api.http import Response
from shared.api.identity import Principal
from shared.api.intake import Intake
from shared.errors import NotFound, Retry
from shared.fleet import Fleet
from shared.fleet_file import read
from shared.signals import resources_of
from shared.store.evidence import EvidenceRows
from tests.api.conftest import EXAMPLE, OLIVIA, RINGS, Client, content
from tests.engine.rings import VERSION
from tests.engine.rings import Rings as Worlds
from tests.fleet_file.examples import data

NAMES = ["contoso-ring0", "contoso-ring1", "contoso-ring2"]


class Failing(MemoryStore):
    """A store that is away when the fleet `away` is applied."""

    away: str | None = None

    async def apply(self, fleet: Fleet, *, if_match: str | None, now: datetime) -> str:
        """Store it, or answer as a store that is away."""
        if fleet.name == self.away:
            raise Retry("the table service is busy", after_seconds=7)
        return await super().apply(fleet, if_match=if_match, now=now)


class Rings(Client):
    """An API without a fleet, and files with rings in one line."""

    def __init__(self) -> None:
        self.store = Failing(resources_of)
        self.worlds = Worlds(read(RINGS.read_text("utf-8")).fleets, store=self.store)
        self.intake = Intake(self.store, self.worlds.engine, self.worlds.clock)
        self.api = Api(
            self.store, EvidenceRows(MemoryTables()), self.intake, self.worlds.clock, self.worlds.observed
        )

    async def put(self, document: dict[str, Any] | None = None, *roles: Role, **headers: str) -> Response:
        """Apply the example, or what a test made of it."""
        body = RINGS.read_bytes() if document is None else yaml.safe_dump(document).encode()
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        caller = Principal(name="somebody", roles=frozenset(roles)) if roles else OLIVIA
        return await self.call(self.api.put_rings, body, named, rings="contoso", caller=caller)

    async def look(self) -> dict[str, Any]:
        """All rings, in the shape that the API describes."""
        answer = content(await self.call(self.api.get_rings, method="GET", rings="contoso"))
        described(answer, "Rings")
        return answer  # type: ignore[no-any-return]

    async def applied(self) -> list[str]:
        """The names of the fleets that are there."""
        return [entry.name for entry in await self.store.directory()]


def described(answer: Any, name: str) -> None:
    """Fail unless the API's own document says that an answer may be so."""
    components = openapi.document("0")["components"]
    jsonschema.validate(answer, {"$ref": f"#/components/schemas/{name}", "components": components})


def without_ring(index: int) -> dict[str, Any]:
    """The example with a ring less."""
    document = data("contoso-rings")
    del document["rings"][index]
    return document


@pytest.fixture
def rings() -> Rings:
    """An API that knows nothing yet."""
    return Rings()


async def test_a_file_with_rings_becomes_its_fleets_and_applying_it_again_changes_nothing(
    rings: Rings,
) -> None:
    first = await rings.put()
    assert first.status == 201
    described(content(first), "AppliedRings")
    assert [fleet["name"] for fleet in content(first)["fleets"]] == NAMES
    assert await rings.applied() == NAMES
    before = [(await rings.store.load(name)).fleet for name in NAMES]
    again = await rings.put()
    assert (again.status, content(again)["left"], content(again)["notices"]) == (200, [], [])
    assert [(await rings.store.load(name)).fleet for name in NAMES] == before
    assert [fleet.ring.after if fleet.ring else None for fleet in before] == [None, *NAMES[:2]]


async def test_a_mistake_in_one_ring_applies_none_of_them(rings: Rings) -> None:
    document = data("contoso-rings")
    document["rings"][2]["slots"]["blue"]["cluster_id"] = "aks-blue"
    refused = await rings.put(document)
    assert refused.status == 400
    assert [(each["path"], each["line"] > 0) for each in content(refused)["mistakes"]] == [
        ("rings[2].slots.blue.cluster_id", True)
    ]
    assert await rings.applied() == []
    with pytest.raises(NotFound):
        await rings.store.chain("contoso")


async def test_a_store_that_fails_in_the_middle_says_how_far_it_came_and_again_completes_it(
    rings: Rings,
) -> None:
    rings.store.away = "contoso-ring1"
    failed = await rings.put()
    assert (failed.status, failed.headers["Retry-After"]) == (503, "7")
    said = content(failed)["detail"]
    assert "applied: contoso-ring0; not applied: contoso-ring1, contoso-ring2" in said
    half = await rings.look()
    assert [ring["live"] for ring in half["rings"]] == ["blue", None, None]
    assert half["rings"][1]["because"] == "there is no fleet contoso-ring1"
    assert len(half["notices"]) == 2
    rings.store.away = None
    assert (await rings.put()).status == 200
    assert await rings.applied() == NAMES
    assert (await rings.look())["notices"] == []


async def test_the_look_at_all_rings_says_where_each_is_and_what_it_waits_for(rings: Rings) -> None:
    await rings.put()
    for fleet in NAMES[:2]:
        await rings.call(rings.api.start_rollout, {"version": VERSION}, fleet=fleet)
    await rings.worlds.until_ended(0)
    await rings.worlds.pass_minutes(10)
    seen = (await rings.look())["rings"]
    assert [ring["fleet"] for ring in seen] == NAMES
    assert [ring["after"] for ring in seen] == [None, *NAMES[:2]]
    assert [ring["hold_seconds"] for ring in seen] == [None, 86_400, 172_800]
    assert [ring["version"] for ring in seen] == [VERSION, None, None]
    assert [ring["live"] for ring in seen] == ["green", "blue", "blue"]
    assert seen[1]["because"].startswith(f"contoso-ring0 has been well on {VERSION} so far")
    assert seen[2]["because"] == "no rollout has begun here yet"


async def test_rolling_one_ring_back_is_said_to_that_ring_alone(rings: Rings) -> None:
    await rings.put()
    for fleet in NAMES[:2]:
        await rings.call(rings.api.start_rollout, {"version": VERSION}, fleet=fleet)
    path = {"fleet": NAMES[1], "rollout": "current", "command": "rollback"}
    assert (await rings.call(rings.api.command, {}, path=path)).status == 200
    first, second, _ = (await rings.look())["rings"]
    assert first["rollout"].get("rollback_because") is None
    assert first["held_versions"] == []
    assert second["rollout"]["rollback_because"] is not None


async def test_a_ring_that_is_taken_out_of_the_file_is_named_and_left_as_it_is(rings: Rings) -> None:
    await rings.put()
    told = ""
    for _ in range(2):
        taken = content(await rings.put(without_ring(2)))
        assert taken["left"] == ["contoso-ring2"]
        (told,) = taken["notices"]
        assert told.startswith("contoso-ring2 is in the file no more: nothing of it was deleted")
        assert "follows contoso-ring1" in told
    assert await rings.applied() == NAMES
    seen = await rings.look()
    assert [ring["fleet"] for ring in seen["rings"]] == NAMES[:2]
    assert [ring["fleet"] for ring in seen["left"]] == ["contoso-ring2"]
    assert seen["notices"] == [told]


async def test_a_ring_that_was_left_and_has_a_file_of_its_own_now_is_told_no_more(rings: Rings) -> None:
    await rings.put()
    await rings.put(without_ring(2))
    alone = {**data("contoso-public"), "name": "contoso-ring2"}
    body = yaml.safe_dump({**alone, "approvals": {"switch": True}}).encode()
    put = content(await rings.call(rings.api.put_fleet, body, fleet="contoso-ring2"))
    assert any("was a ring of contoso" in notice for notice in put["notices"])
    assert (await rings.look())["left"] == []
    assert content(await rings.put(without_ring(2)))["left"] == []


async def test_a_ring_taken_from_the_middle_is_no_longer_waited_for(rings: Rings) -> None:
    await rings.put()
    await rings.put(without_ring(1))
    last = (await rings.store.load("contoso-ring2")).fleet
    assert last.ring is not None
    assert last.ring.after == "contoso-ring0"
    assert (await rings.look())["left"][0]["fleet"] == "contoso-ring1"


async def test_a_file_of_one_fleet_over_a_ring_is_told_by_the_look_at_all(rings: Rings) -> None:
    await rings.put()
    body = yaml.safe_dump({**data("contoso-public"), "name": "contoso-ring0"}).encode()
    await rings.call(rings.api.put_fleet, body, fleet="contoso-ring0")
    (told,) = (await rings.look())["notices"]
    assert told == "contoso-ring0 is not as the file of contoso declares it: apply that again"
    await rings.put()
    assert (await rings.look())["notices"] == []


async def test_no_file_takes_a_ring_from_another(rings: Rings) -> None:
    document = data("contoso-rings")
    document["name"] = "contoso-ring"
    document["rings"] = [{**document["rings"][0], "name": "s-a"}]
    body = yaml.safe_dump({**document, "name": "contoso-ring"}).encode()
    assert (await rings.call(rings.api.put_rings, body, rings="contoso-ring")).status == 201
    other = data("contoso-rings")
    other["rings"][0]["name"] = "ring-s-a"
    refused = await rings.put(other)
    assert refused.status == 409
    assert "contoso-ring-s-a is a ring of contoso-ring already" in content(refused)["detail"]
    assert await rings.applied() == ["contoso-ring-s-a"]


async def test_an_operator_alone_cannot_take_an_approval_out_of_one_ring(rings: Rings) -> None:
    await rings.put()
    document = data("contoso-rings")
    del document["rings"][2]["approvals"]
    refused = await rings.put(document, Role.OPERATOR)
    assert refused.status == 403
    assert (await rings.store.load("contoso-ring2")).fleet.approvals.switch
    assert (await rings.put(document, Role.OPERATOR, Role.APPROVER)).status == 200


async def test_a_stale_if_match_applies_none_of_them(rings: Rings) -> None:
    await rings.put()
    etag = (await rings.call(rings.api.get_rings, method="GET", rings="contoso")).headers["ETag"]
    document = {**data("contoso-rings"), "versions": {"channel": "stable", "start": "manual"}}
    assert (await rings.put(document, if_match='"somebody-else"')).status == 412
    assert (await rings.store.load(NAMES[0])).fleet.versions.start == "automatic"
    assert (await rings.put(document, if_match=etag)).status == 200


async def test_each_kind_of_file_has_its_own_address(rings: Rings) -> None:
    as_fleet = await rings.call(rings.api.put_fleet, RINGS.read_bytes(), fleet="contoso")
    as_rings = await rings.call(rings.api.put_rings, EXAMPLE.read_bytes(), rings="contoso-public")
    elsewhere = await rings.call(rings.api.put_rings, RINGS.read_bytes(), rings="another")
    unknown = await rings.call(rings.api.get_rings, method="GET", rings="../contoso")
    statuses = [answer.status for answer in (as_fleet, as_rings, elsewhere, unknown)]
    assert statuses == [400, 400, 400, 404]
    assert "several fleets" in content(as_fleet)["detail"]
    assert "this file declares one fleet" in content(as_rings)["detail"]
