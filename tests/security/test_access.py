"""Who may do what, cell by cell, as a person with exactly one role meets it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest
import yaml

from shared.api.access import ACTION_GROUPS, EVENT_GRID, OPEN, ROUTES, TABLE, Role
from shared.api.http import Request, Response
from shared.api.identity import Caller, Nobody, Principal
from shared.fleet import Channel
from shared.model import SignalKind
from shared.policy import Approvals
from tests.api.conftest import EXAMPLE, OLIVIA, RINGS, Client, content
from tests.engine.rig import VERSION
from tests.fleets import FLEET
from tests.security import principals

R, O, A = Role.READER, Role.OPERATOR, Role.APPROVER  # noqa: E741 - a letter for a cell
CURRENT = {"fleet": "contoso", "rollout": "current"}

# The handler, what is asked, and who may: one letter for each role that opens it alone.
CELLS: dict[str, tuple[str, dict[str, str], Any, str]] = {
    "description": ("document", {}, None, "ROA"),
    "fleets": ("list_fleets", {}, None, "ROA"),
    "fleet": ("get_fleet", {"fleet": "contoso"}, None, "ROA"),
    "rings": ("get_rings", {"rings": "contoso"}, None, "ROA"),
    "apply rings": ("put_rings", {"rings": "contoso"}, RINGS.read_bytes(), "O"),
    "audit of a fleet": ("get_audit", {"fleet": "contoso"}, None, "ROA"),
    "rollouts": ("list_rollouts", {"fleet": "contoso"}, None, "ROA"),
    "rollout": ("get_rollout", CURRENT, None, "ROA"),
    "audit of a rollout": ("get_audit", CURRENT, None, "ROA"),
    "scorecard of a fleet": ("get_scorecard", {"fleet": "contoso"}, None, "ROA"),
    "scorecard of a rollout": ("get_scorecard", CURRENT, None, "ROA"),
    "evidence": ("get_evidence", CURRENT, None, "ROA"),
    "past metrics": ("read_past", {"fleet": "contoso"}, {}, "O"),
    "apply": ("put_fleet", {"fleet": "contoso-public"}, EXAMPLE.read_bytes(), "O"),
    "start": ("start_rollout", {"fleet": "contoso"}, {"version": VERSION}, "O"),
    "start and lift": ("start_rollout", {"fleet": "contoso"}, {"version": VERSION, "lift_hold": True}, ""),
    "promote a gate": ("command", {**CURRENT, "command": "promote"}, {}, "O"),
    "pause": ("command", {**CURRENT, "command": "pause"}, {}, "O"),
    "resume": ("command", {**CURRENT, "command": "resume"}, {}, "O"),
    "retry": ("command", {**CURRENT, "command": "retry"}, {}, "O"),
    "rollback": ("command", {**CURRENT, "command": "rollback"}, {}, "OA"),
    "a command that there is not": ("command", {**CURRENT, "command": "destroy"}, {}, "ROA"),
}
WEBHOOKS = {"health", "take_events", "take_alert"}
EVERYBODYS = {"page"}
SIGNED = {"take_signed_events", "take_signed_alert"}


def one(*roles: Role) -> Principal:
    """Somebody with these roles and no other."""
    return Principal(name="somebody@contoso.com", roles=frozenset(roles))


def handlers(client: Client) -> dict[str, Callable[[Request], Awaitable[Response]]]:
    """Every handler of the API by its name."""
    names = [name for name in dir(client.api) if not name.startswith("_")]
    return {name: getattr(client.api, name) for name in names}


@pytest.mark.parametrize("role", [R, O, A])
@pytest.mark.parametrize("cell", CELLS)
async def test_each_role_opens_what_it_should_and_nothing_else(client: Client, cell: str, role: Role) -> None:
    await client.rig.publish_version()
    name, path, body, who = CELLS[cell]
    before = msgspec.json.encode(await client.rig.state())
    got = await client.call(handlers(client)[name], body, path=path, caller=one(role))
    if role.value[0] in who:
        assert got.status not in (401, 403)
    else:
        assert got.status == 403
        assert "somebody@contoso.com may not" in content(got)["detail"]
        assert msgspec.json.encode(await client.rig.state()) == before, "it was refused and done"


@pytest.mark.parametrize("caller", [Nobody("sign in"), one()], ids=["nobody", "no role"])
async def test_no_handler_for_people_answers_whom_the_platform_has_not_verified(
    client: Client, caller: Caller
) -> None:
    await client.rig.publish_version()
    path = {**CURRENT, "command": "rollback"}
    found = handlers(client)
    guarded = {name for name, *_ in CELLS.values()} | SIGNED
    assert found.keys() == guarded | WEBHOOKS | EVERYBODYS, "an untested handler"
    statuses = {
        name: (await client.call(found[name], {}, path=path, caller=caller)).status for name in guarded
    }
    assert set(statuses.values()) == {401 if isinstance(caller, Nobody) else 403}, statuses


async def test_a_refusal_without_a_sign_in_asks_for_one_as_http_does(client: Client) -> None:
    refused = await client.call(client.api.list_fleets, caller=Nobody("sign in"))
    assert (refused.status, refused.content_type) == (401, "application/problem+json")
    assert refused.headers["WWW-Authenticate"] == "Bearer"
    assert content(refused)["detail"] == "sign in"


async def test_a_request_that_says_nothing_of_its_caller_is_nobodys(client: Client) -> None:
    with pytest.raises(Exception, match="SWITCHYARD_TRUST_EASY_AUTH"):
        await client.api.list_fleets(Request(method="GET"))


async def test_the_missing_role_is_named(client: Client) -> None:
    refused = await client.call(
        client.api.start_rollout, {"version": VERSION}, fleet="contoso", caller=one(R)
    )
    assert content(refused)["detail"].endswith("that takes the role Operator")


async def test_whoever_may_not_look_does_not_learn_what_there_is(client: Client) -> None:
    answers = [
        await client.call(client.api.get_fleet, fleet=fleet, caller=one()) for fleet in ("contoso", "none")
    ]
    assert answers[0] == answers[1]


async def approving(client: Client) -> Client:
    """The fleet asks before the switch, and its rollout has come to that question."""
    fleet = msgspec.structs.replace(FLEET, approvals=Approvals(switch=True))
    await client.rig.store.apply(fleet, if_match=None, now=client.rig.clock.now())
    await client.rig.publish_version()
    await client.rig.until("approve_switch")
    return client


PROMOTE = {**CURRENT, "command": "promote"}


async def test_an_operator_cannot_say_yes_to_what_asks_for_an_approver(client: Client) -> None:
    await approving(client)
    refused = await client.call(client.api.command, {}, path=PROMOTE, caller=one(O))
    assert refused.status == 403
    assert content(refused)["detail"].endswith("that takes the role Approver")
    assert not (await client.rig.rollout()).promoted


async def test_an_approver_says_yes_and_is_named_for_it(client: Client) -> None:
    await approving(client)
    done = await client.call(client.api.command, {"by": "mallory@contoso.com"}, path=PROMOTE, caller=one(A))
    assert done.status == 200
    who = [entry.who for entry in await client.rig.store.audit("contoso")]
    assert "somebody@contoso.com" in who
    assert "mallory@contoso.com" not in who


async def test_an_approver_says_no_by_rolling_back(client: Client) -> None:
    await approving(client)
    path = {**CURRENT, "command": "rollback"}
    assert (await client.call(client.api.command, {}, path=path, caller=one(A))).status == 200
    assert (await client.rig.rollout()).rollback_because is not None


async def test_an_approver_alone_cannot_wave_a_gate_through(client: Client) -> None:
    await client.rig.publish_version()
    assert (await client.call(client.api.command, {}, path=PROMOTE, caller=one(A))).status == 403


async def test_a_promotion_for_a_gate_is_no_yes_to_the_question_that_comes_after_it(client: Client) -> None:
    await approving(client)
    rig = client.rig
    ticked = await rig.send(SignalKind.PROMOTE, by="operator@contoso.com", step="parity")
    assert not (await rig.rollout()).promoted
    said = ticked.disposition("signal-2")
    assert said is not None
    assert said.because == "parity was promoted, and the rollout has come to approve_switch since"


async def test_lifting_a_held_version_takes_an_approver_who_is_also_an_operator(client: Client) -> None:
    body = {"version": VERSION, "lift_hold": True}
    for roles, status in (((O,), 403), ((A,), 403), ((O, A), 202)):
        got = await client.call(client.api.start_rollout, body, fleet="contoso", caller=one(*roles))
        assert got.status == status, roles


async def test_an_operator_cannot_take_the_approval_out_of_the_file(client: Client) -> None:
    document = yaml.safe_load(EXAMPLE.read_text("utf-8"))
    path = {"fleet": "contoso-public"}

    async def apply(*roles: Role, **approvals: bool) -> int:
        body = yaml.safe_dump({**document, "approvals": approvals}).encode()
        return (await client.call(client.api.put_fleet, body, path=path, caller=one(*roles))).status

    assert await apply(O, start=True, switch=True) == 201
    assert await apply(O, start=True, switch=True, destroy=True) == 200
    assert await apply(O, start=True) == 403
    assert await apply(O, A, start=True) == 200
    assert await apply(O, start=True) == 200


def sender(application: str, *roles: str) -> Principal:
    """An application of Azure's."""
    return Principal(name=f"application {application}", roles=frozenset(roles), application=application)


