"""A rules engine of a Front Door (classic) as JSON: the canary's rule as the world holds it, others as put.

Decides which of the rules is the canary's and that it can be read. Refuses to know when it changes.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from sandbox.wire.errors import BadRequest
from sandbox.wire.routing import shaped
from sandbox.world.balancers import CANARY, Balancers
from shared.levers import Balancer, Match, SlotName

Json = dict[str, Any]

FORWARDING = "#Microsoft.Azure.FrontDoor.Models.FrontdoorForwardingConfiguration"


class _Condition(Struct, frozen=True, rename="camel"):
    rules_engine_match_variable: Literal["RequestHeader"]
    rules_engine_operator: Literal["Equal", "Contains"]
    rules_engine_match_value: tuple[str]
    selector: str


class _Pool(Struct, frozen=True):
    id: str


class _Override(Struct, frozen=True):
    kind: Literal["#Microsoft.Azure.FrontDoor.Models.FrontdoorForwardingConfiguration"] = field(
        name="@odata.type"
    )
    pool: _Pool = field(name="backendPool")


class _Action(Struct, frozen=True, rename="camel"):
    route_configuration_override: _Override


class _Canary(Struct, frozen=True, rename="camel"):
    match_conditions: tuple[_Condition]
    action: _Action


class _Named(Struct, frozen=True):
    name: str
    priority: Annotated[int, Meta(ge=0)]


def put(payload: Json, balancer: Balancer) -> tuple[list[Json], tuple[Match, SlotName] | None]:
    """The other rules as they were put, and whom the canary's sends where. Raises BadRequest."""
    rules = shaped(shaped(payload.get("properties"), dict[str, Any]).get("rules"), list[dict[str, Any]])
    named = [shaped(rule, _Named) for rule in rules]
    if len({rule.priority for rule in named}) < len(named):
        raise BadRequest("BadRequest", "Two rules of a rules engine have the same priority.")
    others = [rule for rule in rules if rule["name"] != CANARY]
    own = next((rule for rule in rules if rule["name"] == CANARY), None)
    return others, None if own is None else _read(shaped(own, _Canary), balancer)


def shown(path: str, others: list[Json], balancer: Balancer, balancers: Balancers) -> Json:
    """The rules engine with that id."""
    newest = balancers.newest(balancer)
    rules = list(others)
    if newest.match is not None and newest.matched is not None:
        pool = f"{balancer.resource_id}/backendPools/{balancer.member(newest.matched).group}"
        priority = 1 + max((rule["priority"] for rule in others), default=0)
        rules.append(_rule(newest.match, pool, priority))
    state = "Enabling" if CANARY in balancers.deploying(balancer) else "Enabled"
    return {
        "id": path,
        "name": balancer.rules,
        "type": "Microsoft.Network/frontdoors/rulesengines",
        "properties": {"rules": rules, "resourceState": state},
    }


def _read(canary: _Canary, balancer: Balancer) -> tuple[Match, SlotName]:
    (condition,) = canary.match_conditions
    (value,) = condition.rules_engine_match_value
    pool = canary.action.route_configuration_override.pool.id.rpartition("/")[2].lower()
    slot = next((member.slot for member in balancer.members if member.group.lower() == pool), None)
    if slot is None:
        raise BadRequest("BadRequest", f"The backend pool '{pool}' holds no slot alone.")
    if condition.rules_engine_operator == "Equal":
        return Match(value=value, header=condition.selector), slot
    cookie, _, value = value.partition("=")
    return Match(value=value, cookie=cookie), slot


def _rule(match: Match, pool_id: str, priority: int) -> Json:
    condition = {
        "rulesEngineMatchVariable": "RequestHeader",
        "selector": match.header or "Cookie",
        "rulesEngineOperator": "Equal" if match.header else "Contains",
        "negateCondition": False,
        "rulesEngineMatchValue": [match.value if match.header else f"{match.cookie}={match.value}"],
        "transforms": [],
    }
    override = {
        "@odata.type": FORWARDING,
        "forwardingProtocol": "MatchRequest",
        "backendPool": {"id": pool_id},
    }
    return {
        "name": CANARY,
        "priority": priority,
        "matchConditions": [condition],
        "action": {"routeConfigurationOverride": override},
        "matchProcessingBehavior": "Continue",
    }
