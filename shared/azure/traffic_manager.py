"""Traffic Manager profiles with weighted routing, through azure-mgmt-trafficmanager.

A member is named as its endpoint is in the profile's ARM id: `externalEndpoints/blue`, `azureEndpoints/blue`
or `nestedEndpoints/blue`. One GET reads a profile with its endpoints; one PATCH changes one of them and holds
at once, and users follow when the answers that they hold have expired (`Balancer.ttl_seconds`).

Decides what a profile must be for percent to mean anything: it routes by weight, has every member, and no
other endpoint is enabled. What is said of its health is `unsettled` where, and only where, users are not sent
where the weights say: nobody is answered by a disabled profile, and an endpoint that fails its health checks
is left out while another passes them. If all fail, Traffic Manager answers as if none did, so the weights
hold. An endpoint that was enabled just now is served before its first check, and is not settled until then.

There is no etag here and no place for an epoch: a write is not fenced. It starts within the lease of its
claim, and the engine looks again until a settle window has passed. So a move of all traffic is sent although
the profile cannot be read now, or routes in another way: a way back asks for no permission.

Sources: https://learn.microsoft.com/rest/api/trafficmanager/endpoints/update,
https://learn.microsoft.com/azure/traffic-manager/traffic-manager-monitoring#endpoint-and-profile-status
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from msgspec import Meta, Struct

from shared.azure.answers import Body
from shared.azure.conflicts import patient
from shared.azure.connection import Connection
from shared.azure.errors import allowing
from shared.azure.ids import parse
from shared.azure.switch import WEIGHT_MAX, Settled, Share, changes, percents
from shared.errors import Refused, Retry
from shared.fleet import Fleet
from shared.levers import Balancer, Member
from shared.probes import BalancerSeen

if TYPE_CHECKING:
    from azure.mgmt.trafficmanager.aio import TrafficManagerManagementClient

log = logging.getLogger(__name__)

TYPES = ("AzureEndpoints", "ExternalEndpoints", "NestedEndpoints")
WEIGHTED = "Weighted"
CHECKING = "CheckingEndpoint"
SERVED = frozenset({"Online", CHECKING, "Unmonitored"})
"""The states of an enabled endpoint in which users are sent to it while others are served as well."""

BUSY_SECONDS = 5.0
"""When to ask again while somebody else changes the profile: no more than a request's time, and a way back
may be waiting."""

_TOO_MANY_REQUESTS = 429

Status = Literal["Enabled", "Disabled"]


class EndpointFacts(Struct, frozen=True, rename="camel"):
    """The part of an endpoint that is read here."""

    endpoint_status: Status
    endpoint_monitor_status: str
    weight: Annotated[int, Meta(ge=1, le=WEIGHT_MAX)] | None = None


class Endpoint(Struct, frozen=True):
    """An endpoint of a profile."""

    name: str
    type: str
    properties: EndpointFacts

    @property
    def key(self) -> str:
        """What a member that means it is called, in lower case."""
        return f"{self.type.rpartition('/')[2]}/{self.name}".lower()


class ProfileFacts(Struct, frozen=True, rename="camel"):
    """The part of a profile that is read here."""

    profile_status: Status
    traffic_routing_method: str
    endpoints: tuple[Endpoint, ...]


class _Profile(Struct, frozen=True):
    properties: ProfileFacts


class TrafficManager:
    """The profiles of a fleet."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def read(self, balancer: Balancer) -> BalancerSeen:
        """The shares that its endpoints have. Raises Refused for a profile that is not as it must be."""
        with patient(BUSY_SECONDS):
            facts = await self._profile(balancer)
        found = _members(balancer, facts)
        shares = {name: _share(balancer, endpoint) for name, endpoint in found.items()}
        return BalancerSeen(percents(balancer, shares), **settled(balancer, facts, found)._asdict())

    async def write(
        self,
        _fleet: Fleet,
        balancer: Balancer,
        weights: Mapping[str, int],
        _epoch: int,
        _if_match: str | None,
    ) -> None:
        """One PATCH for each endpoint that differs: first those that get more, then those that get less.

        Raises:
            Refused: the profile does not route by weight, and these are shares; or the service says so.
            Retry: somebody else is changing the profile, or the answer to a PATCH shows something else.
        """
        with patient(BUSY_SECONDS):
            for name, share in await self._late(balancer, weights):
                await self._tell(balancer, name, share)

    async def _late(self, balancer: Balancer, weights: Mapping[str, int]) -> list[tuple[str, Share]]:
        """What is to be written. A move of all traffic writes everything where reads are throttled."""
        from azure.core.exceptions import HttpResponseError

        whole = max(weights.values(), default=0) == 100
        try:
            facts = await self._profile(balancer)
        except HttpResponseError as error:
            if error.status_code != _TOO_MANY_REQUESTS or not whole:
                raise
            log.warning("%s cannot be read now: every endpoint is written", balancer.label)
            raised = changes(balancer, weights, {})
            names = {name for name, _ in raised}
            out = (member.name for member in balancer.members if member.name not in names)
            return raised + [(name, Share(1, enabled=False)) for name in out]
        if not whole:
            _expect_weighted(balancer, facts)
        return changes(balancer, weights, _held(balancer, facts))

    async def _profile(self, balancer: Balancer) -> ProfileFacts:
        answer = Body(_Profile, f"the profile {balancer.name}")
        profile = parse(balancer.resource_id)
        call = self._client(balancer).profiles.get(
            profile.resource_group, profile.name, raw_response_hook=answer
        )
        await allowing(call)
        return answer.read().properties

    async def _tell(self, balancer: Balancer, name: str, share: Share) -> None:
        status: Status = "Enabled" if share.enabled else "Disabled"
        weight = {"weight": share.weight} if share.enabled else {}
        body: Any = {"properties": {"endpointStatus": status, **weight}}
        answer = Body(Endpoint, f"the endpoint {name} of the profile {balancer.name}")
        profile, (kind, endpoint) = parse(balancer.resource_id), _path(balancer, name)
        call = self._client(balancer).endpoints.update(
            profile.resource_group,
            profile.name,
            kind,
            endpoint,
            body,
            raw_response_hook=answer,
        )
        await allowing(call)
        after = answer.read().properties
        if after.endpoint_status != status or (share.enabled and after.weight != share.weight):
            told = f"{status} with weight {share.weight}" if share.enabled else status
            raise Retry(f"the endpoint {name} was to be {told}, and the answer says {_shown(after)}")

    def _client(self, balancer: Balancer) -> TrafficManagerManagementClient:
        from azure.mgmt.trafficmanager.aio import TrafficManagerManagementClient

        subscription_id = parse(balancer.resource_id).subscription_id
        return self._connection.arm_client(TrafficManagerManagementClient, subscription_id)


