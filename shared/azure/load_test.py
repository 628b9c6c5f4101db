"""Runs of Azure Load Testing against a slot's own host name, and stored runs that speak for the live one.

Decides when a run is started: where there is none of its id yet, so that one that was lost from sight is
found again and never started twice. Judges nothing.

Source: https://learn.microsoft.com/rest/api/loadtesting/dataplane/load-test-run/create-or-update-test-run
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from shared.azure.answers import shaped
from shared.azure.connection import Connection
from shared.azure.errors import is_about_the_resource
from shared.azure.rest import send
from shared.check_rules import LIVE_RUN, LoadTest
from shared.checks.load_tests import Run, lost, measured, order, run_id, unfit
from shared.errors import Refused, Retry
from shared.fleet import Fleet
from shared.probes import GateReading, Reading

API_VERSION = "2022-11-01"
SCOPE = "https://cnt-prod.loadtesting.azure.com/.default"
_WHAT = "the load test run"
_MERGE = "application/merge-patch+json"


class LoadTests:
    """The load tests that gates ask for."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def observe(self, fleet: Fleet, probe: GateReading, now: datetime) -> Reading:
        """What the run measured: one GET, and a PATCH that starts it where there is none.

        Raises Retry for a run that came to nothing: it says nothing about the slot. Raises Refused.
        """
        test, asking = probe.gate.check, probe.asking
        if not isinstance(test, LoadTest) or asking is None:
            raise Refused(f"{probe.gate.name}: a load test is declared, and run in a rollout")
        stored = probe.slot != asking.candidate and test.baseline_run != LIVE_RUN
        name = test.baseline_run if stored else run_id(fleet, probe)
        endpoint = (self._connection.load_tests_endpoint or test.endpoint).rstrip("/")
        url = f"{endpoint}/test-runs/{name}"
        run = await self._run(url, "GET")
        if run is None and stored:
            raise Refused(f"there is no load test run {name} to compare with")
        if run is None:
            run = await self._run(url, "PATCH", order(fleet, probe, test))
        if run is None:
            raise Retry("the load test run that was started is not there")
        trouble = lost(run)
        if trouble:
            raise Retry(f"{name}: {trouble}")
        if stored and (why := unfit(run, test)):
            raise Refused(f"the load test run {name} {why}")
        return measured(run, test, f"load test {test.test_id}, run {name}", probe.since or now, now)

    async def _run(self, url: str, method: str, body: Any = None) -> Run | None:
        """The run, None where there is no such one. Raises azure.core's HttpResponseError, Retry."""
        from azure.core.exceptions import HttpResponseError

        query = {"api-version": API_VERSION}
        answer = await send(self._connection, method, url, scope=SCOPE, body=body, kind=_MERGE, **query)
        if answer.status_code < 400:
            return shaped(answer.text(), Run, _WHAT)
        error = HttpResponseError(response=answer)
        if answer.status_code == 404 and is_about_the_resource(error):
            return None
        raise error
