"""The fault classes, and what switches each of them on: a rate of the swarm, or what a scenario draws.

Decides nothing: `tests.sim.swarm` draws, `tests.sim.doors` and `tests.sim.blows` strike. What cannot happen
without a wire says where it is shown instead.
"""

from __future__ import annotations

from typing import NamedTuple


class FaultClass(NamedTuple):
    """One class. `switches` are fields of `Swarm`, of `Scenario`, or kinds of blows."""

    what: str
    switches: tuple[str, ...]
    elsewhere: str = ""


MENU: dict[str, FaultClass] = {
    "F1": FaultClass("a worker dies before or after any await", ("crash",), "tests/sim/test_crashes.py"),
    "F2": FaultClass("a delivery, or a message of the queue, comes two to five times", ("duplicate",)),
    "F3": FaultClass(
        "deliveries overtake each other, late by up to an hour; timers do not fire",
        ("late", "missed", "rings"),
    ),
    "F4": FaultClass("a request is lost before it reaches its service", ("lost", "refused", "dropped")),
    "F5": FaultClass("an answer is lost after the effect; a batch may land even later", ("lost",)),
    "F6": FaultClass(
        "429 and 503 with Retry-After, for longer than any invocation lasts",
        ("refused", "outages", "topic"),
        "tests/limits",
    ),
    "F7": FaultClass("three workers, overlapping timers, ticks that run twice", ("duplicate", "heckle")),
    "F8": FaultClass(
        "a worker sleeps for up to 300 s before a write and goes on", ("stall", "zombie", "doze")
    ),
    "F9": FaultClass("workers' clocks are wrong by up to 300 s, and jump", ("skew_seconds",)),
    "F10": FaultClass("a batch whose answer is partial or malformed", ("lost",), "tests/wire_faults"),
    "F11": FaultClass(
        "stale reads; long-running operations that fail or outlast every deadline",
        ("stale", "timings", "trouble"),
        "tests/wire_faults",
    ),
    "F12": FaultClass(
        "metrics with gaps, late points, values that are none, of something else, or not at all",
        ("gappy", "blind", "outages"),
    ),
    "F13": FaultClass(
        "bodies that are no signals; a storm of alerts; resolved before fired",
        ("garbage", "storm", "rings"),
        "tests/fuzz",
    ),
    "F14": FaultClass(
        "the fleet's file is edited, the app is deployed anew in mid rollout",
        ("edits", "redeploy"),
        "tests/golden",
    ),
    "F15": FaultClass("the store answers nobody for up to 20 minutes", ("store_stops", "blackout")),
    "F16": FaultClass(
        "somebody else moves a live record, with or without our metadata, or a balancer",
        ("meddlings", "tilts"),
    ),
    "F17": FaultClass("a worker hangs until the host kills it at `functionTimeout`", ("hang",)),
    "F18": FaultClass("the way back is lost: live is stopped or deleted", ("stop live", "delete live")),
}