@pytest.mark.parametrize(
    ("caller", "events", "alerts"),
    [
        (sender(principals.EVENT_GRID, EVENT_GRID.role), True, False),
        (sender(principals.ACTION_GROUPS, ACTION_GROUPS.role), False, True),
        (sender(principals.EVENT_GRID), False, False),
        (sender(principals.EVENT_GRID, ACTION_GROUPS.role), False, False),
        (sender("11111111-2222", EVENT_GRID.role, ACTION_GROUPS.role), False, False),
        (OLIVIA, False, False),
        (
            Principal(name="eve@contoso.com", roles=frozenset({EVENT_GRID.role, ACTION_GROUPS.role})),
            False,
            False,
        ),
    ],
)
async def test_a_webhook_without_a_key_takes_its_own_sender_and_no_other(
    client: Client, caller: Principal, events: bool, alerts: bool
) -> None:
    for handler, may in ((client.api.take_signed_events, events), (client.api.take_signed_alert, alerts)):
        got = await client.call(handler, {}, caller=caller)
        assert (got.status == 400) is may, "it was let in, and its empty body refused"
        assert (got.status == 403) is not may


async def test_azures_own_senders_may_do_nothing_that_people_do(client: Client) -> None:
    for caller in (sender(principals.EVENT_GRID, EVENT_GRID.role), sender("x", ACTION_GROUPS.role)):
        assert (await client.call(client.api.list_fleets, caller=caller)).status == 403


