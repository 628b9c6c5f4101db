"""Rings on the command line, by HTTP, in front of the API's own handlers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from sandbox.memory_store import MemoryStore, MemoryTables
from shared.api.handlers import Api
from shared.api.http import Request, respond
from shared.api.intake import Intake
from shared.fleet_file import read
from shared.signals import resources_of
from shared.store.evidence import EvidenceRows
from tests.api.conftest import OLIVIA, RINGS, content
from tests.cli.conftest import Cli, squeezed
from tests.cli.fake_api import FakeApi, Heard, Reply
from tests.engine.rings import Rings
from tests.fleet_file.examples import data

NAMES = "contoso-ring0, contoso-ring1, contoso-ring2"


class RealApi(FakeApi):
    """The API's handlers for fleets and rings, on a loopback port."""

    def __init__(self) -> None:
        super().__init__()
        self.worlds = Rings(read(RINGS.read_text("utf-8")).fleets, store=MemoryStore(resources_of))
        intake = Intake(self.worlds.store, self.worlds.engine, self.worlds.clock)
        evidence = EvidenceRows(MemoryTables())
        clock, observed = self.worlds.clock, self.worlds.observed
        self._api = Api(self.worlds.store, evidence, intake, clock, observed)

    def answer(self, heard: Heard) -> Reply:
        """What the API says."""
        self.heard.append(heard)
        _, kind, name, *_ = heard.path.strip("/").split("/")
        handlers = {
            ("PUT", "rings"): self._api.put_rings,
            ("GET", "rings"): self._api.get_rings,
            ("GET", "fleets"): self._api.get_fleet,
            ("POST", "fleets"): self._api.start_rollout,
        }
        request = Request(
            method=heard.method,
            path={"rings": name, "fleet": name},
            headers=heard.headers,
            body=(heard.body if isinstance(heard.body, str) else json.dumps(heard.body)).encode(),
            caller=OLIVIA,
        )
        response = asyncio.run(respond(handlers[(heard.method, kind)], request))
        return Reply(response.status, content(response), response.headers.get("ETag"))


@pytest.fixture
def api() -> Iterator[RealApi]:
    """The API of a Switchyard that knows nothing yet."""
    real = RealApi()
    yield real
    real.close()


def lines(text: str) -> list[str]:
    """What was printed, without its alignment."""
    return [squeezed(line) for line in text.splitlines()]


def test_validate_names_the_fleets_of_a_file_with_rings_and_asks_nobody(cli: Cli, api: RealApi) -> None:
    ran = cli("fleet", "validate", str(RINGS))
    assert (ran.code, ran.out) == (0, f"{RINGS} declares the rings {NAMES}, without a mistake\n")
    told = cli("fleet", "validate", str(RINGS), "-o", "json").json
    assert (told["name"], told["fleets"]) == ("contoso", NAMES.split(", "))
    assert api.heard == []


