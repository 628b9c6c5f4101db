"""The shape of a switch in a fleet file: its ramp, the ring before it, and the proofs around it.

Decides keys and values one by one. Whether the fleet's levers can do what a plan asks is in `shift_checks`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from shared.fleet_file.lever_values import (
    CookieName,
    HeaderName,
    MatchValue,
    MetricWord,
    Resolver,
    Weight,
)
from shared.fleet_file.values import DAY_SECONDS, FleetName, GateName, HttpPath, Part, Seconds, Share

FULL = "full"
Hold = Annotated[Seconds, Field(ge=60, le=DAY_SECONDS)]
GateNames = Annotated[list[GateName], Field(min_length=1, max_length=50)]
_JUDGED_BY = "a list of names of gates in gates.switch; without it all of them judge"


class _FullOr:
    """The word `full` in place of a plan; pydantic's own unions would tell mistakes of both kinds at once."""

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        planned = handler(core_schema)
        return {"anyOf": [{"type": "string", "const": FULL}, *planned.get("anyOf", [planned])]}


def _planned(value: Any) -> Any:
    return None if value == FULL else value


class MatchPart(Part):
    """The canary before any weight: requests with a certain header or cookie go to the candidate."""

    header: HeaderName | None = Field(default=None, description="the header's name, or give a cookie's")
    cookie: CookieName | None = Field(default=None, description="the cookie's name, or give a header's")
    value: MatchValue = Field(description="what it must equal, such as always")
    hold: Hold = Field(description="for how long these requests must be well, such as 5m")
    gates: GateNames | None = Field(default=None, description=_JUDGED_BY)


class StepPart(Part):
    """A part of the ramp."""

    weight: Weight = Field(description="the candidate's share in percent, 1 to 99")
    hold: Hold = Field(description="for how long users must be well at this weight, such as 10m")
    gates: GateNames | None = Field(default=None, description=_JUDGED_BY)


class ShiftPart(Part):
    """The way to 100 %, which is always the last step."""

    match: MatchPart | None = Field(
        default=None,
        description="a mapping with header or cookie, value and hold: the canary before any weight",
    )
    steps: Annotated[list[StepPart], Field(min_length=1, max_length=20)] | None = Field(
        default=None, description="a list of weights that rise, each with a hold"
    )


Plan = Annotated[ShiftPart | None, BeforeValidator(_planned), _FullOr()]


class NamesPart(Part):
    """Who is asked for the live records' names, beside the metrics."""

    ask: bool = Field(
        default=True, description="whether the zone's own name servers and the resolvers are asked"
    )
    resolvers: list[Resolver] = Field(
        default=[], max_length=8, description="a list of resolvers that users ask, such as [10.0.0.4]"
    )
    owners: bool = Field(default=True, description="whether a record that external-dns owns is refused")
    writers: bool = Field(
        default=True, description="whether the activity log is asked who moved a lever that others moved"
    )


class RingPart(Part):
    """The ring before this one: a fleet of other users, who get a version first."""

    after: FleetName = Field(description="the name of the fleet that gets a version first")
    hold: Annotated[Seconds, Field(ge=60, le=30 * DAY_SECONDS)] = Field(
        description="for how long that fleet must be well on the version, such as 24h"
    )
    gates: GateNames | None = Field(
        default=None, description="a list of names of gates in gates.bake that judge it there"
    )


class DrainPart(Part):
    """When a slot that users have left counts as drained, beside its request rate."""

    connections_metric: MetricWord | None = Field(
        default=None, description="the gateway's metric of open connections, such as CurrentConnections"
    )
    connections_max: Annotated[float, Field(ge=0, le=1_000_000)] | None = Field(
        default=None, description="up to how many open connections the old slot counts as drained"
    )
    then: Literal["hold", "retire"] = Field(
        default="hold", description="hold or retire, when it still serves somebody at the deadline"
    )


class ReadinessPart(Part):
    """The proof that the safe slot could take all traffic back."""

    every: Annotated[Seconds, Field(ge=0, le=3600)] = Field(
        default=180, description="how often it is renewed, such as 3m; 0 switches it off"
    )
    path: HttpPath = Field(default="/", description="the path to ask on the slot's own host name")
    certificate: Annotated[Seconds, Field(ge=0, le=365 * DAY_SECONDS)] = Field(
        default=DAY_SECONDS, description="how long the certificate must still last, such as 1d"
    )
    capacity: Share = Field(
        default=0.5, description="the least share of the other slot's nodes that it must have, such as 50%"
    )
    load: Share = Field(
        default=0.0,
        description="up to which share of what its nodes can allocate it may be used with all users back, "
        "such as 80%; 0 counts only the nodes",
    )
