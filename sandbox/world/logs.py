"""Log Analytics for the few tables that gates ask, one row a minute."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from sandbox.world.clusters import Clusters
from sandbox.world.estate import Estate
from sandbox.world.traffic import Traffic


class Table(Struct, frozen=True, kw_only=True):
    """A query's result: `columns` are (name, type) pairs, rows hold `TimeGenerated` and `value`."""

    name: str
    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[datetime, float], ...]


class Logs:
    """Logs of clusters. The table's name at the start of a query decides what is answered."""

    def __init__(self, estate: Estate, clusters: Clusters, traffic: Traffic) -> None:
        self._estate = estate
        self._clusters = clusters
        self._traffic = traffic

    def query(self, resource_id: str, kql: str, since: datetime, until: datetime) -> Table:
        """One row for every complete, ingested minute in the window in which the cluster ran.

        Raises:
            ArmError: 400 `BadArgumentError` (inner code `SEM0100`) for a table that is not there, 404
                `ResourceNotFound` for an unknown resource.
        """
        raise NotImplementedError
