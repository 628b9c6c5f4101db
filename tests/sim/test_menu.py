"""Every fault class has a switch that is really thrown, and a line in the guarantees."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sim.menu import MENU
from tests.sim.scenario import BLOWS, TIMINGS, Scenario, Swarm
from tests.sim.swarm import draw

ROOT = Path(__file__).parent.parent.parent
SEEDS = 600
DRAWN = ("rings", "meddlings", "tilts", "edits", "store_stops", "blackout")


def thrown(scenario: Scenario) -> set[str]:
    """The switches that a scenario throws."""
    on = {name for name in Swarm.__struct_fields__ if getattr(scenario.swarm, name)}
    on |= {name for name in DRAWN if getattr(scenario, name)}
    on |= {blow.kind for blow in scenario.blows}
    on |= {"timings"} if scenario.timings != TIMINGS else set()
    on |= {"outages"} if scenario.faults.outages else set()
    on |= {"trouble"} if scenario.faults.deployment_fails or scenario.faults.sync_fails else set()
    return on


@pytest.fixture(scope="module")
def scenarios() -> list[set[str]]:
    return [thrown(draw(seed)) for seed in range(1, SEEDS + 1)]


@pytest.mark.parametrize("name", MENU)
def test_a_class_of_faults_strikes_in_some_seeds_and_not_in_others(
    name: str, scenarios: list[set[str]]
) -> None:
    for switch in MENU[name].switches:
        times = sum(switch in scenario for scenario in scenarios)
        assert SEEDS / 200 < times < SEEDS * 0.9, f"{switch} is on in {times} of {SEEDS} seeds"


def test_no_fault_is_without_a_class() -> None:
    known = {switch for each in MENU.values() for switch in each.switches}
    assert set(Swarm.__struct_fields__) | set(BLOWS) <= known


@pytest.mark.parametrize("name", MENU)
def test_a_class_of_faults_has_its_line_in_the_guarantees(name: str) -> None:
    fault = MENU[name]
    line = next(
        (
            row
            for row in ROOT.joinpath("docs/guarantees.md").read_text("utf-8").splitlines()
            if row.startswith(f"| {name} |")
        ),
        "",
    )
    assert fault.what in line
    assert all(f"`{switch}`" in line for switch in fault.switches)
    assert not fault.elsewhere or (f"`{fault.elsewhere}`" in line and ROOT.joinpath(fault.elsewhere).exists())
