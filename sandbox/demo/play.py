"""Plays one scenario on a rehearsal: applies the fleet, sends the event, shows the rollout, does the twist.

Decides when the demo itself acts and when it gives up. Whether the end was right is `checks`' business.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import time
from collections import deque
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import msgspec
import yaml
from msgspec import Struct

from cli.client import Api, Problem, Unreachable
from cli.identity import TOKEN
from cli.view.scene import Scene, Served
from cli.watch import Look
from sandbox.demo.people import address
from sandbox.demo.rehearsal import REPOSITORY, Rehearsal
from sandbox.demo.scenarios import Scenario, Twist
from sandbox.demo.screen import Screen
from sandbox.host.easy_auth import LOGIN
from sandbox.world import events
from sandbox.world.model import World
from sandbox.world.settings import Family, Outage
from sandbox.world.traffic import MINUTE, floor_minute
from shared.fleet import Fleet

VERSION = "1.32.6"
LOOK_SECONDS = 0.4
EYE_SECONDS = 0.02
DOWN_SECONDS = 1.5
PERSON_SECONDS = 30.0
PLAY_SECONDS_MAX = 180.0
OUTAGE_SECONDS = 3000
"""Of the world: Front Door has time for both of its changes before Azure DNS takes an order again."""
NOT_FOUND = 404


class GaveUp(Exception):
    """The rollout did not end, or did not even begin, in the time that the demo has."""


class Played(Struct, frozen=True, kw_only=True):
    """How it went. Real seconds since the event for `wall_seconds` and `moved_wall_seconds`."""

    scene: Scene
    fleet: Fleet
    wall_seconds: float
    moved_wall_seconds: float | None
    host_killed_at: str | None = None


def declared(scenario: Scenario) -> str:
    """The shipped example, with what the scenario takes the comment marks from."""
    text = (REPOSITORY / "examples" / f"{scenario.fleet}.yaml").read_text(encoding="utf-8")
    return re.sub(r"(?m)^    # (above:|  )", r"    \1", text) if scenario.above else text


def fleet_text(scenario: Scenario, topic: str) -> str:
    """The shipped example, as a rehearsal can use it: the stand-in's topic, its approval and shadow."""
    document = yaml.safe_load(declared(scenario))
    document["notify"]["topic"] = topic
    document["approvals"]["switch"] = scenario.twist is Twist.PROMOTE
    document["shadow"] = scenario.shadow
    return yaml.safe_dump(document, sort_keys=False)


