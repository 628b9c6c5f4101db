"""The HTTP surface of the slots: what a client gets from a host name of the fleet.

Decides which slot answers and how. Refuses to know certificates and sockets.
"""

from __future__ import annotations

from typing import NamedTuple

from sandbox.world.balancers import Balancers
from sandbox.world.clusters import Clusters
from sandbox.world.errors import HostUnknown
from sandbox.world.estate import Estate
from sandbox.world.traffic import NOWHERE, Traffic, floor_minute
from sandbox.world.zones import Zones
from shared.fleet import Slot
from shared.levers import Balancer, Record, SlotName

HOPS_MAX = 4


class Response(NamedTuple):
    """An HTTP answer; `latency_ms` is the time to its last byte, in world time."""

    status: int
    body: str
    latency_ms: float


class Surface:
    """Gateways as clients see them: 200 from a healthy cluster, 502 or 503 otherwise."""

    def __init__(
        self, estate: Estate, zones: Zones, balancers: Balancers, clusters: Clusters, traffic: Traffic
    ) -> None:
        self._estate = estate
        self._zones = zones
        self._balancers = balancers
        self._clusters = clusters
        self._traffic = traffic
        self._asked = 0
        self._live = {record.fqdn.lower(): record for record in reversed(estate.fleet.live_records)}

    def respond(self, host: str, path: str) -> Response:
        """Answer one request and count it. Raises HostUnknown for a name that leads to no gateway of ours."""
        slot = self._slot_behind(host)
        self._asked += 1
        now = self._estate.now()
        failed = self._estate.chance("request", self._asked) < self._traffic.sickness(slot, now)
        self._traffic.count(slot.name, failed=failed)
        wobble = 0.8 + 0.4 * self._estate.chance("request latency", self._asked)
        latency_ms = self._traffic.latency_ms(slot, floor_minute(now)) * wobble
        if not self._clusters.runs(slot.cluster_id, now):
            return Response(502, "<html><h1>502 Bad Gateway</h1></html>", 5.0)
        if failed:
            return Response(503, "upstream is not ready\n", latency_ms)
        return Response(200, f"{slot.name} serves {path}\n", latency_ms)

    def _slot_behind(self, host: str) -> Slot:
        """The slot that one client reaches by this name."""
        name = host.partition(":")[0].rstrip(".").lower()
        balancer = self._balancer_behind(name)
        if balancer is not None:
            return self._estate.fleet.slot(self._picked_by(balancer))
        address = self._resolve(name)
        slot = self._estate.slot_at(address)
        if slot is None:
            raise HostUnknown(f"{host} leads to {address or 'nothing'}, which is no gateway of this estate")
        return self._estate.fleet.slot(slot)

    def _balancer_behind(self, host: str) -> Balancer | None:
        """The balancer that users of the fleet's common names go by; None where a record decides first."""
        fleet = self._estate.fleet
        common = {fleet.hosts.official.lower(), fleet.hosts.cluster.lower()} - self._live.keys()
        first = fleet.levers[0]
        return first if host in common and isinstance(first, Balancer) else None

    def _picked_by(self, balancer: Balancer) -> SlotName:
        """The slot that one user's request is sent to, by the weights in force now and the dice."""
        drawn = self._estate.chance("balancer", self._asked)
        shares = self._traffic.balanced(balancer, self._estate.now())
        for slot, share in sorted(shares.items()):
            drawn -= share
            if drawn < 0:
                return SlotName(slot)
        raise HostUnknown(f"{balancer.label} has no member that is enabled")

    def _resolve(self, host: str) -> str:
        """The address that one client gets; for a live record any that a resolver may still hold."""
        fleet = self._estate.fleet
        if host.rstrip(".").lower() == fleet.hosts.official.lower() != fleet.hosts.cluster.lower():
            host = fleet.hosts.cluster
        for _ in range(HOPS_MAX):
            name = host.rstrip(".").lower()
            live = self._live.get(name)
            if live is not None:
                host = self._picked(live)
                continue
            found = self._zones.by_host(host)
            if found is None:
                return host
            host = found.targets[0]
        return host

    def _picked(self, record: Record) -> str:
        """One user's answer for a live record, by what resolvers hold now and the dice."""
        drawn = self._estate.chance("resolver", self._asked)
        for address, share in sorted(self._traffic.addresses(record, self._estate.now()).items()):
            drawn -= share
            if drawn < 0:
                return address
        return NOWHERE
