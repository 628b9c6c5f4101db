"""Azure Monitor's metrics, 2024-02-01: the batch of a region, and those of one resource over ARM.

Decides the limits of a batch, the window, the grain and the wire form; a batch knows no resource that lies in
no region. Refuses to know any metric: values, dimensions and filters are `sandbox.world.metrics`'.

Sources: https://learn.microsoft.com/rest/api/monitor/metrics-batch/batch,
https://learn.microsoft.com/rest/api/monitor/metrics/list
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import Struct

from sandbox.wire.errors import BadRequest
from sandbox.wire.routing import Call, Operation, Reply, Service, shaped
from sandbox.wire.windows import duration, instant, wire_instant
from sandbox.wire.windows import span as asked_span
from sandbox.world.balancer_metrics import GLOBAL
from sandbox.world.errors import ArmError
from sandbox.world.metrics import Bucket, MetricAnswer, Series
from sandbox.world.model import World
from sandbox.world.settings import Family

VERSIONS = frozenset({"2024-02-01"})
RESOURCES_MAX = 50
_OF_ONE = (
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/{resource*}"
    "/providers/Microsoft.Insights/metrics"
)
AGGREGATIONS = ("total", "average", "minimum", "maximum", "count")
GRAINS = {timedelta(minutes=n): f"PT{n}M" for n in (1, 5, 15, 30)} | {
    timedelta(hours=1): "PT1H",
    timedelta(hours=6): "PT6H",
    timedelta(hours=12): "PT12H",
    timedelta(days=1): "P1D",
}


class Window(Struct, frozen=True):
    """What a batch asks for: the span, the grain and the aggregations."""

    since: datetime
    until: datetime
    grain: timedelta
    aggregations: tuple[str, ...]


def operations(world: World) -> list[Operation]:
    """The batch, and the metrics of one resource."""
    batch = MetricsBatch(world)
    return [
        Operation(
            method="POST",
            template="/subscriptions/{subscription}/metrics:getBatch",
            handler=batch.query,
            versions=VERSIONS,
            service=Service.METRICS,
            families=(Family.METRICS,),
        ),
        Operation(
            method="GET",
            template=_OF_ONE,
            handler=batch.of_one,
            versions=VERSIONS,
            families=(Family.ARM, Family.METRICS),
        ),
    ]


class MetricsBatch:
    """The batch, over a world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def query(self, call: Call) -> Reply:
        """One entry for every resource, each with every metric."""
        namespace = _required(call, "metricnamespace")
        names = _required(call, "metricnames").split(",")
        resources = _resources(call, namespace)
        window = self._batch_window(call)
        filter_text = call.query.get("filter", "")
        values = []
        for resource in resources:
            answers = [
                self._world.metrics.query(resource, name, window.since, window.until, filter_text)
                for name in names
            ]
            values.append(self._shown(resource, namespace, window, answers))
        return Reply(200, {"values": values})

    def of_one(self, call: Call) -> Reply:
        """Every metric of one resource, whether it lies in a region or not.

        A refusal has no `error` around it, where the batch's has.
        """
        try:
            return self._of_one(call)
        except ArmError as error:
            if error.status != 400:
                raise
            return Reply(400, {"code": error.code, "message": str(error)})

    def _of_one(self, call: Call) -> Reply:
        resource = f"{call.group_id}/providers/{call.parameters['resource']}"
        namespace = call.query.get("metricnamespace", _type(resource))
        span = call.query.get("timespan")
        window = self._window(call, *asked_span(span, self._world.now(), timedelta(hours=1)))
        answers = [
            self._world.metrics.query(
                resource, name, window.since, window.until, call.query.get("$filter", "")
            )
            for name in _required(call, "metricnames").split(",")
        ]
        shown = self._shown(resource, namespace, window, answers)
        span_shown = f"{shown.pop('starttime')}/{shown.pop('endtime')}"
        del shown["resourceid"]
        return Reply(200, {"cost": len(answers), "timespan": span_shown, **shown})

    def _batch_window(self, call: Call) -> Window:
        now = self._world.now()
        until = instant(call.query["endtime"]) if "endtime" in call.query else now
        since = instant(call.query["starttime"]) if "starttime" in call.query else until - timedelta(hours=1)
        return self._window(call, since, until)

    def _window(self, call: Call, since: datetime, until: datetime) -> Window:
        if since >= until:
            raise BadRequest("BadRequest", "Start time cannot be equal to or after end time.")
        asked = call.query.get("interval", "PT1M")
        grain = until - since if asked.upper() == "FULL" else duration(asked)
        if asked.upper() != "FULL" and grain not in GRAINS:
            raise BadRequest("BadRequest", f"Detected invalid time grain input: {asked}.")
        aggregations = tuple(
            each.strip().lower() for each in call.query.get("aggregation", "average").split(",")
        )
        unknown = [each for each in aggregations if each not in AGGREGATIONS]
        if unknown:
            raise BadRequest("BadRequest", f"Unknown aggregation type: {', '.join(unknown)}.")
        return Window(since, until, grain, aggregations)

    def _shown(
        self, resource: str, namespace: str, window: Window, answers: list[MetricAnswer]
    ) -> dict[str, Any]:
        return {
            "starttime": wire_instant(window.since),
            "endtime": wire_instant(window.until),
            "interval": GRAINS.get(window.grain, f"PT{int(window.grain.total_seconds())}S"),
            "namespace": namespace,
            "resourceregion": self._world.fleet.location,
            "resourceid": resource,
            "value": [_metric(resource, answer, window) for answer in answers],
        }


