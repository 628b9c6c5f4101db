"""Front Door Standard and Premium, through azure-mgmt-cdn: the origins of one group, and the canary's rule.

Decides when a change counts as deployed, and that one origin is changed at a time: first those that get more.
An origin that takes nothing is disabled, because the smallest weight is 1. A write that changes nothing is
left out: it would be deployed for as long as any other. Refuses to know how long the edges take, which the
runbook waits: `Balancer.propagation_seconds`.

Weights count among the healthy origins of the lowest priority within the latency range of the group, and
session affinity keeps users where they are. None of it is looked at.

Sources: https://learn.microsoft.com/rest/api/frontdoor/azurefrontdoorstandardpremium/afd-origins,
https://learn.microsoft.com/azure/frontdoor/routing-methods
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from msgspec import Struct, field

from shared.azure.answers import Body
from shared.azure.conflicts import patient
from shared.azure.connection import Connection
from shared.azure.errors import allowing
from shared.azure.front_door_rule import Rule, RuleProperties, rule
from shared.azure.front_doors import (
    BUSY_SECONDS,
    CANARY,
    DISABLED,
    ENABLED,
    Bodiless,
    Held,
    canary_stands,
    matched,
    own_group,
    percent,
    shares,
)
from shared.azure.ids import parse
from shared.azure.switch import Settled, Share, changes, wanted_shares
from shared.errors import Refused, Retry
from shared.fleet import Fleet
from shared.levers import Balancer, Match, SlotName
from shared.probes import BalancerSeen

if TYPE_CHECKING:
    from azure.mgmt.cdn.aio import CdnManagementClient

_PAGES_MAX = 10
_TELLS_NOTHING = ("NotStarted", None)
_EVERYTHING: Any = {"contentPaths": ["/*"]}


class _OriginProperties(Struct, frozen=True, rename="camel"):
    enabled_state: Literal["Enabled", "Disabled"]
    provisioning_state: str
    deployment_status: str | None = None
    weight: int | None = None


class Origin(Struct, frozen=True):
    """The part of an origin that is read here."""

    name: str
    properties: _OriginProperties


class _Origins(Struct, frozen=True):
    value: list[Origin]
    next_link: str | None = field(name="nextLink", default=None)


class State(NamedTuple):
    """How far the last change of an origin or a rule has come, in Azure's words."""

    name: str
    provisioning: str
    deployment: str | None

    @property
    def failed(self) -> bool:
        """Whether it is over, and the edges do not have it."""
        return "Failed" in (self.provisioning, self.deployment)

    @property
    def missing(self) -> str:
        """What of it has not reached the edges, empty where all has that Azure tells of."""
        if self.failed:
            return f"the last change of {self.name} failed to deploy"
        if self.provisioning != "Succeeded":
            return f"{self.name} is {self.provisioning}"
        done = self.deployment in ("Succeeded", *_TELLS_NOTHING)
        return "" if done else f"the last change of {self.name} is being deployed ({self.deployment})"


