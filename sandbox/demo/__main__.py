"""`python -m sandbox.demo`: one scenario, from nothing to its report.

Exit code 0: it ended as it should. 1: it did not, and what differed is printed. 2: a wrong command line.
130: interrupted.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
from rich.console import Console
from rich.text import Text

from cli.client import Api, Problem, Unreachable
from cli.view.words import NOW, PAST, WRONG
from sandbox.azurite import AzuriteMissing
from sandbox.child import ChildFailed
from sandbox.demo.checks import Check, Evidence, checks
from sandbox.demo.picture import PictureScreen
from sandbox.demo.play import GaveUp, Play, Played, declared
from sandbox.demo.real import Real, real
from sandbox.demo.rehearsal import Rehearsal
from sandbox.demo.report import report
from sandbox.demo.scenarios import SCENARIOS, Scenario
from sandbox.demo.screen import lines, screen
from sandbox.demo.secrecy import logged, secrecy, stored
from sandbox.wire.delivery import HandshakeFailed
from sandbox.world.scenarios import SCENARIOS as FAULTS
from shared.fleet_file import parse
from shared.model import FleetState
from shared.ports import AuditEntry

WIDTH_PIPE = 120
NOTIFY_SECONDS_MAX = 6.0


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """The command line."""

    scenario: Scenario
    record: Path | None
    picture: Path | None
    plain: bool
    auto_promote: bool
    debug: bool


def options(arguments: Sequence[str] | None = None) -> Options:
    """Parse the command line; exits with 2 where it is wrong."""
    parser = argparse.ArgumentParser(
        prog="sandbox.demo", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument("--scenario", choices=sorted(SCENARIOS), default="good")
    parser.add_argument(
        "--record", type=Path, help="write every exchange with the stand-in, one JSON line each"
    )
    parser.add_argument("--picture", type=Path, help="keep the board during the bake as an SVG file")
    parser.add_argument("--plain", action="store_true", help="a line for each transition, also on a terminal")
    parser.add_argument("--auto-promote", action="store_true", help="do not wait for a person to promote")
    parser.add_argument("--debug", action="store_true", help="let the host log all that the SDKs have to say")
    given = parser.parse_args(arguments)
    return Options(
        scenario=SCENARIOS[given.scenario],
        record=given.record,
        picture=given.picture,
        plain=given.plain,
        auto_promote=given.auto_promote,
        debug=given.debug,
    )


async def run(chosen: Options, console: Console) -> int:
    """Play one scenario and print its report; the exit code."""
    scenario = chosen.scenario
    _start_record(chosen.record)
    console.print(Text.assemble((f" {scenario.name}", NOW), f"  {scenario.story}"), soft_wrap=True)
    shown = screen(console, plain=chosen.plain)
    if chosen.picture is not None:
        shown = PictureScreen(shown, chosen.picture)
    rehearsal = Rehearsal(
        parse(declared(scenario)), FAULTS[scenario.name], chosen.record, shown.say, debug=chosen.debug
    )
    wait_for_person = console.is_terminal and not chosen.plain and not chosen.auto_promote
    try:
        async with rehearsal:
            with shown:
                play = Play(scenario, rehearsal, shown, wait_for_person=wait_for_person)
                played = await play.run()
            found, met = await _checked(scenario, rehearsal, played)
            rows = await stored(rehearsal.connection_string)
    except asyncio.CancelledError:
        rehearsal.forget()
        raise
    except (GaveUp, Problem, Unreachable, HandshakeFailed, AzuriteMissing, ChildFailed) as trouble:
        console.print(Text(f" ✗ {trouble}", WRONG), soft_wrap=True)
        return _failed(console, rehearsal)
    # A host says its last words when it ends, and they are looked through too.
    found = (*found, secrecy(logged(rehearsal.directory), rows, rehearsal.secrets()))
    lines(console, list(report(played, rehearsal.world, met, found)))
    if all(check.passed for check in found):
        rehearsal.forget()
        return 0
    differs = [check for check in found if not check.passed]
    console.print()
    for check in differs:
        console.print(Text(f" ✗ expected: {check.what}; found: {check.found}", WRONG), soft_wrap=True)
    return _failed(console, rehearsal)


async def _checked(
    scenario: Scenario, rehearsal: Rehearsal, played: Played
) -> tuple[tuple[Check, ...], Real]:
    """The checks, once the last notification had time to leave the outbox, and what users met by then."""
    until = asyncio.get_running_loop().time() + NOTIFY_SECONDS_MAX
    while True:
        entries, state = await asyncio.to_thread(_trail, rehearsal, scenario.fleet)
        published = list(rehearsal.wire.published)
        met = real(rehearsal.world, rehearsal.users)
        found = checks(Evidence(scenario, played, rehearsal.world, entries, state, met, published))
        if all(check.passed for check in found) or asyncio.get_running_loop().time() > until:
            return found, met
        await asyncio.sleep(0.5)


def _trail(rehearsal: Rehearsal, fleet: str) -> tuple[tuple[AuditEntry, ...], FleetState]:
    """The whole trail and the state of one moment."""
    with Api(rehearsal.url, lambda: rehearsal.people.token("reader")) as api:
        while True:
            state = msgspec.convert(api.get("fleets", fleet).body["state"], FleetState)
            trail = api.get("fleets", fleet, "audit").body["audit"]
            entries = msgspec.convert(trail, tuple[AuditEntry, ...])
            if not entries or entries[-1].epoch == state.epoch:
                return entries, state


def _failed(console: Console, rehearsal: Rehearsal) -> int:
    for line in rehearsal.complaints():
        console.print(Text(f" host     {line}", PAST), soft_wrap=True)
    console.print(Text(f" the logs are in {rehearsal.directory}", PAST), soft_wrap=True)
    return 1


def _start_record(path: Path | None) -> None:
    """A record holds one run."""
    if path is not None:
        path.write_text("", encoding="utf-8")


async def _interruptible(chosen: Options, console: Console) -> int:
    """Run it so that SIGTERM ends it as Ctrl-C does: everything that it started ends first."""
    task = asyncio.ensure_future(run(chosen, console))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows
            loop.add_signal_handler(number, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        console.print(Text(" stopped: everything that the demo had started is ended", PAST))
        return 130


def main() -> None:
    """Parse, run, exit."""
    chosen = options()
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=WIDTH_PIPE)
    sys.exit(asyncio.run(_interruptible(chosen, console)))


if __name__ == "__main__":
    main()
