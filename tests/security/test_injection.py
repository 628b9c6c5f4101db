"""Names that are paths, queries, commands or log lines: refused at the edge with a sentence, or harmless."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.world import events
from shared.azure.deployments import deployment
from shared.errors import Invalid, Mistake
from shared.fleet_file import parse_json
from tests.api.conftest import Client, content
from tests.engine.rig import VERSION
from tests.fleets import FLEET, GREEN
from tests.security.odd_names import ODD

EXAMPLES = Path(__file__).parents[2] / "examples"
AT = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)

# `rule` is a pattern that names of alerts are held against, and is sent to nobody.
ONE_LINE = {"unit", "filter", "metric", "exempt_users", "description", "rule"}
QUERY = {"query"}
ANYTHING = {"parameters"}
MULTI = {"branch", "kustomizations"}


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The path of every text in a document."""
    if isinstance(value, str):
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from leaves(item, (*path, key))


def document(name: str = "contoso-public") -> Any:
    """A shipped example as data."""
    return yaml.safe_load((EXAMPLES / f"{name}.yaml").read_text("utf-8"))


def changed(path: tuple[str | int, ...], value: str, name: str = "contoso-public") -> Any:
    """An example with another value there."""
    whole = document(name)
    place = whole
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return whole


def mistakes_of(whole: Any) -> tuple[Mistake, ...]:
    """What is wrong with a document."""
    try:
        parse_json(whole)
    except Invalid as invalid:
        return invalid.mistakes
    return ()


def one_line(text: str) -> bool:
    """Whether a text cannot begin another line, hide itself or move a cursor."""
    return text.isprintable()


OWN = {
    "contoso-front-door": ("live_records", "shift"),
    "contoso-traffic-manager": ("live_records", "slots"),
    "contoso-one-gateway": ("live_records", "traffic"),
}
"""What the other examples have that the first has not."""
NAMED = [("contoso-public", path) for path in leaves(document())]
NAMED += [(name, path) for name, keys in OWN.items() for path in leaves(document(name)) if path[0] in keys]


@pytest.mark.parametrize(("name", "path"), NAMED)
def test_no_name_in_a_fleet_file_can_be_a_path_a_query_a_command_or_a_line(
    name: str, path: tuple[str | int, ...]
) -> None:
    free = {str(key) for key in path}
    for value in ODD:
        if free & ANYTHING or (free & QUERY and "\x00" not in value):
            continue
        mistakes = mistakes_of(changed(path, value, name))
        if mistakes:
            assert any(m.path.startswith(str(path[0])) and m.expected for m in mistakes)
            assert all(one_line(str(mistake)) for mistake in mistakes), "the refusal itself"
        else:
            assert free & ONE_LINE or (free & MULTI and value in ("a#b",)), (path, value)
            assert one_line(value), (path, value)


@pytest.mark.parametrize("value", ODD)
@pytest.mark.parametrize(
    "place",
    [
        ("provision", "parameters"),
        ("sync", 0, "kustomizations"),
        ("deadlines",),
        ("gates",),
        (),
    ],
)
def test_no_key_of_a_fleet_file_can_be_one_either(place: tuple[str | int, ...], value: str) -> None:
    whole = document()
    here = whole
    for key in place:
        here = here.setdefault(key, {}) if isinstance(here, dict) else here[key]
    here[value] = "1h"
    with pytest.raises(Invalid) as refused:
        parse_json(whole)
    assert all(one_line(str(mistake)) for mistake in refused.value.mistakes)


@pytest.mark.parametrize(
    "url",
    [
        "https://somebody:password@git.contoso.com/repo",
        "https://token@git.contoso.com/repo",
        "ssh://-oProxyCommand=id/x",
        "https://-x/y",
        "git@-oProxyCommand=id:x",
        "https://git.contoso.com/$(id)",
        "https://git.contoso.com/`id`",
        'https://git.contoso.com/"',
        "https://git.contoso.com/a|b",
    ],
)
def test_the_address_of_a_repository_holds_no_password_and_no_option(url: str) -> None:
    with pytest.raises(Invalid, match="Git repository"):
        parse_json(changed(("sync", 0, "url"), url))


@pytest.mark.parametrize("value", ODD)
async def test_no_version_of_a_template_leads_out_of_its_template_spec(client: Client, value: str) -> None:
    body = {"version": VERSION, "template_version": value}
    refused = await client.call(client.api.start_rollout, json.dumps(body).encode(), fleet="contoso")
    assert refused.status == 400
    assert content(refused)["detail"].startswith(("template_version: got", "body: got"))
    release = {
        "specversion": "1.0",
        "type": "Switchyard.ClusterVersionPublished",
        "source": "/platform/releases",
        "id": "release-42",
        "data": {"kubernetes_version": VERSION, "template_version": value, "fleets": ["contoso"]},
    }
    refused = await client.call(client.api.take_events, json.dumps(release).encode())
    assert refused.status == 400


