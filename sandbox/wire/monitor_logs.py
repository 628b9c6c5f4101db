"""Log Analytics' query of a resource's logs, v1.

Decides the window, the truncation of a large result and the wire form of tables and errors. Refuses to run
KQL: the rows are `sandbox.world.logs`'.

Sources: https://learn.microsoft.com/azure/azure-monitor/logs/api/azure-resource-queries,
https://learn.microsoft.com/azure/azure-monitor/logs/api/errors
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from sandbox.wire.errors import BadRequest, error_body
from sandbox.wire.routing import Call, Operation, Reply, Service, shaped
from sandbox.wire.windows import span, wire_instant
from sandbox.world.errors import ArmError
from sandbox.world.logs import Table
from sandbox.world.model import World
from sandbox.world.settings import Family

DEFAULT_SPAN = timedelta(days=1)
ROWS_MAX = 500_000
_ROWS_MAX_ASKED = re.compile(r"\bset\s+truncationmaxrecords\s*=\s*(\d+)", re.IGNORECASE)


def operations(world: World) -> list[Operation]:
    """The one operation."""
    return [
        Operation(
            method="POST",
            template="/v1{resource*}/query",
            handler=LogsQuery(world).query,
            service=Service.LOGS,
            families=(Family.LOGS,),
        )
    ]


class LogsQuery:
    """The query, over a world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def query(self, call: Call) -> Reply:
        """One table; with an error beside it where not all rows fit."""
        payload = call.payload()
        kql = shaped(payload.get("query"), str)
        if not kql.strip():
            raise BadRequest("BadArgumentError", "The request had some invalid properties: query is empty.")
        since, until = span(shaped(payload.get("timespan") or "", str), self._world.now(), DEFAULT_SPAN)
        try:
            table = self._world.logs.query(call.parameters["resource"], kql, since, until)
        except ArmError as error:
            if not error.code.startswith("SEM"):
                raise
            return Reply(400, _semantic_error(error))
        asked = _ROWS_MAX_ASKED.search(kql)
        return Reply(200, _shown(table, min(int(asked[1]), ROWS_MAX) if asked else ROWS_MAX))


def _shown(table: Table, rows_max: int) -> dict[str, Any]:
    width = len(table.columns)
    rows = [[wire_instant(row.at), row.value, row.requests][:width] for row in table.rows[:rows_max]]
    columns = [{"name": name, "type": kind} for name, kind in table.columns]
    body: dict[str, Any] = {"tables": [{"name": table.name, "columns": columns, "rows": rows}]}
    if len(table.rows) > rows_max:
        message = f"The results of this query exceed the set limit of {rows_max} records."
        body["error"] = {
            "code": "PartialError",
            "message": "There were some errors when processing your query.",
            "details": [{"code": "E_QUERY_RESULT_SET_TOO_LARGE", "message": message}],
        }
    return body


def _semantic_error(error: ArmError) -> dict[str, Any]:
    body = error_body("BadArgumentError", "The request had some invalid properties")
    body["error"]["innererror"] = {
        "code": "SemanticError",
        "message": "A semantic error occurred.",
        "innererror": {"code": error.code, "message": str(error)},
    }
    return body
