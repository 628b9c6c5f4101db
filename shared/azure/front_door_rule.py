"""The rule of a profile that sends requests which match to a slot: how it is written and read. Pure.

Decides its conditions, and what a rule of its name says whoever wrote it. Refuses to know when it is written.

It overrides the route's origin group and turns caching off for these requests alone, so that no answer of the
candidate is kept for others. The order of rules is unique in a rule set: the canary's is a set of its own.

Source: https://learn.microsoft.com/azure/frontdoor/front-door-rules-engine-actions#route-configuration-override
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from shared.levers import Match

# One of order 0 has no conditions.
_ORDER = 1
_HEADER, _COOKIE = "RequestHeader", "Cookies"


class Reference(Struct, frozen=True):
    """Another resource."""

    id: str


class Override(Struct, frozen=True, rename="camel"):
    """What an action puts in the place of the route's own origin group."""

    origin_group: Reference | None = None


class Parameters(Struct, frozen=True, rename="camel"):
    """Those of a condition or an action that are read here."""

    selector: str | None = None
    operator: str | None = None
    negate_condition: bool | None = None
    match_values: list[str] | None = None
    origin_group_override: Override | None = None


class Part(Struct, frozen=True):
    """A condition or an action."""

    name: str
    parameters: Parameters


class RuleProperties(Struct, frozen=True, rename="camel"):
    """The part of a rule that is read here."""

    actions: list[Part]
    provisioning_state: str
    conditions: list[Part] | None = None
    deployment_status: str | None = None


class Rule(Struct, frozen=True):
    """A rule of a rule set."""

    properties: RuleProperties

    @property
    def group_id(self) -> str:
        """The origin group that requests are sent to, empty where they go where they always go."""
        for action in self.properties.actions:
            override = action.parameters.origin_group_override
            if override is not None and override.origin_group is not None:
                return override.origin_group.id
        return ""

    def says(self, match: Match, group_id: str) -> bool:
        """Whether it sends just these requests to that group. Ids compare without case."""
        return self._match() == match and self.group_id.lower() == group_id.lower()

    def _match(self) -> Match | None:
        """Which requests it takes; None where it is not for one header or cookie that equals one value."""
        match self.properties.conditions:
            case [Part("RequestHeader", Parameters(str(name), "Equal", None | False, [value]))]:
                return Match(value=value, header=name)
            case [Part("Cookies", Parameters(str(name), "Equal", None | False, [value]))]:
                return Match(value=value, cookie=name)
            case _:
                return None


def rule(match: Match, group_id: str) -> Any:
    """The canary's rule as ARM takes it."""
    name = _HEADER if match.header else _COOKIE
    condition = {
        "typeName": f"DeliveryRule{name}ConditionParameters",
        "selector": match.header or match.cookie,
        "operator": "Equal",
        "negateCondition": False,
        "matchValues": [match.value],
        "transforms": [],
    }
    action = {
        "typeName": "DeliveryRuleRouteConfigurationOverrideActionParameters",
        "originGroupOverride": {"originGroup": {"id": group_id}, "forwardingProtocol": "MatchRequest"},
    }
    return {
        "properties": {
            "order": _ORDER,
            "conditions": [{"name": name, "parameters": condition}],
            "actions": [{"name": "RouteConfigurationOverride", "parameters": action}],
            "matchProcessingBehavior": "Continue",
        }
    }
