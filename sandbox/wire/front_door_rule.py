"""The canary's rule of a Front Door profile as JSON. Pure.

Decides that no more of a rule is read than the world can hold: one condition on a header or a cookie, and one
origin group. Refuses to know when it changes.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from sandbox.wire.routing import shaped
from shared.levers import Match


class _Condition(Struct, frozen=True, rename="camel"):
    """The parameters of a condition."""

    type_name: str
    operator: Literal["Equal"]
    selector: str
    match_values: tuple[str]


class _Conditional(Struct, frozen=True):
    name: Literal["RequestHeader", "Cookies"]
    parameters: _Condition


class _Group(Struct, frozen=True):
    id: str


class _Override(Struct, frozen=True, rename="camel"):
    origin_group: _Group


class _Sent(Struct, frozen=True, rename="camel"):
    """The parameters of an action."""

    type_name: Literal["DeliveryRuleRouteConfigurationOverrideActionParameters"]
    origin_group_override: _Override


class _Action(Struct, frozen=True):
    name: Literal["RouteConfigurationOverride"]
    parameters: _Sent


class _Rule(Struct, frozen=True):
    """What the stand-in reads of a rule's properties."""

    order: Annotated[int, Meta(ge=1)]
    conditions: tuple[_Conditional]
    actions: tuple[_Action]


def read(properties: object) -> tuple[Match, str]:
    """Which requests are sent to which origin group, by its id. Raises BadRequest."""
    found = shaped(properties, _Rule)
    (condition,), (action,) = found.conditions, found.actions
    (value,) = condition.parameters.match_values
    selector = condition.parameters.selector
    cookies = condition.name == "Cookies"
    match = Match(value=value, cookie=selector) if cookies else Match(value=value, header=selector)
    return match, action.parameters.origin_group_override.origin_group.id


def shown(match: Match, group_id: str) -> dict[str, Any]:
    """The properties of such a rule."""
    name = "RequestHeader" if match.header else "Cookies"
    condition = {
        "typeName": f"DeliveryRule{name}ConditionParameters",
        "operator": "Equal",
        "selector": match.header or match.cookie,
        "negateCondition": False,
        "matchValues": [match.value],
        "transforms": [],
    }
    action = {
        "typeName": "DeliveryRuleRouteConfigurationOverrideActionParameters",
        "originGroupOverride": {"originGroup": {"id": group_id}, "forwardingProtocol": "MatchRequest"},
    }
    return {
        "order": 1,
        "conditions": [{"name": name, "parameters": condition}],
        "actions": [{"name": "RouteConfigurationOverride", "parameters": action}],
        "matchProcessingBehavior": "Continue",
    }