def settled(balancer: Balancer, facts: ProfileFacts, found: Mapping[str, Endpoint]) -> Settled:
    """Whether users are sent where the weights say, by what the profile says of its health."""
    if facts.profile_status != "Enabled":
        return Settled(f"the profile {balancer.name} is disabled and answers nobody")
    enabled = {name: each.properties for name, each in found.items() if _enabled(each)}
    left_out = {
        name: each.endpoint_monitor_status
        for name, each in enabled.items()
        if each.endpoint_monitor_status not in SERVED
    }
    if left_out and len(left_out) < len(enabled):
        shown = _listed(f"{name}, which is {status}" for name, status in left_out.items())
        return Settled(f"the profile {balancer.name} sends nobody to {shown}")
    checking = [name for name, each in enabled.items() if each.endpoint_monitor_status == CHECKING]
    if not checking:
        return Settled()
    return Settled(f"the profile {balancer.name} has not checked {_listed(checking)} yet")


def _members(balancer: Balancer, facts: ProfileFacts) -> dict[str, Endpoint]:
    """The endpoint of each member, by the member's name. Raises Refused where percent would not be true."""
    _expect_weighted(balancer, facts)
    present = {endpoint.key: endpoint for endpoint in facts.endpoints}
    missing = [member.name for member in balancer.members if _key(member) not in present]
    if missing:
        raise Refused(f"the profile {balancer.name} has no endpoint {', '.join(missing)}")
    ours = {_key(member) for member in balancer.members}
    strangers = [each.key for each in facts.endpoints if each.key not in ours and _enabled(each)]
    if strangers:
        because = f"the profile {balancer.name} also sends users to {', '.join(strangers)}"
        raise Refused(f"{because}, which is no slot's: disable it, or give it a profile of its own")
    return {member.name: present[_key(member)] for member in balancer.members}


def _held(balancer: Balancer, facts: ProfileFacts) -> dict[str, Share]:
    """What each member has now; one whose endpoint is not there is out."""
    present = {endpoint.key: endpoint for endpoint in facts.endpoints}
    found = ((member.name, present.get(_key(member))) for member in balancer.members)
    return {
        name: Share(endpoint.properties.weight or 0, _enabled(endpoint))
        for name, endpoint in found
        if endpoint is not None
    }


def _expect_weighted(balancer: Balancer, facts: ProfileFacts) -> None:
    if facts.traffic_routing_method != WEIGHTED:
        because = f"the profile {balancer.name} routes by {facts.traffic_routing_method}, not by weight"
        raise Refused(f"{because}: set its routing method to {WEIGHTED}")


def _share(balancer: Balancer, endpoint: Endpoint) -> Share:
    weight = endpoint.properties.weight
    if weight is None:
        raise Retry(f"the answer on the profile {balancer.name} has no weight for {endpoint.key}")
    return Share(weight, enabled=_enabled(endpoint))


def _enabled(endpoint: Endpoint) -> bool:
    return endpoint.properties.endpoint_status == "Enabled"


def _key(member: Member) -> str:
    return member.name.lower()


def _path(balancer: Balancer, name: str) -> tuple[str, str]:
    """An endpoint's type as a path spells it, and its name. Raises Refused for what is no endpoint."""
    kind, _, endpoint = name.partition("/")
    found = next((each for each in TYPES if each.lower() == kind.lower()), None)
    if found is None or not endpoint:
        because = f"{name!r} is no endpoint of the profile {balancer.name}"
        raise Refused(f"{because}: it must be one of {', '.join(TYPES)}, a slash and a name")
    return found, endpoint


def _shown(facts: EndpointFacts) -> str:
    return f"{facts.endpoint_status} with weight {facts.weight}"


def _listed(names: Iterable[str]) -> str:
    return " and ".join(names)
