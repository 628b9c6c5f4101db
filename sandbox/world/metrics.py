"""Azure Monitor's platform metrics of the estate, worked out when asked, one bucket a minute."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from sandbox.world.clusters import Clusters
from sandbox.world.estate import Estate
from sandbox.world.traffic import Traffic


class Bucket(Struct, frozen=True, kw_only=True):
    """One minute of a metric, `at` its start. All numbers are None where there is no value."""

    at: datetime
    total: float | None = None
    average: float | None = None
    minimum: float | None = None
    maximum: float | None = None
    count: float | None = None


class Series(Struct, frozen=True, kw_only=True):
    """One time series; `dimensions` are those that the filter split by (`name eq '*'`)."""

    dimensions: Mapping[str, str]
    buckets: tuple[Bucket, ...]


class MetricAnswer(Struct, frozen=True, kw_only=True):
    """A metric's answer. `unit` is Azure's (`Count`, `Percent`, `MilliSeconds`)."""

    name: str
    namespace: str
    unit: str
    series: tuple[Series, ...]


class Metrics:
    """Metrics of clusters and gateways."""

    def __init__(self, estate: Estate, clusters: Clusters, traffic: Traffic) -> None:
        self._estate = estate
        self._clusters = clusters
        self._traffic = traffic

    def query(
        self, resource_id: str, name: str, since: datetime, until: datetime, filter_text: str = ""
    ) -> MetricAnswer:
        """The buckets that start in [since floored to its minute, until), each with all aggregations.

        A bucket in which the cluster did not run, or which is newer than the ingestion delay, has no value.
        Without a `'*'` in the filter there is one series; a filter that no series meets gives no series.

        Raises:
            ArmError: 400 `BadRequest` for an unknown metric, dimension or filter, 404 `ResourceNotFound` for a
                resource that is none of the estate's.
        """
        raise NotImplementedError