async def test_the_description_names_the_roles_of_every_route_and_the_refusals(client: Client) -> None:
    paths = content(await client.call(client.api.document))["paths"]
    operations = {
        (method, path): operation
        for path, item in paths.items()
        for method, operation in item.items()
        if method != "parameters"
    }
    assert ROUTES.keys() | OPEN <= operations.keys()
    assert all(operations[route]["security"] == [] for route in OPEN)
    for route, operation in operations.items():
        if route in OPEN:
            continue
        assert "401" in operation["responses"]
        keyed = operation["security"] == [{"key": []}]
        assert keyed is (route[1] in ("/health", "/events", "/alerts")), route
        assert ("403" in operation["responses"]) is not keyed
    start = operations[("post", "/fleets/{fleet}/rollouts")]
    assert start["security"] == [{"entra": ["Operator"]}]
    assert "Approver besides" in start["description"]


def test_every_act_has_its_roles_and_none_is_open_to_nobody() -> None:
    asked = {act for route in ROUTES.values() for act in (*route.acts, route.besides) if act is not None}
    assert asked == TABLE.keys()
    assert all(TABLE.values())


async def test_a_name_in_an_event_is_part_of_what_it_says_and_is_nobodys_word(client: Client) -> None:
    fleet = msgspec.structs.replace(
        FLEET, versions=msgspec.structs.replace(FLEET.versions, channel=Channel.PLATFORM)
    )
    await client.rig.store.apply(fleet, if_match=None, now=client.rig.clock.now())
    client.intake.forget()
    release = {
        "specversion": "1.0",
        "type": "Switchyard.ClusterVersionPublished",
        "source": "/platform/releases",
        "id": "release-42",
        "data": {"kubernetes_version": VERSION, "published_by": "olivia@contoso.com"},
    }
    assert (await client.call(client.api.take_events, release)).status == 200
    await client.rig.minute()
    assert (await client.rig.rollout()).started_by == "version_published"
    first = (await client.rig.store.audit("contoso"))[0]
    assert first.who == "version_published"
    assert "olivia@contoso.com published Kubernetes" in first.because


def test_the_documents_table_of_roles_is_the_one_that_is_asked() -> None:
    text = (EXAMPLE.parent.parent / "docs" / "security.md").read_text("utf-8")
    rows = re.findall(r"^\| (.+?) \| (✓?) *\| (✓?) *\| (✓?) *\|$", text, re.MULTILINE)
    told = {what: {role for role, cell in zip(Role, cells, strict=True) if cell} for what, *cells in rows}
    assert told == {act.value: set(roles) for act, roles in TABLE.items()}
