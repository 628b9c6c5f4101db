"""The command, the API's handlers and a world that serves metrics: as a person would run it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import msgspec
import pytest

from shared.api.handlers import Api
from shared.api.http import Request, respond
from shared.api.intake import Intake
from shared.model import Outcome
from shared.store.evidence import EvidenceRows
from tests.api.conftest import OLIVIA, content
from tests.cli.conftest import Cli
from tests.cli.fake_api import FakeApi, Heard, Reply
from tests.engine.rig import Rig
from tests.fleets import ERRORS, FLEET, HEALTH, NODES

STRICT = msgspec.structs.replace(NODES, name="no-node-at-all", filter="condition eq 'Ready'", group="nodes")
GATES = msgspec.structs.replace(
    FLEET.gates, platform=(NODES, STRICT), switch=(ERRORS,), bake=(ERRORS, HEALTH)
)


class Whole(FakeApi):
    """The API's own handlers over a rollout that completed; a day later its gates are stricter."""

    def __init__(self) -> None:
        super().__init__()
        self.rig = Rig(FLEET)
        asyncio.run(self._run())
        intake = Intake(self.rig.store, self.rig.engine, self.rig.clock)
        evidence = EvidenceRows(self.rig.tables)
        self._api = Api(self.rig.store, evidence, intake, self.rig.clock, self.rig.observed)

    async def _run(self) -> None:
        await self.rig.applied()
        await self.rig.publish_version()
        rollout = await self.rig.ended()
        assert rollout.outcome is Outcome.COMPLETED
        self.rig.clock.at += timedelta(days=1)
        stricter = msgspec.structs.replace(FLEET, gates=GATES)
        await self.rig.store.apply(stricter, if_match=None, now=self.rig.clock.now())

    def answer(self, heard: Heard) -> Reply:
        """What the API says."""
        self.heard.append(heard)
        path, _, query = heard.path.removeprefix("/api/fleets/").partition("?")
        fleet, *rest = path.split("/")
        handlers = {
            (): self._api.get_fleet,
            ("rollouts",): self._api.list_rollouts,
            ("readings",): self._api.read_past,
            ("audit",): self._api.get_audit,
            ("evidence",): self._api.get_evidence,
        }
        request = Request(
            method=heard.method,
            path={"fleet": fleet, "rollout": rest[1]} if len(rest) > 2 else {"fleet": fleet},
            query=dict(part.split("=") for part in query.split("&")) if query else {},
            body=msgspec.json.encode(heard.body) if heard.method == "POST" else b"",
            caller=OLIVIA,
        )
        response = asyncio.run(respond(handlers[tuple(rest[-1:])], request))
        return Reply(response.status, content(response))


@pytest.fixture
def api() -> Iterator[Whole]:
    """A Switchyard with a past."""
    whole = Whole()
    yield whole
    whole.close()


def test_gates_are_tried_on_both_slots_where_users_were_and_not_on_the_rollout_itself(
    cli: Cli, api: Whole
) -> None:
    ran = cli("gates", "backtest", "contoso", "--since", "3d", "-o", "json")
    assert ran.code == 0, ran.err
    body = ran.json
    assert [end["outcome"] for end in body["rollouts"]] == ["completed"]
    found = body["history"]
    assert [each["slot"] for each in found["quiet"]] == ["blue", "green"]
    assert [each["because"] for each in found["left_out"]] == ["contoso-0001 was under way"]
    gates = {each["gate"]: each for each in found["gates"]}
    assert gates["health"]["untried"] == "it asks the slot's host, which answers for the present alone"
    for name in (NODES.name, ERRORS.name):
        starts, hours = gates[name]["starts"], gates[name]["hours"]
        assert (starts["stopped"], starts["held"], starts["blind"]) == (0, 0, 0), gates[name]
        assert starts["judged"] > 60
        assert (hours["covered"] > 60, hours["unread"]) == (True, 0)


def test_a_gate_that_is_wrong_for_this_fleet_is_found_before_it_stops_anybody(cli: Cli, api: Whole) -> None:
    body = cli("gates", "backtest", "contoso", "--since", "3d", "-o", "json").json
    strict = next(each for each in body["history"]["gates"] if each["gate"] == STRICT.name)
    assert strict["starts"]["stopped"] == strict["starts"]["judged"] > 60
    assert {each["slot"] for each in strict["episodes"]} == {"blue", "green"}
    (group,) = body["history"]["groups"]
    assert (group["gate"], group["starts"]) == ("nodes", strict["starts"])
