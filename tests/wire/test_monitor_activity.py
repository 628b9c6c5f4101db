"""The activity log over ARM."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from sandbox.world import Faults, OtherWriter
from sandbox.world.balancers import MemberState
from sandbox.world.estate import CONTROLLER, STRANGER
from shared.levers import Balancer, Match, Member, SwitchKind
from tests.fleets import BLUE, FLEET, GREEN, SUBSCRIPTION
from tests.wire.rig import NETWORK, Credential, Rig
from tests.world.manual_clock import START

type Start = Callable[..., Awaitable[Rig]]
LIVE = FLEET.live_records[0]
LOG = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Insights/eventtypes/management/values"
SINCE = START.isoformat().replace("+00:00", "Z")
PROFILE = f"{NETWORK}/trafficManagerProfiles/contoso"
BALANCER = Balancer(
    kind=SwitchKind.TRAFFIC_MANAGER,
    resource_id=PROFILE,
    members=(Member(slot=BLUE, name="blue"), Member(slot=GREEN, name="green")),
)


def about(resource_id: str, until: str = "2027-01-01T00:00:00Z") -> str:
    """The filter for a resource."""
    return f"eventTimestamp ge '{SINCE}' and eventTimestamp le '{until}' and resourceUri eq '{resource_id}'"


async def query(rig: Rig, filter_: str, **options: str) -> tuple[int, Any]:
    """Status and body of a query."""
    token = (await Credential(rig.wire).get_token("https://management.azure.com/.default")).token
    asked = {"api-version": "2015-04-01", "$filter": filter_, **options}
    status, body, _ = await rig.request("GET", LOG, asked, token)
    return status, body


async def callers(rig: Rig, resource_id: str) -> list[tuple[str, str]]:
    """Who did what to a resource, newest first."""
    status, body = await query(rig, about(resource_id))
    assert status == 200
    return [(each["caller"], each["operationName"]["value"]) for each in body["value"]]


async def test_every_change_has_an_entry_and_its_caller(start: Start) -> None:
    rig = await start(faults=Faults(other_writer=OtherWriter(at_seconds=60, address="198.51.100.9")))
    rig.clock.pass_seconds(120)
    zones = rig.world.zones
    zones.put(LIVE.zone_id, LIVE.name, LIVE.type, ttl_seconds=30, targets=("203.0.113.20",), by=CONTROLLER)
    zones.delete(LIVE.zone_id, LIVE.name, LIVE.type)
    kind = "Microsoft.Network/dnszones/A"
    assert await callers(rig, LIVE.resource_id) == [
        (STRANGER, f"{kind}/delete"),
        (CONTROLLER, f"{kind}/write"),
        (STRANGER, f"{kind}/write"),
    ]
    assert await callers(rig, LIVE.zone_id) == []


async def test_a_balancers_changes_are_in_it_too(start: Start) -> None:
    rig = await start(msgspec.structs.replace(FLEET, balancers=(BALANCER,)))
    rig.world.balancers.write(BALANCER, {"green": MemberState(10, enabled=True)})
    rig.world.balancers.write(BALANCER, {"green": MemberState(20, enabled=True)}, by=STRANGER)
    rig.world.balancers.match(BALANCER, Match(header="x-canary", value="1"), GREEN)
    written = "Microsoft.Network/trafficManagerProfiles/write"
    assert await callers(rig, PROFILE) == [(CONTROLLER, written), (STRANGER, written), (CONTROLLER, written)]


async def test_only_what_is_selected_and_in_the_span_is_shown(rig: Rig) -> None:
    rig.world.zones.delete(LIVE.zone_id, LIVE.name, LIVE.type)
    _, body = await query(rig, about(LIVE.resource_id), **{"$select": "caller,eventTimestamp"})
    assert body["value"] == [{"caller": STRANGER, "eventTimestamp": SINCE}]
    _, body = await query(rig, about(LIVE.resource_id, until="2026-11-21T08:59:59Z"))
    assert body["value"] == []


@pytest.mark.parametrize(
    "filter_",
    [
        "",
        "eventTimestamp ge '2026-11-21'",
        about(LIVE.resource_id).replace("ge", "gt"),
        about("x", until="soon"),
    ],
)
async def test_a_filter_of_another_form_is_refused(rig: Rig, filter_: str) -> None:
    assert (await query(rig, filter_))[0] == 400