def test_a_version_of_a_template_that_is_one_stays_the_last_part_of_its_id() -> None:
    body = deployment(FLEET, GREEN, VERSION, "1.4.0-rc_1(x)")
    assert body["properties"]["templateLink"]["id"].endswith("/versions/1.4.0-rc_1(x)")


@pytest.mark.parametrize("value", [*ODD, "", "current/../..", "CURRENT"])
async def test_no_name_in_an_address_gets_any_further_than_the_edge(client: Client, value: str) -> None:
    await client.rig.publish_version()
    for path in (
        {"fleet": value},
        {"fleet": value, "rollout": "current", "command": "rollback"},
        {"fleet": "contoso", "rollout": value, "command": "rollback"},
        {"fleet": "contoso", "rollout": "current", "command": value},
    ):
        handler = client.api.command if "command" in path else client.api.get_fleet
        got = await client.call(handler, {}, path=path)
        assert got.status == 404, (path, got.body)
        assert one_line(content(got)["detail"])
    put = await client.call(
        client.api.put_fleet, (EXAMPLES / "contoso-public.yaml").read_bytes(), path={"fleet": value}
    )
    assert put.status == 400
    assert one_line(content(put)["detail"])


def bodies(value: str) -> Iterator[tuple[str, Any]]:
    """Events and alerts with an odd value in each place where somebody else chooses a name."""
    cluster = FLEET.slots[0].cluster_id
    version = events.version_available(cluster, VERSION, AT, event_id="1")
    yield "take_events", {**version, "id": value}
    yield "take_events", {**version, "topic": f"{cluster}/{value}"}
    yield "take_events", {**version, "topic": value}
    yield "take_events", {**version, "subject": value}
    yield "take_events", {**version, "data": {"latestStableKubernetesVersion": value}}
    rolled = {**version, "eventType": "Microsoft.ContainerService.NodePoolRollingFailed"}
    yield "take_events", {**rolled, "data": {"nodePoolName": value}}
    written = {**version, "eventType": "Microsoft.Resources.ResourceWriteSuccess"}
    yield "take_events", {**written, "data": {"resourceUri": f"{cluster}/agentPools/{value}"}}
    yield "take_events", {**written, "data": {"resourceUri": cluster, "operationName": value}}
    release = {**version, "eventType": "Switchyard.ClusterVersionPublished"}
    yield "take_events", {**release, "data": {"kubernetes_version": VERSION, "fleets": [value]}}
    told = {"kubernetes_version": VERSION, "fleets": ["contoso"], "published_by": value, "notes": value}
    yield "take_events", {**release, "data": told}
    alert = events.metric_alert(FLEET.slot(GREEN).gateway_id, AT, alert_guid="1")
    for field in ("alertRule", "alertId", "description", "monitoringService", "firedDateTime", "severity"):
        changed = json.loads(json.dumps(alert))
        changed["data"]["essentials"][field] = value
        yield "take_alert", changed
    targeted = json.loads(json.dumps(alert))
    targeted["data"]["essentials"]["alertTargetIDs"] = [f"{cluster}/{value}", value]
    yield "take_alert", targeted


@pytest.mark.parametrize("value", ODD)
async def test_no_name_in_an_event_or_an_alert_forges_a_line_of_the_log_or_of_the_audit_trail(
    client: Client, value: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for handler, body in bodies(value):
        try:
            raw = json.dumps(body).encode()
        except UnicodeEncodeError:
            continue
        got = await client.call(getattr(client.api, handler), raw)
        assert got.status in (200, 400), body
        if got.status == 400:
            assert one_line(content(got)["detail"])
    assert [r.getMessage() for r in caplog.records if not one_line(r.getMessage())] == []
    trail = await client.rig.store.audit("contoso")
    assert [entry.because for entry in trail if not one_line(entry.because)] == []
    assert [entry.who for entry in trail if not one_line(entry.who)] == []


@pytest.mark.parametrize("value", ODD)
async def test_a_persons_note_and_key_forge_no_line_either(
    client: Client, value: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await client.rig.publish_version()
    path = {"fleet": "contoso", "rollout": "current", "command": "pause"}
    raw = json.dumps({"note": value}).encode()
    got = await client.call(client.api.command, raw, {"idempotency-key": value}, path=path)
    assert got.status in (200, 400)
    await client.call(client.api.command, raw, path=path)
    trail = await client.rig.store.audit("contoso")
    assert [entry.because for entry in trail if not one_line(entry.because)] == []
    assert [r.getMessage() for r in caplog.records if not one_line(r.getMessage())] == []
