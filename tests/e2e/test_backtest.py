"""`switchyard gates backtest` against a real host on the stand-in's wire, through the real SDK clients."""

from __future__ import annotations

import asyncio
import json

import pytest

from cli.main import run
from sandbox.demo.play import declared, fleet_text
from sandbox.demo.rehearsal import Rehearsal
from sandbox.demo.scenarios import SCENARIOS
from sandbox.world import Faults
from shared.fleet_file import parse


async def test_an_applied_fleets_gates_are_tried_on_the_stand_ins_past(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    scenario = SCENARIOS["good"]
    async with Rehearsal(parse(declared(scenario)), Faults(), None, lambda _: None) as rehearsal:
        monkeypatch.setenv("SWITCHYARD_URL", rehearsal.url)
        monkeypatch.setenv("SWITCHYARD_TOKEN", rehearsal.people.token("operator"))
        file = rehearsal.directory / "fleet.yaml"
        file.write_text(fleet_text(scenario, rehearsal.wire.topic_endpoint), encoding="utf-8")
        assert await asyncio.to_thread(run, ("fleet", "apply", str(file))) == 0
        capsys.readouterr()
        words = ("gates", "backtest", scenario.fleet, "--since", "2d", "-o", "json")
        assert await asyncio.to_thread(run, words) == 0
    gates = json.loads(capsys.readouterr().out)["history"]["gates"]
    tried = [each for each in gates if not each["untried"]]
    assert {each["gate"] for each in tried} >= {"nodes-not-ready"}
    for each in tried:
        assert (each["unread"], each["hours"]["unread"]) == ([], 0.0), each["because"]
        assert each["hours"]["covered"] > 40, each
        assert each["starts"]["judged"] > 40, each
    assert {each["untried"] for each in gates} - {""} <= {
        "it asks the slot's host, which answers for the present alone"
    }
    rehearsal.forget()