class FrontDoor:
    """The origin groups of profiles."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def read(self, balancer: Balancer) -> BalancerSeen:
        """The origins' shares: one GET, and one of the canary's rule where a rule set is declared."""
        with patient(BUSY_SECONDS):
            origins = await self._origins(balancer)
            found = await self._rule(balancer)
        return BalancerSeen(
            weights=percent(balancer, shares(balancer, _held(origins))),
            **settled(_states(origins, found))._asdict(),
            matched=matched(balancer, found.group_id) if found is not None else "",
        )

    async def write(
        self, fleet: Fleet, balancer: Balancer, weights: Mapping[str, int], epoch: int, if_match: str | None
    ) -> None:
        """Change the first origin that is not as it should be: one GET and one PATCH. Nothing fences it.

        Raises:
            Retry: an origin of the group is still being deployed, or Front Door takes no change now.
            NotFound: the group has no such origin.
        """
        with patient(BUSY_SECONDS):
            origins = await self._origins(balancer)
            states = _states(origins)
            _wait_for(states)
            late = changes(balancer, weights, shares(balancer, _held(origins)))
            wanted = wanted_shares(balancer, weights)
            for name, share in _in_order(late, wanted, states)[:1]:
                await self._patch(balancer, name, share)

    async def match(self, balancer: Balancer, match: Match, slot: SlotName | None) -> None:
        """Write the canary's rule, or take it away: two GETs, and a PUT or a DELETE. What is so stays so.

        Raises:
            Retry: something is still being deployed, or Front Door takes no change now.
            Refused: the balancer declares no rule set, or the slot has no origin group of its own.
        """
        group = f"{balancer.resource_id}/originGroups/{own_group(balancer, slot)}" if slot is not None else ""
        with patient(BUSY_SECONDS):
            found = await self._rule(balancer)
            if canary_stands(found, match, group) and not any(each.failed for each in _states([], found)):
                return
            _wait_for(_states(await self._origins(balancer), found))
            if slot is None:
                await self._unmatch(balancer)
            else:
                await self._put(balancer, match, group)

    async def purge(self, balancer: Balancer) -> None:
        """Have the endpoint forget everything: one POST, whose work is not waited for."""
        if not balancer.endpoint:
            return
        profile = parse(balancer.resource_id)
        call = self._client(balancer).afd_endpoints.begin_purge_content(
            profile.resource_group,
            profile.name,
            balancer.endpoint,
            _EVERYTHING,
            polling=False,
            raw_response_hook=Bodiless(f"the purge of {balancer.name}"),
        )
        with patient(BUSY_SECONDS):
            await allowing(call)

    async def _origins(self, balancer: Balancer) -> list[Origin]:
        profile = parse(balancer.resource_id)
        body = Body(_Origins, f"the origins of {balancer.label}")
        origins = self._client(balancer).afd_origins
        listed = origins.list_by_origin_group(
            profile.resource_group, profile.name, balancer.group, raw_response_hook=body
        )
        pages = listed.by_page()
        found: list[Origin] = []
        for _ in range(_PAGES_MAX):
            await allowing(anext(pages))
            page = body.read()
            found += page.value
            if not page.next_link:
                return found
        raise Refused(f"{balancer.label} has more than {_PAGES_MAX} pages of origins")

    async def _patch(self, balancer: Balancer, name: str, share: Share) -> None:
        profile = parse(balancer.resource_id)
        body = Body(Origin, f"the origin {name} of {balancer.label}")
        taking = {"weight": share.weight, "enabledState": ENABLED}
        wanted: Any = taking if share.enabled else {"enabledState": DISABLED}
        call = self._client(balancer).afd_origins.begin_update(
            profile.resource_group,
            profile.name,
            balancer.group,
            name,
            {"properties": wanted},
            polling=False,
            raw_response_hook=body,
        )
        await allowing(call)
        if body.value is not None and not _shows(body.value, share):
            what = f"the origin {name} of {balancer.label}"
            raise Retry(f"{what} was written, and the answer shows another state")

    async def _rule(self, balancer: Balancer) -> Rule | None:
        """The canary's rule, None where there is none or no rule set is declared."""
        if not balancer.rules:
            return None
        profile = parse(balancer.resource_id)
        body = _rule_body(balancer)
        call = self._client(balancer).rules.get(
            profile.resource_group, profile.name, balancer.rules, CANARY, raw_response_hook=body
        )
        return None if await allowing(call, 404) is None else body.read()

    async def _put(self, balancer: Balancer, match: Match, group_id: str) -> None:
        profile = parse(balancer.resource_id)
        body = _rule_body(balancer)
        call = self._client(balancer).rules.begin_create(
            profile.resource_group,
            profile.name,
            balancer.rules,
            CANARY,
            rule(match, group_id),
            polling=False,
            raw_response_hook=body,
        )
        await allowing(call)
        if body.value is not None and not body.value.says(match, group_id):
            raise Retry(f"the rule {CANARY} of {balancer.name} was written, and the answer shows another one")

    async def _unmatch(self, balancer: Balancer) -> None:
        profile = parse(balancer.resource_id)
        call = self._client(balancer).rules.begin_delete(
            profile.resource_group,
            profile.name,
            balancer.rules,
            CANARY,
            polling=False,
            raw_response_hook=Bodiless(f"the deletion of the rule {CANARY} of {balancer.name}"),
        )
        await allowing(call, 404)

    def _client(self, balancer: Balancer) -> CdnManagementClient:
        from azure.mgmt.cdn.aio import CdnManagementClient

        subscription_id = parse(balancer.resource_id).subscription_id
        return self._connection.arm_client(CdnManagementClient, subscription_id)


def settled(states: list[State]) -> Settled:
    """What of the last changes has not reached the edges.

    `NotStarted` is said before the edges begin, and is known to stay when they have followed long ago. So it
    tells nothing once the resource is provisioned: the time by the book stands in for it.
    """
    return Settled(
        "; ".join(state.missing for state in states if state.missing),
        failed=any(state.failed for state in states) and not _busy(states),
        untold=any(state.deployment in _TELLS_NOTHING for state in states),
    )


def _busy(states: list[State]) -> list[str]:
    # Another change is the way out of what has failed.
    return [state.missing for state in states if state.missing and not state.failed]


def _wait_for(states: list[State]) -> None:
    if busy := _busy(states):
        raise Retry(f"{'; '.join(busy)}, and Front Door deploys one change at a time", BUSY_SECONDS)


def _in_order(
    late: list[tuple[str, Share]], wanted: Mapping[str, Share], states: list[State]
) -> list[tuple[str, Share]]:
    """What to write, one after the other. An origin whose last change failed says what no edge may have."""
    failed = {state.name.lower() for state in states if state.failed}
    again = [each for each in wanted.items() if each[0].lower() in failed]
    # Who is to take requests comes before all else: nobody may be taken out on the word of a failed change.
    first = [each for each in again if each[1].enabled]
    return [*first, *late, *again]


def _states(origins: list[Origin], found: Rule | None = None) -> list[State]:
    named: list[tuple[str, _OriginProperties | RuleProperties]] = [(o.name, o.properties) for o in origins]
    if found is not None:
        named.append((CANARY, found.properties))
    return [State(name, its.provisioning_state, its.deployment_status) for name, its in named]


def _held(origins: list[Origin]) -> list[Held]:
    said = ((each.name, each.properties) for each in origins)
    return [Held(name, its.enabled_state == ENABLED, its.weight) for name, its in said]


def _shows(origin: Origin, share: Share) -> bool:
    (held,) = _held([origin])
    return held.enabled == share.enabled and (not share.enabled or held.weight == share.weight)


def _rule_body(balancer: Balancer) -> Body[Rule]:
    return Body(Rule, f"the rule {CANARY} of {balancer.name}")