class Play:
    """One scenario on one rehearsal."""

    def __init__(
        self, scenario: Scenario, rehearsal: Rehearsal, screen: Screen, *, wait_for_person: bool
    ) -> None:
        self._scenario = scenario
        self._rehearsal = rehearsal
        self._screen = screen
        self._wait_for_person = wait_for_person
        self._fleet_name = scenario.fleet
        self._began = 0.0
        self._moved_wall: float | None = None
        self._killed_at: str | None = None
        self._step = ""
        self._twist: asyncio.Task[None] | None = None

    async def run(self) -> Played:
        """From the empty store to the end of the rollout. Raises GaveUp."""
        with Api(self._rehearsal.url, lambda: self._rehearsal.people.token("operator")) as api:
            await self._apply(api)
            await self._announce()
            eye = asyncio.create_task(self._eye())
            try:
                async with asyncio.timeout(PLAY_SECONDS_MAX):
                    scene = await self._watch(api)
                    if self._twist is not None:
                        await self._twist
            except TimeoutError:
                raise GaveUp(f"the rollout did not end within {PLAY_SECONDS_MAX:.0f} s") from None
            finally:
                eye.cancel()
            scene = await asyncio.to_thread(self._settled, api, scene)
        return Played(
            scene=scene,
            fleet=scene.fleet,
            wall_seconds=time.monotonic() - self._began,
            moved_wall_seconds=self._moved_wall,
            host_killed_at=self._killed_at,
        )

    async def _apply(self, api: Api) -> None:
        text = fleet_text(self._scenario, self._rehearsal.wire.topic_endpoint).encode()
        path = ("fleets", self._fleet_name)
        await asyncio.to_thread(lambda: api.put(*path, text=text, content_type="application/yaml"))
        await self._rehearsal.subscribe()
        self._screen.say(
            f"examples/{self._fleet_name}.yaml is applied; the event subscription has shaken hands"
        )
        self._screen.say(f"the page, as {address('reader')}: open the address in {self._page()}")

    def _page(self) -> Path:
        """A file with the address that signs a browser in and leads to the page; nobody else may read it."""
        file = self._rehearsal.directory / "page.address"
        target = quote(f"/api/page#{self._fleet_name}", safe="")
        token = self._rehearsal.people.token("reader")
        file.touch(mode=0o600)
        file.write_text(
            f"{self._rehearsal.url}{LOGIN}?token={token}&post_login_redirect_uri={target}\n", "utf-8"
        )
        return file

    async def _announce(self) -> None:
        rehearsal = self._rehearsal
        await rehearsal.has_history()
        live = rehearsal.world.fleet.slot(rehearsal.world.fleet.live)
        body = events.version_available(
            live.cluster_id, VERSION, rehearsal.clock.now(), event_id=rehearsal.world.estate.next_guid()
        )
        self._screen.say(f"Event Grid delivers {body['eventType']}: {VERSION}")
        self._began = time.monotonic()
        delivered = await rehearsal.deliver_event(body)
        if delivered != "delivered":
            raise GaveUp(f"the event was {delivered}, not delivered")

    async def _watch(self, api: Api) -> Scene:
        look = Look(api, self._fleet_name, "current")
        while True:
            try:
                scene = self._with_traffic(await asyncio.to_thread(look.again))
            except (Unreachable, Problem) as error:
                # A version that was taken in starts its rollout at the next sweep.
                if isinstance(error, Problem) and (error.status != NOT_FOUND or self._step):
                    raise
                await asyncio.sleep(LOOK_SECONDS)
                continue
            self._screen.show(scene)
            self._step = scene.rollout.step
            if scene.rollout.outcome is not None:
                return scene
            if self._twist is not None and self._twist.done():
                self._twist.result()
            asks = scene.rollout.step == "approve_switch" and not scene.rollout.promoted
            baking = scene.rollout.step == "bake"
            if baking and self._twist is None and self._scenario.twist is Twist.DNS_OUTAGE:
                self._twist = asyncio.create_task(self._outage())
            if asks and self._twist is None and self._scenario.twist is Twist.PROMOTE:
                self._twist = asyncio.create_task(self._promote())
            await asyncio.sleep(LOOK_SECONDS)

    async def _eye(self) -> None:
        """Watch the world itself: when the live record is at the candidate, and when it is time to kill."""
        world = self._rehearsal.world
        while not moved(world):  # noqa: ASYNC110 - a world has no bell to ring
            await asyncio.sleep(EYE_SECONDS)
        self._moved_wall = time.monotonic() - self._began
        if self._scenario.twist is Twist.KILL_HOST:
            self._twist = asyncio.create_task(self._kill())

    async def _kill(self) -> None:
        await self._rehearsal.kill_host()
        self._killed_at = f"{self._rehearsal.clock.now():%H:%M:%S}"
        self._screen.say("the live record has just moved: the Functions host is killed (SIGKILL)")
        await asyncio.sleep(DOWN_SECONDS)
        await self._rehearsal.start_host()
        self._screen.say(f"the Functions host was killed at {self._killed_at} and runs again")

    async def _outage(self) -> None:
        """From now on Azure DNS' control plane refuses everything; its name servers go on answering."""
        world = self._rehearsal.world
        since = (world.now() - world.estate.started_at).total_seconds()
        outage = Outage(family=Family.DNS, from_seconds=since, until_seconds=since + OUTAGE_SECONDS)
        faults = world.estate.faults
        world.estate.faults = msgspec.structs.replace(faults, outages=(*faults.outages, outage))
        self._screen.say(f"Azure DNS takes no order for {OUTAGE_SECONDS // 60} minutes; it still answers")

    async def _promote(self) -> None:
        """A person's yes: wait for one who is there, or run the command that they would."""
        words = ["promote", self._fleet_name, "--url", self._rehearsal.url]
        shown = f"switchyard {' '.join(words)}"
        if self._wait_for_person:
            file = self._rehearsal.directory / "approver.token"
            file.touch(mode=0o600)
            file.write_text(self._rehearsal.people.token("approver"), encoding="utf-8")
            turn = f"SWITCHYARD_TOKEN=$(cat {file}) {shown}"
            self._screen.say(f"it is your turn, in another terminal, within {PERSON_SECONDS:.0f} s: {turn}")
            until = time.monotonic() + PERSON_SECONDS
            while time.monotonic() < until:
                if self._step != "approve_switch":
                    self._screen.say("thank you")
                    return
                await asyncio.sleep(LOOK_SECONDS)
        words += ["--note", "the candidate is proven"]
        self._screen.say(f"$ {shown}  (as {address('approver')})")
        code, said = await command(*words, token=self._rehearsal.people.token("approver"))
        if code != 0:
            raise GaveUp(f"{shown} ended with exit code {code}: {said}")

    def _with_traffic(self, scene: Scene) -> Scene:
        world = self._rehearsal.world
        report = world.report()
        served = {
            slot: Served(round(requests), round(report.failed[slot]))
            for slot, requests in report.served.items()
        }
        return msgspec.structs.replace(
            scene,
            now=world.now(),
            served=served,
            share=world.traffic.mix(world.now()),
            flow=flow(world),
        )

    def _settled(self, api: Api, scene: Scene) -> Scene:
        """The last scene with its whole trail."""
        return self._with_traffic(Look(api, self._fleet_name, scene.rollout.id).again())


def moved(world: World) -> bool:
    """Whether a live record points at the candidate now."""
    candidate = world.estate.address_of(world.estate.candidate)
    found = (world.zones.find(r.zone_id, r.name, r.type) for r in world.fleet.live_records)
    return any(candidate in record.targets for record in found if record is not None)


def flow(world: World) -> tuple[dict[str, float], ...]:
    """The mix of users in each minute so far."""
    moments: deque[dict[str, float]] = deque()
    at = floor_minute(world.estate.started_at) + MINUTE
    while at <= world.now():
        moments.append(world.traffic.mix(at - timedelta(seconds=30)))
        at += MINUTE
    return tuple(moments)


async def command(*words: str, token: str) -> tuple[int, str]:
    """Run the real command line as whoever has that token; its exit code and what it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "cli.main",
        *words,
        cwd=REPOSITORY,
        env={**os.environ, TOKEN: token},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode().strip()
