"""What a run of Azure Load Testing means for a gate: how far it is, what it measured, whether it failed.

A run has an id of ours, made of what it is for: whoever starts it again starts the same run.

Source: https://learn.microsoft.com/rest/api/loadtesting/dataplane/load-test-run
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from shared.check_rules import LoadMeasure, LoadTest
from shared.fleet import Fleet
from shared.model import Sample
from shared.probes import GateReading, Reading

HOST_VARIABLE = "SWITCHYARD_HOST"
"""The environment variable in which the test's script finds the host name that it loads."""

POLL_SECONDS = 30.0
NAME_CHARACTERS_MAX = 50
_TOTAL = "Total"
_DONE = "DONE"
_FAILED = "FAILED"
_LOST = frozenset({"FAILED", "CANCELLED", "VALIDATION_FAILURE"})
_UNDER_WAY = frozenset(
    {
        "ACCEPTED",
        "NOTSTARTED",
        "PROVISIONING",
        "PROVISIONED",
        "CONFIGURING",
        "CONFIGURED",
        "EXECUTING",
        "EXECUTED",
        "DEPROVISIONING",
        "DEPROVISIONED",
        "CANCELLING",
        "VALIDATION_SUCCESS",
    }
)


class Statistics(Struct, frozen=True, rename="camel"):
    """What was measured of one sampler, or of all (`Total`): ms, and percent for errors.

    `pct2_res_time` is the 95th percentile, as the service numbers them.
    """

    sample_count: float | None = None
    error_pct: float | None = None
    pct2_res_time: float | None = None


class Problem(Struct, frozen=True):
    """Why a run went wrong."""

    message: str = ""


class Run(Struct, frozen=True, rename="camel"):
    """The part of a run that is read here."""

    status: str
    test_id: str | None = None
    test_result: str | None = None
    end_date_time: datetime | None = None
    test_run_statistics: dict[str, Statistics] | None = None
    error_details: tuple[Problem, ...] | None = None


def run_id(fleet: Fleet, probe: GateReading) -> str:
    """The same for the same gate on the same slot in the same step of a rollout; another for a retry."""
    rollout = probe.asking.rollout if probe.asking is not None else ""
    since = probe.since.isoformat() if probe.since is not None else ""
    parts = (fleet.name, rollout, probe.gate.name, probe.slot, since)
    return f"switchyard-{hashlib.sha256('\n'.join(parts).encode()).hexdigest()[:32]}"


def order(fleet: Fleet, probe: GateReading, test: LoadTest) -> dict[str, Any]:
    """The body that starts the run: the declared test, against the slot's own host name."""
    rollout = probe.asking.rollout if probe.asking is not None else fleet.name
    return {
        "testId": test.test_id,
        "displayName": f"{probe.gate.name} {probe.slot} {rollout}"[:NAME_CHARACTERS_MAX],
        "description": "started by Switchyard",
        "environmentVariables": {HOST_VARIABLE: fleet.slot(probe.slot).host.fqdn},
    }


def lost(run: Run) -> str:
    """Why the run says nothing at all about the slot, empty where it does or may."""
    if run.status in _LOST:
        said = "; ".join(each.message for each in run.error_details or () if each.message)
        return f"the load test ended {run.status}" + (f": {said[:200]}" if said else "")
    if run.status in _UNDER_WAY or run.status == _DONE:
        return ""
    return f"the load test's status is {run.status[:40]!r}, which is none of its words"


def unfit(run: Run, test: LoadTest) -> str:
    """Why a stored run is no baseline, empty where it is: a good run of the same test."""
    if run.test_id != test.test_id:
        return f"is of the test {(run.test_id or '')[:NAME_CHARACTERS_MAX]!r}, not of {test.test_id}"
    return "did not meet the test's own criteria" if run.test_result == _FAILED else ""


def measured(run: Run, test: LoadTest, source: str, since: datetime, now: datetime) -> Reading:
    """The reading of a run that is not lost: nothing yet while it is under way, then one sample."""
    if run.status != _DONE:
        because = f"the load test is under way ({run.status})"
        return Reading((), source, since, now, because=because, again_seconds=POLL_SECONDS)
    failed = run.test_result == _FAILED
    total = (run.test_run_statistics or {}).get(_TOTAL, Statistics())
    value = _value(total, test.measure)
    because = "the load test does not meet its own criteria" if failed else ""
    if value is None:
        return Reading((), source, since, now, because=because or "it measured nothing", failed=failed)
    end = run.end_date_time or now
    # The service's times are in UTC, whether it says so or not.
    at = end if end.tzinfo is not None else end.replace(tzinfo=UTC)
    sample = Sample(at=at, value=value, requests=total.sample_count)
    return Reading((sample,), source, since, now, because=because, failed=failed)


def _value(total: Statistics, measure: LoadMeasure) -> float | None:
    if measure is LoadMeasure.P95_MS:
        return total.pct2_res_time
    return total.error_pct / 100 if total.error_pct is not None else None
