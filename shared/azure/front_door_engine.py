"""A rules engine of a Front Door (classic), and the canary's rule in it: what is read and handed back. Pure.

Decides the canary's conditions and its place. Other rules go back as they came. Refuses to know when it is
written.

There is no condition on cookies: a cookie is sought in the `Cookie` header by `name=value`, so that a longer
value, or a longer name, matches too. Of the rules that match, a later one overrides what an earlier one did
to the route: the canary's comes last.

Source: https://learn.microsoft.com/azure/frontdoor/front-door-rules-engine
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from shared.azure.front_doors import CANARY, IN_PROGRESS
from shared.levers import Match

Json = dict[str, Any]

_FORWARDING = "#Microsoft.Azure.FrontDoor.Models.FrontdoorForwardingConfiguration"
_COOKIES = "Cookie"


class _Reference(Struct, frozen=True):
    id: str


class _Override(Struct, frozen=True, rename="camel"):
    backend_pool: _Reference | None = None


class _Action(Struct, frozen=True, rename="camel"):
    route_configuration_override: _Override | None = None


class _Condition(Struct, frozen=True, rename="camel"):
    rules_engine_match_variable: str
    rules_engine_operator: str
    rules_engine_match_value: list[str]
    selector: str | None = None
    negate_condition: bool | None = None


class Rule(Struct, frozen=True, rename="camel"):
    """A rule."""

    name: str
    priority: int
    action: _Action
    match_conditions: list[_Condition] | None = None

    @property
    def pool_id(self) -> str:
        """The backend pool that requests are sent to, empty where they go where they always go."""
        override = self.action.route_configuration_override
        return override.backend_pool.id if override is not None and override.backend_pool is not None else ""

    def says(self, match: Match, pool_id: str) -> bool:
        """Whether it sends just these requests to that pool. Ids compare without case."""
        operator, selector, value = _wanted(match)
        wanted = _Condition("RequestHeader", operator, [value], selector, negate_condition=False)
        return self.match_conditions == [wanted] and self.pool_id.lower() == pool_id.lower()


class _EngineProperties(Struct, frozen=True, rename="camel"):
    rules: list[Rule]
    resource_state: str | None = None


class Engine(Struct, frozen=True):
    """The part of a rules engine that is read here."""

    name: str
    properties: _EngineProperties

    @property
    def busy(self) -> bool:
        """Whether a change of it is under way."""
        return self.properties.resource_state in IN_PROGRESS

    @property
    def canary(self) -> Rule | None:
        """The canary's rule."""
        return next((rule for rule in self.properties.rules if rule.name == CANARY), None)

    @property
    def unsettled(self) -> str:
        """What of its last change is not carried out, empty where all is."""
        state = self.properties.resource_state
        return "" if state in ("Enabled", None) else f"the rules engine {self.name} is {state}"


def with_canary(raw: Json, match: Match, pool_id: str) -> Json:
    """The rules engine to hand back, whose last rule sends these requests to that pool."""
    others = _others(raw)
    operator, selector, value = _wanted(match)
    condition = {
        "rulesEngineMatchVariable": "RequestHeader",
        "selector": selector,
        "rulesEngineOperator": operator,
        "negateCondition": False,
        "rulesEngineMatchValue": [value],
        "transforms": [],
    }
    override = {
        "@odata.type": _FORWARDING,
        "forwardingProtocol": "MatchRequest",
        "backendPool": {"id": pool_id},
    }
    canary = {
        "name": CANARY,
        "priority": 1 + max((rule["priority"] for rule in others), default=0),
        "matchConditions": [condition],
        "action": {"routeConfigurationOverride": override},
        "matchProcessingBehavior": "Continue",
    }
    return {"properties": {"rules": [*others, canary]}}


def without_canary(raw: Json) -> Json:
    """The rules engine to hand back without the canary's rule."""
    return {"properties": {"rules": _others(raw)}}


def _others(raw: Json) -> list[Json]:
    return [rule for rule in raw["properties"]["rules"] if rule["name"] != CANARY]


def _wanted(match: Match) -> tuple[str, str, str]:
    """Operator, header and value."""
    if match.header:
        return "Equal", match.header, match.value
    return "Contains", _COOKIES, f"{match.cookie}={match.value}"
