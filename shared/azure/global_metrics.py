"""Metrics of resources that lie in no region, which the batch cannot ask for: through Azure Resource Manager.

Front Door, of either kind, and Traffic Manager. Decides nothing about a number: what an answer must hold is
`metric_answers`'. Refuses to know slots: a filter that names one has its name in it already.

Source: https://learn.microsoft.com/rest/api/monitor/metrics/list
"""

from __future__ import annotations

from datetime import UTC, datetime

from shared.azure import arm
from shared.azure.connection import Connection
from shared.azure.metric_answers import Alone, Part, Query, samples_of
from shared.model import Sample

_API_VERSION = "2024-02-01"


class GlobalMetrics:
    """The metrics of one resource at a time."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def ask(self, query: Query, part: Part) -> dict[Part, tuple[Sample, ...]]:
        """The samples of one resource: one request. Raises like `arm.get`."""
        where = {"$filter": query.filter, "top": str(query.series_max)} if query.filter else {}
        answer = await arm.get(
            self._connection,
            f"{part.resource_id}/providers/Microsoft.Insights/metrics",
            Alone,
            str(query),
            **{"api-version": _API_VERSION},
            timespan="/".join(map(_wire, query.window)),
            interval="PT1M",
            metricnames=query.metric,
            metricnamespace=query.namespace,
            aggregation=query.aggregation,
            **where,
        )
        return samples_of(answer.of(part.resource_id), query, [part])


def _wire(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
