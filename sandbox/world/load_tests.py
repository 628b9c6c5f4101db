"""Azure Load Testing: runs against the slots' host names, and what they measured.

Decides how long a run takes and its statistics, from how well the slot is. Refuses to send a request: a slot
is none the worse for it. Every test exists, and a run of `shop` with the id `baseline` is stored.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from sandbox.world.errors import ArmError
from sandbox.world.estate import Estate
from sandbox.world.traffic import LATENCY_MS, Traffic, floor_minute

BASELINE, BASELINE_TEST = "baseline", "shop"
REQUESTS = 12_000.0
P95_OVER_MEAN = 1.8


class LoadRun(Struct, frozen=True, kw_only=True):
    """A run: `p95_ms` and `error_percent` are there once it is done, and `failed` by its own criteria."""

    id: str
    test_id: str
    started_at: datetime
    done: bool
    p95_ms: float | None = None
    error_percent: float | None = None
    failed: bool = False


class LoadTests:
    """The runs of every test."""

    def __init__(self, estate: Estate, traffic: Traffic) -> None:
        self._estate = estate
        self._traffic = traffic
        self._started: dict[str, tuple[str, str, datetime]] = {}

    @property
    def started(self) -> tuple[str, ...]:
        """The ids of the runs that were started, oldest first."""
        return tuple(self._started)

    def start(self, run_id: str, test_id: str, host: str) -> LoadRun:
        """Start a run against a host name, or find the one of that id. Raises ArmError 400."""
        if not any(slot.host.fqdn.lower() == host.lower() for slot in self._estate.fleet.slots):
            raise ArmError(400, "InvalidTestRun", f"No slot has the host name '{host}'.")
        self._started.setdefault(run_id, (test_id, host, self._estate.now()))
        return self.get(run_id)

    def get(self, run_id: str) -> LoadRun:
        """A run by its id. Raises ArmError 404."""
        if run_id == BASELINE:
            return LoadRun(
                id=run_id,
                test_id=BASELINE_TEST,
                started_at=self._estate.started_at,
                done=True,
                p95_ms=LATENCY_MS * P95_OVER_MEAN,
                error_percent=0.0,
            )
        if run_id not in self._started:
            raise ArmError(404, "TestRunNotFound", f"Test run not found with given name '{run_id}'.")
        test_id, host, at = self._started[run_id]
        if (self._estate.now() - at).total_seconds() < self._estate.timings.load_test_seconds:
            return LoadRun(id=run_id, test_id=test_id, started_at=at, done=False)
        slot = next(each for each in self._estate.fleet.slots if each.host.fqdn.lower() == host.lower())
        errors = self._traffic.sickness(slot, at)
        return LoadRun(
            id=run_id,
            test_id=test_id,
            started_at=at,
            done=True,
            p95_ms=round(self._traffic.latency_ms(slot, floor_minute(at)) * P95_OVER_MEAN, 1),
            error_percent=round(100 * errors, 3),
            failed=self._estate.faults.load_test_fails and slot.name == self._estate.candidate,
        )
