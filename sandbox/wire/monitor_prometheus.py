"""Managed Prometheus' range queries, as the HTTP API of Prometheus has them.

Decides the form of a request, the step and the wire form of series and objections. Refuses to run PromQL: the
series are `sandbox.world.prometheus`'.

Source: https://prometheus.io/docs/prometheus/latest/querying/api/#range-queries
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sandbox.wire.errors import BadRequest
from sandbox.wire.routing import Call, Operation, Reply, Service, shaped
from sandbox.wire.windows import instant
from sandbox.world.errors import ArmError
from sandbox.world.model import World
from sandbox.world.prometheus import BAD_DATA, Series
from sandbox.world.settings import Family

POINTS_MAX = 11_000


def operations(world: World) -> list[Operation]:
    """The one operation."""

    def query(call: Call) -> Reply:
        try:
            return Reply(200, _shown(_asked(world, call)))
        except BadRequest as error:
            return _objection(str(error))
        except ArmError as error:
            if error.code != BAD_DATA:
                raise
            return _objection(str(error))

    return [
        Operation(
            method="POST",
            template="/api/v1/query_range",
            handler=query,
            service=Service.PROMETHEUS,
            families=(Family.METRICS,),
        )
    ]


def _asked(world: World, call: Call) -> tuple[Series, ...]:
    form = shaped(call.body, dict[str, str])
    missing = [name for name in ("query", "start", "end", "step") if not form.get(name)]
    if missing:
        raise BadRequest(BAD_DATA, f"invalid parameter {missing[0]!r}: it is missing")
    since, until = instant(form["start"]), instant(form["end"])
    if until < since:
        raise BadRequest(BAD_DATA, "invalid parameter 'end': end timestamp must not be before start time")
    try:
        step = timedelta(seconds=float(form["step"]))
    except ValueError:
        raise BadRequest(BAD_DATA, f"invalid parameter 'step': cannot parse {form['step']!r}") from None
    if step <= timedelta(0) or (until - since) / step > POINTS_MAX:
        raise BadRequest(BAD_DATA, f"exceeded maximum resolution of {POINTS_MAX} points per timeseries")
    return world.prometheus.query(form["query"], since, until, step)


def _shown(found: tuple[Series, ...]) -> dict[str, Any]:
    result = [
        {"metric": each.labels, "values": [[at.timestamp(), _text(value)] for at, value in each.points]}
        for each in found
    ]
    return {"status": "success", "data": {"resultType": "matrix", "result": result}}


def _text(value: float) -> str:
    return "NaN" if value != value else f"{value:g}"


def _objection(message: str) -> Reply:
    return Reply(400, {"status": "error", "errorType": BAD_DATA, "error": message})