def test_validate_tells_a_mistake_of_a_ring_with_its_line_and_place(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "rings.yaml"
    file.write_text(RINGS.read_text("utf-8").replace("hold: 1d", "hold: soon"))
    ran = cli("fleet", "validate", str(file))
    assert ran.code == 1
    line = next(n for n, text in enumerate(file.read_text().splitlines(), 1) if "hold: soon" in text)
    assert f'line {line}: rings[1].hold: got "soon", expected a duration' in ran.err


def test_apply_applies_all_of_them_and_rings_shows_them_in_order(cli: Cli, api: RealApi) -> None:
    applied = cli("fleet", "apply", str(RINGS))
    assert applied.code == 0
    assert applied.out.startswith("contoso is applied, etag ")
    assert applied.out.rstrip().endswith(NAMES)
    shown = cli("rings", "contoso")
    assert (shown.code, lines(shown.out)) == (
        0,
        [
            "contoso 3 rings, the first gets a version first",
            "1 contoso-ring0 on what it was applied with blue live",
            "no rollout has begun here yet",
            "2 contoso-ring1 on what it was applied with blue live 1d 00h after contoso-ring0",
            "no rollout has begun here yet",
            "3 contoso-ring2 on what it was applied with blue live 2d 00h after contoso-ring1",
            "no rollout has begun here yet",
        ],
    )
    assert "of contoso, 1d 00h after contoso-ring0" in squeezed(cli("fleet", "show", "contoso-ring1").out)


def test_rings_shows_which_version_each_is_on_and_what_it_waits_for(cli: Cli, api: RealApi) -> None:
    async def moved() -> None:
        await api.worlds.publish()
        await api.worlds.until_ended(0)
        await api.worlds.pass_minutes(10)

    cli("fleet", "apply", str(RINGS))
    asyncio.run(moved())
    shown = lines(cli("rings", "contoso").out)
    assert shown[1] == "1 contoso-ring0 on 1.32.6 green live"
    assert "contoso-ring0-0001 1.32.6 blue → green completed in" in shown[2]
    assert "T0 prepare follow since" in shown[4]
    assert "contoso-ring0 has been well on 1.32.6 so far" in shown[4]
    assert "contoso-ring1 comes first with 1.32.6" in shown[6]


def test_one_command_starts_all_rings_and_each_waits_for_the_one_before(cli: Cli, api: RealApi) -> None:
    cli("fleet", "apply", str(RINGS))
    start = ("rollout", "start", "contoso", "--version", "1.32.6", "--rings")
    started = cli(*start)
    assert started.code == 0, started.err
    assert [line.split()[0] for line in lines(started.out)] == [f"{name}-0001" for name in NAMES.split(", ")]
    asyncio.run(api.worlds.pass_minutes(3))
    assert [step_of(api, n) for n in range(3)][1:] == ["follow", "follow"]
    again = cli(*start, "-o", "json")
    told = [json.loads(line) for line in again.out.splitlines()]
    assert [(each["fleet"], each["because"]) for each in told] == [
        (name, "it was started before") for name in NAMES.split(", ")
    ]


def step_of(api: RealApi, ring: int) -> str:
    """The step that a ring's rollout is at."""
    return asyncio.run(api.worlds.rollout(ring)).step


def test_no_ring_is_started_after_one_that_was_refused(cli: Cli, api: RealApi) -> None:
    cli("fleet", "apply", str(RINGS))
    cli("rollout", "start", "contoso-ring0", "--version", "1.32.5")
    asyncio.run(api.worlds.pass_minutes(1))
    refused = cli("rollout", "start", "contoso", "--version", "1.32.6", "--rings")
    assert (refused.code, refused.out) == (1, "")
    assert "no rollout has begun here yet" in lines(cli("rings", "contoso").out)[4]


def test_a_ring_that_is_left_is_told_and_stays_to_be_seen(cli: Cli, tmp_path: Path) -> None:
    cli("fleet", "apply", str(RINGS))
    document = data("contoso-rings")
    del document["rings"][2]
    file = tmp_path / "two.yaml"
    file.write_text(yaml.safe_dump(document))
    applied = lines(cli("fleet", "apply", str(file)).out)
    assert applied[-1].startswith("notice: contoso-ring2 is in the file no more")
    shown = lines(cli("rings", "contoso").out)
    assert shown[0] == "contoso 2 rings, the first gets a version first"
    assert shown[5].startswith("– contoso-ring2")
    assert shown[-1] == applied[-1]


def test_rings_that_nobody_has_applied_are_a_no(cli: Cli, api: RealApi) -> None:
    ran = cli("rings", "contoso")
    assert (ran.code, ran.err) == (1, "there are no rings contoso\n")


def test_a_plan_takes_a_file_of_one_fleet(cli: Cli) -> None:
    ran = cli("plan", str(RINGS), "1.32.6")
    assert ran.code == 1
    assert "several fleets, where one is asked for" in ran.err
