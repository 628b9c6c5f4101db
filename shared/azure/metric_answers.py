"""How an answer of Azure Monitor becomes samples: what it must hold before a number in it counts.

Decides that an answer to another question is none: another metric, grain or dimension, a resource that is
missing, a minute that is told twice. Of a gateway that slots share, a slot has the series of its own pools;
a series that says nothing of pools belongs to nobody. Judges nothing: a minute without data is a sample
without a value.

Source: https://learn.microsoft.com/rest/api/monitor/metrics-batch/batch
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from math import fsum
from statistics import fmean
from typing import NamedTuple

from msgspec import Struct, field

from shared.azure.window import Window
from shared.errors import Retry
from shared.gateways import Split
from shared.model import Sample

TOGETHER: Mapping[str, Callable[[list[float]], float]] = {
    "average": fmean,
    "count": fsum,
    "maximum": max,
    "minimum": min,
    "total": fsum,
}
"""How the series of a metric that a filter splits are put together again, as Azure Monitor would."""

_GRAIN = "PT1M"
_EQUALS = re.compile(r"(\w+)\s+eq\s+'([^']*)'", re.IGNORECASE)


class Query(NamedTuple):
    """One request: everything but the resources, which may be all of one type in one region (at most 50).

    A `worldwide` one is about a resource that lies in no region.
    """

    namespace: str
    metric: str
    aggregation: str
    filter: str
    window: Window
    worldwide: bool = False

    def __str__(self) -> str:
        where = f" where {self.filter}" if self.filter else ""
        return f"{self.namespace} {self.metric} {self.aggregation} {_GRAIN}{where}"


class Part(NamedTuple):
    """What of an answer is asked for: a resource, or one slot's part of it."""

    resource_id: str
    split: Split | None = None

    def __str__(self) -> str:
        return f" of {', '.join(sorted(self.split.pools))}" if self.split else ""


class Name(Struct, frozen=True):
    """A name and, elsewhere, its translation."""

    value: str


class Dimension(Struct, frozen=True):
    """Of one series."""

    name: Name
    value: str


class Point(Struct, frozen=True):
    """One minute."""

    at: datetime = field(name="timeStamp")
    average: float | None = None
    count: float | None = None
    maximum: float | None = None
    minimum: float | None = None
    total: float | None = None


class Series(Struct, frozen=True):
    """The minutes of one combination of dimensions."""

    data: tuple[Point, ...]
    dimensions: tuple[Dimension, ...] = field(name="metadatavalues", default=())


class Metric(Struct, frozen=True):
    """The series of a metric, or why there are none."""

    name: Name
    series: tuple[Series, ...] = field(name="timeseries")
    error_code: str = field(name="errorCode", default="Success")


class Result(Struct, frozen=True):
    """What is said of one resource."""

    resource_id: str = field(name="resourceid")
    interval: str
    metrics: tuple[Metric, ...] = field(name="value")


class Batch(Struct, frozen=True):
    """An answer."""

    values: tuple[Result, ...]


class Alone(Struct, frozen=True):
    """An answer about one resource, which it does not name."""

    interval: str
    metrics: tuple[Metric, ...] = field(name="value")

    def of(self, resource_id: str) -> Batch:
        """The same as an answer that names it."""
        return Batch((Result(resource_id=resource_id, interval=self.interval, metrics=self.metrics),))


def samples_of(batch: Batch, query: Query, parts: Collection[Part]) -> dict[Part, tuple[Sample, ...]]:
    """The samples of each part, one a minute, oldest first.

    Raises Retry for an answer that is not one to this query.
    """
    asked = {part.resource_id.lower() for part in parts}
    found = {result.resource_id.lower(): result for result in batch.values}
    if found.keys() != asked or len(found) != len(batch.values):
        raise Retry(f"{len(asked)} resources were asked for, and the answer is about others")
    for result in found.values():
        _expect(result, query)
    return {part: _samples(found[part.resource_id.lower()].metrics[0], query, part.split) for part in parts}


def _samples(metric: Metric, query: Query, split: Split | None) -> tuple[Sample, ...]:
    aggregation = query.aggregation.lower()
    minutes: dict[datetime, list[float]] = {}
    for series in metric.series:
        if split is not None and not split.holds(_value(series, split.dimension)):
            continue
        for point in series.data:
            if query.window.since <= _utc(point.at) < query.window.until:
                value = getattr(point, aggregation)
                minutes.setdefault(_utc(point.at), []).extend([] if value is None else [value])
    return tuple(
        Sample(at=at, value=TOGETHER[aggregation](values) if values else None)
        for at, values in sorted(minutes.items())
    )


def _value(series: Series, dimension: str) -> str:
    for each in series.dimensions:
        if each.name.value.lower() == dimension.lower():
            return each.value
    raise Retry(f"the answer does not say which {dimension} a number is about")


def _expect(result: Result, query: Query) -> None:
    names = [metric.name.value.lower() for metric in result.metrics]
    if names != [query.metric.lower()]:
        raise Retry(f"{query.metric} was asked for, and the answer holds {', '.join(names) or 'nothing'}")
    if result.interval.upper() != _GRAIN:
        raise Retry(f"a value a minute was asked for, and the answer has one every {result.interval}")
    metric = result.metrics[0]
    if metric.error_code.lower() != "success":
        raise Retry(f"Azure Monitor has no answer on {query.metric}: {metric.error_code}")
    allowed: dict[str, set[str]] = {}
    for name, value in _EQUALS.findall(query.filter):
        allowed.setdefault(name.lower(), set()).add(value.lower())
    for series in metric.series:
        _expect_dimensions(series, allowed)
        _expect_once(series)


def _expect_dimensions(series: Series, allowed: Mapping[str, set[str]]) -> None:
    for each in series.dimensions:
        values = allowed.get(each.name.value.lower(), {"*"})
        if "*" not in values and each.value.lower() not in values:
            raise Retry(f"the answer is about {each.name.value} {each.value}, which was not asked for")


def _expect_once(series: Series) -> None:
    if len({point.at for point in series.data}) != len(series.data):
        raise Retry("the answer tells a minute twice")


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC) if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
