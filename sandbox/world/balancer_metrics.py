"""What Azure Monitor says of what lies in no region: Front Door, of either kind, and Traffic Manager.

Decides names, units and dimensions. An origin, backend or endpoint is told by its name, as the fleet has it.
Refuses to know windows, filters and aggregations (`metrics`).
Sources: the tables of supported metrics of `Microsoft.Cdn/profiles`, `Microsoft.Network/frontdoors` and
`Microsoft.Network/trafficManagerProfiles` on learn.microsoft.com.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from sandbox.world.balancers import TYPES
from sandbox.world.estate import name_of
from sandbox.world.metric_sources import Metric, Point
from sandbox.world.traffic import Traffic
from shared.fleet import Slot
from shared.levers import Balancer, SwitchKind

Points = Callable[[Slot, datetime], Iterator[Point]]

_WORLDWIDE = frozenset({SwitchKind.FRONT_DOOR, SwitchKind.FRONT_DOOR_CLASSIC, SwitchKind.TRAFFIC_MANAGER})
GLOBAL = frozenset(TYPES[kind].lower() for kind in _WORLDWIDE)
"""The types that lie in no region, in lower case."""


def metrics_of(balancer: Balancer, traffic: Traffic) -> Mapping[str, Metric]:
    """The metrics of one balancer; none of a kind that lies in a region."""
    told = _Told(balancer, traffic)
    match balancer.kind:
        case SwitchKind.FRONT_DOOR:
            return {
                "RequestCount": Metric("Count", ("HttpStatusGroup",), told.requests("")),
                "Percentage5XX": Metric("Percent", (), told.failed_percent("")),
                "TotalLatency": Metric("MilliSeconds", (), told.latency("")),
                "OriginRequestCount": Metric("Count", ("HttpStatusGroup", "Origin"), told.requests("Origin")),
                "OriginLatency": Metric("MilliSeconds", ("Origin",), told.latency("Origin")),
                "OriginHealthPercentage": Metric("Percent", ("Origin",), told.health("Origin", 100.0)),
            }
        case SwitchKind.FRONT_DOOR_CLASSIC:
            dimensions = ("HttpStatusGroup", "Backend")
            return {
                "RequestCount": Metric("Count", ("HttpStatusGroup",), told.requests("")),
                "BackendRequestCount": Metric("Count", dimensions, told.requests("Backend")),
                "BackendRequestLatency": Metric("MilliSeconds", ("Backend",), told.latency("Backend")),
                "BackendHealthPercentage": Metric("Percent", ("Backend",), told.health("Backend", 100.0)),
            }
        case SwitchKind.TRAFFIC_MANAGER:
            state = "ProbeAgentCurrentEndpointStateByProfileResourceId"
            return {
                "QpsByEndpoint": Metric("Count", ("EndpointName",), told.queries("EndpointName")),
                state: Metric("Count", ("EndpointName",), told.health("EndpointName", 1.0)),
            }
        case _:
            return {}


class _Told:
    """The points of one balancer's metrics, each about the member of one slot."""

    def __init__(self, balancer: Balancer, traffic: Traffic) -> None:
        self._balancer = balancer
        self._traffic = traffic

    def requests(self, dimension: str) -> Points:
        """Requests by the group of their status."""

        def points(slot: Slot, start: datetime) -> Iterator[Point]:
            minute = self._traffic.minute(slot.name, start)
            for group, count in (("2XX", minute.requests - minute.failed), ("5XX", minute.failed)):
                named = {"HttpStatusGroup": group, **self._member(slot, dimension)}
                yield Point(named, count, 1, count, count)

        return points

    def queries(self, dimension: str) -> Points:
        """How often an endpoint was the answer."""

        def points(slot: Slot, start: datetime) -> Iterator[Point]:
            count = self._traffic.minute(slot.name, start).requests
            yield Point(self._member(slot, dimension), count, 1, count, count)

        return points

    def failed_percent(self, dimension: str) -> Points:
        """The share of failed requests, 0 to 100."""

        def points(slot: Slot, start: datetime) -> Iterator[Point]:
            minute = self._traffic.minute(slot.name, start)
            if minute.requests:
                yield Point(self._member(slot, dimension), 100 * minute.failed, minute.requests, 0.0, 100.0)

        return points

    def latency(self, dimension: str) -> Points:
        """The mean time of the answers."""

        def points(slot: Slot, start: datetime) -> Iterator[Point]:
            requests = self._traffic.minute(slot.name, start).requests
            if requests:
                mean = self._traffic.latency_ms(slot, start)
                yield Point(self._member(slot, dimension), mean * requests, requests, mean * 0.4, mean * 2.5)

        return points

    def health(self, dimension: str, full: float) -> Points:
        """`full` where the slot answers its health checks, 0 where it does not."""

        def points(slot: Slot, start: datetime) -> Iterator[Point]:
            value = full if self._traffic.sickness(slot, start) < 1 else 0.0
            yield Point(self._member(slot, dimension), value, 1, value, value)

        return points

    def _member(self, slot: Slot, dimension: str) -> dict[str, str]:
        return {dimension: name_of(self._balancer.member(slot.name).name)} if dimension else {}
