"""The one world: every service of the estate, in memory, moved by a clock alone.

Decides how the services belong together. Refuses I/O, threads and HTTP: doors (`ports`, `sandbox.wire`) call
it from one thread. Nothing happens in the background: what a service says is worked out from the history of
changes when somebody asks, so any past minute can be asked for again with the same answer.
"""

from __future__ import annotations

from datetime import datetime

from sandbox.world.balancers import Balancers
from sandbox.world.clusters import Clusters
from sandbox.world.commands import RunCommands
from sandbox.world.deployments import Deployments
from sandbox.world.errors import ArmError
from sandbox.world.estate import Estate
from sandbox.world.fired_alerts import FiredAlerts
from sandbox.world.hooks import Hooks
from sandbox.world.ledger import Ledger, Report
from sandbox.world.load_tests import LoadTests
from sandbox.world.logs import Logs
from sandbox.world.metrics import Metrics
from sandbox.world.outgoing import Outbound, Outgoing
from sandbox.world.prometheus import Prometheus
from sandbox.world.settings import Family, Faults, Timings
from sandbox.world.surface import Response, Surface
from sandbox.world.sync import FluxConfigurations
from sandbox.world.traffic import MINUTE, Traffic, floor_minute
from sandbox.world.zones import Zones
from shared.fleet import Fleet
from shared.levers import THROUGH, Member, Record
from shared.ports import Clock

_CODES = {429: "TooManyRequests", 409: "Conflict"}


class World:
    """A seeded estate. A door calls `admit` first, then a service, and turns `ArmError` into its own words.

    Attributes:
        estate: fleet, clock, chance, `address_of(slot)`, `slot_at(address)`, `slot_of_cluster(id)`,
            `slots_of_gateway(id)`, `next_guid()`, `template_versions`.
        zones, balancers, clusters, deployments, flux, commands: the control plane.
        traffic, metrics, logs, prometheus: what users do and what Azure Monitor says of it.
        alerts, hooks, load_tests: what else is asked about a slot.
        ledger: what happened.
    """

    def __init__(
        self,
        fleet: Fleet,
        clock: Clock,
        *,
        seed: int = 1,
        timings: Timings = Timings(),  # noqa: B008 - a frozen value
        faults: Faults = Faults(),  # noqa: B008 - a frozen value
    ) -> None:
        self.estate = Estate(fleet, clock, seed, timings, faults)
        self.fleet = fleet
        self.zones = Zones(self.estate)
        self.balancers = Balancers(self.estate)
        self.clusters = Clusters(self.estate)
        self.deployments = Deployments(self.estate, self.clusters)
        self.flux = FluxConfigurations(self.estate, self.clusters)
        self.commands = RunCommands(self.estate, self.clusters)
        self.traffic = Traffic(self.estate, self.zones, self.balancers, self.clusters)
        self.metrics = Metrics(self.estate, self.clusters, self.traffic)
        self.logs = Logs(self.estate, self.clusters, self.traffic)
        self.prometheus = Prometheus(self.estate, self.clusters, self.traffic)
        self.alerts = FiredAlerts(self.estate, self.clusters, self.traffic)
        self.hooks = Hooks(self.estate)
        self.load_tests = LoadTests(self.estate, self.traffic)
        self._surface = Surface(self.estate, self.zones, self.balancers, self.clusters, self.traffic)
        self._outgoing = Outgoing(self.estate, self.traffic)

    @property
    def ledger(self) -> Ledger:
        """What happened so far, and what is bound to happen."""
        return self.estate.ledger

    def now(self) -> datetime:
        """The present moment of the world."""
        return self.estate.now()

    def admit(self, *families: Family) -> None:
        """Let a request of these families through.

        Raises:
            ArmError: 503 `ServiceUnavailable`, 429 `TooManyRequests` or 409 `Conflict` in an outage's span.
        """
        outages = self.estate.faults.outages
        if not outages:
            return
        passed = (self.now() - self.estate.started_at).total_seconds()
        for outage in outages:
            if outage.family in families and outage.from_seconds <= passed < outage.until_seconds:
                code = _CODES.get(outage.status, "ServiceUnavailable")
                what = f"The {outage.family} service cannot answer now. Please try again later."
                raise ArmError(outage.status, code, what, outage.retry_after_seconds)

    def record_behind(self, member: Member) -> Record:
        """The record of the host name that a balancer's member sends to."""
        if member.slot == THROUGH:
            return self.fleet.live_records[0]
        return member.beneath or self.fleet.slot(member.slot).host

    def publish_template(self, version: str) -> None:
        """A new version of the template spec exists."""
        self.estate.template_versions.add(version)

    def respond(self, host: str, path: str) -> Response:
        """What a client gets from `https://host/path` now: `(status, body, latency_ms)`. Counts the request.

        Raises:
            HostUnknown: the name does not resolve to anything of ours.
        """
        return self._surface.respond(host, path)

    def take_due(self) -> tuple[Outbound, ...]:
        """What Azure sends by itself now (alerts of the faults, resource events), each once, oldest first."""
        return self._outgoing.take_due()

    def report(self) -> Report:
        """The story so far: requests by slot in complete minutes since the start, and the ledger."""
        served = {str(slot.name): 0.0 for slot in self.fleet.slots}
        failed = dict(served)
        stray = 0.0
        start = floor_minute(self.estate.started_at)
        while start + MINUTE <= self.now():
            for slot in self.fleet.slots:
                minute = self.traffic.minute(slot.name, start)
                served[slot.name] += minute.requests
                failed[slot.name] += minute.failed
            stray += self.traffic.stray(start)
            start += MINUTE
        return Report(
            served=served,
            failed=failed,
            stray_requests=stray,
            entries=self.ledger.until(self.now()),
            cutover_seconds=self.traffic.cutover_seconds(self.fleet.levers[0]),
        )