def _metric(resource: str, answer: MetricAnswer, window: Window) -> dict[str, Any]:
    return {
        "id": f"{resource}/providers/Microsoft.Insights/metrics/{answer.name}",
        "type": "Microsoft.Insights/metrics",
        "name": {"value": answer.name, "localizedValue": answer.name},
        "displayDescription": answer.name,
        "unit": answer.unit,
        "timeseries": [_series(each, window) for each in answer.series],
        "errorCode": "Success",
    }


def _series(series: Series, window: Window) -> dict[str, Any]:
    names = [
        {"name": {"value": name.lower(), "localizedValue": name.lower()}, "value": value}
        for name, value in series.dimensions.items()
    ]
    grains: dict[datetime, list[Bucket]] = {}
    for bucket in series.buckets:
        grains.setdefault(_floor(bucket.at, window), []).append(bucket)
    data = [_point(at, buckets, window.aggregations) for at, buckets in grains.items()]
    return {"metadatavalues": names, "data": data}


def _floor(at: datetime, window: Window) -> datetime:
    """The start of the grain; a grain as long as the window starts where the window does."""
    if window.grain == window.until - window.since:
        return window.since
    midnight = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + (at - midnight) // window.grain * window.grain


def _point(at: datetime, buckets: list[Bucket], aggregations: Iterable[str]) -> dict[str, Any]:
    """A grain without any value has a time stamp and nothing else."""
    known = [each for each in buckets if each.count]
    point: dict[str, Any] = {"timeStamp": wire_instant(at)}
    if not known:
        return point
    total = sum(each.total or 0.0 for each in known)
    count = sum(each.count or 0.0 for each in known)
    numbers = {
        "total": total,
        "average": total / count,
        "minimum": min(each.minimum or 0.0 for each in known),
        "maximum": max(each.maximum or 0.0 for each in known),
        "count": count,
    }
    return point | {name: round(numbers[name], 4) for name in aggregations}


def _required(call: Call, name: str) -> str:
    value = call.query.get(name)
    if not value:
        raise BadRequest("BadRequest", f"The query parameter '{name}' is required.")
    return value


def _resources(call: Call, namespace: str) -> list[str]:
    """The resources of a batch: not too many, of one subscription and of the namespace's type."""
    resources = shaped(call.payload().get("resourceids"), list[str])
    if not resources:
        raise BadRequest("BadRequest", "The request must have at least one resource id.")
    if len(resources) > RESOURCES_MAX:
        message = f"The number of resource ids cannot exceed {RESOURCES_MAX}: {len(resources)} were given."
        raise BadRequest("BadRequest", message)
    prefix = f"/subscriptions/{call.parameters['subscription']}/".lower()
    if not all(each.lower().startswith(prefix) for each in resources):
        raise BadRequest("BadRequest", "All resources must be in the subscription of the request.")
    if namespace.lower() in GLOBAL:
        raise BadRequest("BadRequest", f"Resources of the type '{namespace}' lie in no region.")
    if {_type(each) for each in resources} != {namespace.lower()}:
        raise BadRequest("BadRequest", f"All resources must be of the type '{namespace}'.")
    return resources


def _type(resource: str) -> str:
    provider, _, rest = resource.lower().rpartition("/providers/")[2].partition("/")
    return "/".join([provider, *rest.split("/")[::2]])
