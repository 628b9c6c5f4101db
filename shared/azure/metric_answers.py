"""How an answer of Azure Monitor becomes samples: what it must hold before a number in it counts.

Decides that an answer to another question is none: another metric, grain or dimension, a resource that is
missing, a minute that is told twice. Of a gateway that slots share, a slot has the series of its own pools;
a series that says nothing of pools belongs to nobody. Judges nothing: a minute without data is a sample
without a value.

Source: https://learn.microsoft.com/rest/api/monitor/metrics-batch/batch
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, datetime
from math import fsum
from statistics import fmean
from typing import NamedTuple

from msgspec import Struct, field

from shared.azure.window import Window
from shared.errors import Retry
from shared.fleet import SHARE_OF
from shared.gateways import Split
from shared.model import Sample
from shared.queries import share

TOGETHER: Mapping[str, Callable[[list[float]], float]] = {
    "average": fmean,
    "count": fsum,
    "maximum": max,
    "minimum": min,
    "total": fsum,
}
"""How the series of a metric that a filter splits are put together again, as Azure Monitor would."""

_UNITS = {"ms": "milliseconds", "s": "seconds", "%": "percent"}
"""What a gate may say its limits are in, and Azure Monitor says of a metric."""

_GRAIN = "PT1M"
_EQUALS = re.compile(r"(\w+)\s+eq\s+'([^']*)'", re.IGNORECASE)


class Query(NamedTuple):
    """One request: everything but the resources, which may be all of one type in one region (at most 50).

    `metric` is one name, or several with commas between; of a `share` the second is what the first is a part
    of. `unit` is what the gate says that its limits are in. `series_max` is how many series of a resource and
    a metric are told where a filter splits them; Azure Monitor leaves out what is beyond it. A `worldwide`
    one is about a resource that lies in no region.
    """

    namespace: str
    metric: str
    aggregation: str
    filter: str
    window: Window
    worldwide: bool = False
    series_max: int = 100
    share: bool = False
    unit: str = ""

    @property
    def metrics(self) -> list[str]:
        """The names of its metrics, in lower case."""
        return self.metric.lower().split(",")

    def __str__(self) -> str:
        where = f" where {self.filter}" if self.filter else ""
        metric = self.metric.replace(",", SHARE_OF) if self.share else self.metric
        return f"{self.namespace} {metric} {self.aggregation} {_GRAIN}{where}"


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
    unit: str = ""
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
    found = results_of(batch, query, {part.resource_id for part in parts})
    return {part: _samples(found[part.resource_id.lower()], query, part.split) for part in parts}


def results_of(batch: Batch, query: Query, resource_ids: Collection[str]) -> dict[str, Result]:
    """What is said of each resource, by its id in lower case.

    Raises Retry for an answer that is not one to this query.
    """
    asked = {each.lower() for each in resource_ids}
    found = {result.resource_id.lower(): result for result in batch.values}
    if found.keys() != asked or len(found) != len(batch.values):
        raise Retry(f"{len(asked)} resources were asked for, and the answer is about others")
    for result in found.values():
        _expect(result, query)
    return found


def values_by(dimension: str, result: Result, query: Query, metric: str) -> list[list[float]]:
    """The values of each series of a metric, split by that dimension; an empty one stands for no split.

    A series without any value is left out. Raises Retry where it is not split so.
    """
    (found,) = (each for each in result.metrics if each.name.value.lower() == metric.lower())
    told = [_value(series, dimension) if dimension else "" for series in found.series]
    if len(set(told)) != len(told):
        raise Retry(f"the answer tells {metric} twice of the same {dimension or 'resource'}")
    aggregation, window = query.aggregation.lower(), query.window
    points = ([p for p in each.data if window.since <= _utc(p.at) < window.until] for each in found.series)
    values = ([getattr(point, aggregation) for point in each] for each in points)
    return [known for each in values if (known := [value for value in each if value is not None])]


def _samples(result: Result, query: Query, split: Split | None) -> tuple[Sample, ...]:
    by_name = {metric.name.value.lower(): metric for metric in result.metrics}
    known, *others = (_minutes(by_name[name], query, split) for name in query.metrics)
    if query.share:
        return tuple(_shares(known, others[0]))
    return tuple(Sample(at=at, value=value) for at, value in sorted(known.items()))


def _shares(
    part: Mapping[datetime, float | None], whole: Mapping[datetime, float | None]
) -> Iterator[Sample]:
    """How much of the whole the part was in each minute, with the whole beside it as `requests`."""
    for at in sorted(part.keys() | whole.keys()):
        value, requests = share(part.get(at), whole.get(at))
        yield Sample(at=at, value=value, requests=requests)


def _minutes(metric: Metric, query: Query, split: Split | None) -> dict[datetime, float | None]:
    aggregation = query.aggregation.lower()
    minutes: dict[datetime, list[float]] = {}
    for series in metric.series:
        if split is not None and not split.holds(_value(series, split.dimension)):
            continue
        for point in series.data:
            if query.window.since <= _utc(point.at) < query.window.until:
                value = getattr(point, aggregation)
                minutes.setdefault(_utc(point.at), []).extend([] if value is None else [value])
    return {at: TOGETHER[aggregation](values) if values else None for at, values in minutes.items()}


def _value(series: Series, dimension: str) -> str:
    for each in series.dimensions:
        if each.name.value.lower() == dimension.lower():
            return each.value
    raise Retry(f"the answer does not say which {dimension} a number is about")


def _expect(result: Result, query: Query) -> None:
    names = [metric.name.value.lower() for metric in result.metrics]
    if sorted(names) != sorted(query.metrics):
        raise Retry(f"{query.metric} was asked for, and the answer holds {', '.join(names) or 'nothing'}")
    if result.interval.upper() != _GRAIN:
        raise Retry(f"a value a minute was asked for, and the answer has one every {result.interval}")
    allowed: dict[str, set[str]] = {}
    for name, value in _EQUALS.findall(query.filter):
        allowed.setdefault(name.lower(), set()).add(value.lower())
    for metric in result.metrics:
        if metric.error_code.lower() != "success":
            raise Retry(f"Azure Monitor has no answer on {metric.name.value}: {metric.error_code}")
        _expect_all(metric, query)
        _expect_unit(metric, query)
        for series in metric.series:
            _expect_dimensions(series, allowed)
            _expect_once(series)


def _expect_all(metric: Metric, query: Query) -> None:
    """A sum, and the worst, of some of the series look better than those of all."""
    if query.filter and len(metric.series) >= query.series_max:
        raise Retry(
            f"{metric.name.value} is told in {len(metric.series)} series, and Azure Monitor leaves out what "
            "is more: a filter that splits it less would have all of them"
        )


def _expect_unit(metric: Metric, query: Query) -> None:
    """A limit of half a second is none of half a millisecond. Of a share, the unit is that of no metric."""
    told, wanted = metric.unit.lower(), _UNITS.get(query.unit.strip())
    if wanted is not None and not query.share and told in _UNITS.values() and told != wanted:
        raise Retry(
            f"{metric.name.value} is measured in {metric.unit}, and the gate's limits are in {query.unit}"
        )


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
