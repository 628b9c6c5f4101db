"""The shape of a pack in a fleet file: its name, and what it lets a fleet say for itself.

A pack is gates that nobody has to write. Which gates those are is in `packs`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from shared.check_rules import REQUEST_SECONDS_MAX
from shared.fleet_file.source_models import AN_ENDPOINT, Endpoint
from shared.fleet_file.values import HttpPath, Part, Share, arm_id

_Milliseconds = Annotated[float, Field(gt=0, le=60_000)]
_Percent = Annotated[float, Field(ge=0, le=100)]


class PlatformPack(Part):
    """Is the candidate healthy as a platform, at all three levels of the AKS blue-green guide?"""

    pack: Literal["platform"] = Field(description="platform")
    prometheus: Endpoint | None = Field(default=None, description=AN_ENDPOINT)


class GatewayPack(Part):
    """Are the users of a slot's application gateway well?"""

    pack: Literal["gateway"] = Field(description="gateway")
    failed_requests: Annotated[Share, Field(ge=0, lt=1)] = Field(
        default=0.01,
        description="the largest tolerated share of requests that are answered with 5xx, such as 1%",
    )
    latency_over_baseline: Annotated[float, Field(gt=0, le=1000)] = Field(
        default=1.5, description="the largest tolerated multiple of the baseline of the back ends' latency"
    )


class FrontDoorPack(Part):
    """Are the users of a Front Door (Standard or Premium) well, wherever it sends them?"""

    pack: Literal["front-door"] = Field(description="front-door")
    profile: Annotated[str, *arm_id("Microsoft.Cdn/profiles")] = Field(
        description="the ARM id of the Front Door profile"
    )
    origin_health_percent: _Percent = Field(
        default=90, description="the smallest tolerated percentage of health probes that succeed"
    )
    errors_percent: _Percent = Field(default=1, description="the largest tolerated percentage of 5xx answers")
    latency_ms: _Milliseconds = Field(
        default=1000, description="the largest tolerated mean time to the last byte in ms"
    )


class SloHttpPack(Part):
    """Does the slot's own host name answer, and in time?"""

    pack: Literal["slo-http"] = Field(description="slo-http")
    objective: Annotated[Share, Field(ge=0.5, lt=1)] = Field(
        description="the share of good readings wanted, such as 99%"
    )
    latency_ms: Annotated[float, Field(gt=0, lt=REQUEST_SECONDS_MAX * 1000)] = Field(
        default=1000, description="in how many ms each request must be answered"
    )
    path: HttpPath = Field(default="/", description="a path such as /healthz")


AnyPack = PlatformPack | GatewayPack | FrontDoorPack | SloHttpPack
Pack = Annotated[AnyPack, Field(discriminator="pack")]
PACKS: dict[str, type[AnyPack]] = {
    "platform": PlatformPack,
    "gateway": GatewayPack,
    "front-door": FrontDoorPack,
    "slo-http": SloHttpPack,
}


def or_name(schema: dict[str, Any]) -> None:
    """Tell editors that an entry may be the bare name of a pack that needs nothing said."""
    bare = [name for name, part in PACKS.items() if not any(f.is_required() for f in _own(part).values())]
    schema["items"] = {"anyOf": [{"type": "string", "enum": bare}, schema["items"]]}


def without_packs(schema: dict[str, Any]) -> None:
    """Tell editors that packs may stand for the questions that need a gate."""
    schema["anyOf"] = [{"required": schema.pop("required")}, {"required": ["packs"]}]


def _own(part: type[Part]) -> dict[str, Any]:
    return {key: field for key, field in part.model_fields.items() if key != "pack"}
