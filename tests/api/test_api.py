"""The HTTP API as a person or a sender meets it."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping

import jsonschema
import pytest
from azure.functions.eventgrid import EventGridEventInConverter
from azure.functions.meta import Datum

from sandbox.world import events
from shared.api import openapi
from shared.api.http import BODY_BYTES_MAX
from shared.api.intake import Intake
from shared.engine import Engine
from shared.fleet_file import parse_json
from shared.notices import notices
from shared.probes import Answer, Probe
from tests.api.conftest import EXAMPLE, OLIVIA, Client, content
from tests.engine.rig import VERSION
from tests.fleet_file.examples import classic
from tests.fleets import ADDRESSES, FLEET, GREEN


async def started(client: Client) -> None:
    await client.rig.publish_version()


async def test_a_fleet_file_is_applied_and_read_back_with_its_etag(client: Client) -> None:
    put = await client.call(client.api.put_fleet, EXAMPLE.read_bytes(), fleet="contoso-public")
    assert put.status == 201
    got = await client.call(client.api.get_fleet, fleet="contoso-public")
    assert content(got)["fleet"]["hosts"]["official"] == "official-aks.contoso.com"
    assert got.headers["ETag"] == put.headers["ETag"]
    again = await client.call(client.api.put_fleet, EXAMPLE.read_bytes(), fleet="contoso-public")
    assert again.status == 200


async def test_the_answer_to_a_fleet_file_says_what_is_worth_knowing_of_it(client: Client) -> None:
    plain = await client.call(client.api.put_fleet, EXAMPLE.read_bytes(), fleet="contoso-public")
    document = json.dumps({**classic(), "name": "slow"}).encode()
    told = await client.call(client.api.put_fleet, document, fleet="slow")

    assert content(plain)["notices"] == []
    assert content(told)["notices"] == list(notices(parse_json(classic()), client.rig.clock.at.date()))
    assert len(content(told)["notices"]) == 2
    shape = openapi.document("0")["components"]["schemas"]["Applied"]
    jsonschema.validate(content(told), shape)


async def test_a_stale_if_match_changes_nothing(client: Client) -> None:
    put = await client.call(client.api.put_fleet, EXAMPLE.read_bytes(), fleet="contoso-public")
    changed = EXAMPLE.read_bytes().replace(b"start: automatic", b"start: manual")
    stale, right = {"if-match": '"somebody-else"'}, {"if-match": put.headers["ETag"]}
    refused = await client.call(client.api.put_fleet, changed, stale, fleet="contoso-public")
    assert (refused.status, refused.content_type) == (412, "application/problem+json")
    applied = await client.call(client.api.put_fleet, changed, right, fleet="contoso-public")
    assert applied.status == 200


async def test_every_mistake_of_a_fleet_file_is_told_at_once(client: Client) -> None:
    text = (
        EXAMPLE.read_text("utf-8")
        .replace("exposure: public", "exposure: pubic")
        .replace("live: blue", "live: red")
    )
    refused = await client.call(client.api.put_fleet, text.encode(), fleet="contoso-public")
    assert refused.status == 400
    paths = {mistake["path"]: mistake["line"] for mistake in content(refused)["mistakes"]}
    assert {"exposure", "live"} <= set(paths)
    assert all(line > 0 for line in paths.values())


async def test_a_fleet_under_another_name_than_its_address_is_refused(client: Client) -> None:
    refused = await client.call(client.api.put_fleet, EXAMPLE.read_bytes(), fleet="another")
    assert refused.status == 400
    assert "another" in content(refused)["detail"]


async def test_an_event_from_azure_starts_a_rollout_and_the_same_event_twice_is_one(client: Client) -> None:
    cluster = FLEET.slots[0].cluster_id
    body = events.version_available(cluster, VERSION, client.rig.clock.now(), event_id="e-1")
    for _ in range(2):
        taken = await client.call(client.api.take_events, body)
        assert taken.status == 200
        await client.swept()
    rollouts = content(await client.call(client.api.list_rollouts, fleet="contoso"))["rollouts"]
    assert [(r["id"], r["version"]) for r in rollouts] == [("contoso-0001", VERSION)]


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b"null", b"7", b'{"eventType": "Contoso.Unheard"}', b'{"id": 3}', b"\xff", b"[" * 5000],
)
async def test_what_is_not_understood_is_refused_with_a_sentence_and_counted(
    client: Client, body: bytes
) -> None:
    for handler in (client.api.take_events, client.api.take_alert):
        refused = await client.call(handler, body)
        assert refused.status == 400
        assert len(content(refused)["detail"]) > 10


async def test_refusals_are_counted(client: Client) -> None:
    await client.call(client.api.take_alert, {"schemaId": "another"})
    health = content(await client.call(client.api.health, method="GET"))
    assert health["refused"] == {"alert": 1}


async def test_a_body_that_is_too_large_is_refused_before_it_is_read(client: Client) -> None:
    refused = await client.call(client.api.take_events, b" " * (BODY_BYTES_MAX + 1))
    assert refused.status == 413


async def test_both_handshakes_of_event_grid_are_answered(client: Client) -> None:
    asked = [
        {
            "id": "1",
            "topic": "/subscriptions/1",
            "subject": "",
            "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent",
            "eventTime": "2026-11-21T09:00:00Z",
            "data": {"validationCode": "512d38b6"},
        }
    ]
    assert content(await client.call(client.api.take_events, asked)) == {"validationResponse": "512d38b6"}
    headers = {"webhook-request-origin": "eventgrid.azure.net"}
    options = await client.call(client.api.take_events, None, headers, method="OPTIONS")
    assert options.headers["WebHook-Allowed-Origin"] == "eventgrid.azure.net"


async def test_an_alert_on_the_candidate_is_acted_on_by_the_request_that_brought_it(client: Client) -> None:
    await started(client)
    await client.rig.until("bake")
    alert = events.metric_alert(FLEET.slot(GREEN).gateway_id, client.rig.clock.now(), alert_guid="1")
    taken = await client.call(client.api.take_alert, alert)
    assert taken.status == 200
    assert client.rig.traffic_at() == ADDRESSES[FLEET.live]


async def test_a_person_starts_pauses_resumes_and_rolls_back_and_is_named_for_it(client: Client) -> None:
    begun = await client.call(client.api.start_rollout, {"version": VERSION}, fleet="contoso")
    assert begun.status == 202
    assert content(begun)["rollout"]["started_by"] == OLIVIA.name
    for command in ("pause", "resume", "rollback"):
        done = await client.call(client.api.command, {}, fleet="contoso", rollout="current", command=command)
        assert (done.status, content(done)["applied"]) == (200, True), command
    audit = content(await client.call(client.api.get_audit, fleet="contoso", rollout="contoso-0001"))["audit"]
    assert [entry["who"] for entry in audit].count(OLIVIA.name) == 4


async def test_what_the_present_state_forbids_is_a_conflict_with_the_reason(client: Client) -> None:
    await started(client)
    refused = await client.call(client.api.command, {}, fleet="contoso", rollout="current", command="promote")
    assert refused.status == 409
    assert "does not wait for a person" in content(refused)["detail"]


async def test_the_same_command_under_one_idempotency_key_is_one(client: Client) -> None:
    await started(client)
    key = {"idempotency-key": "k-1"}
    for _ in range(2):
        await client.call(client.api.command, {}, key, fleet="contoso", rollout="current", command="pause")
    audit = content(await client.call(client.api.get_audit, fleet="contoso"))["audit"]
    assert [entry["who"] for entry in audit].count(OLIVIA.name) == 1


async def test_a_command_on_a_rollout_that_moved_on_is_superseded(client: Client) -> None:
    await started(client)
    got = await client.call(client.api.get_rollout, fleet="contoso", rollout="current", method="GET")
    await client.rig.minute()
    stale = {"if-match": got.headers["ETag"]}
    refused = await client.call(
        client.api.command, {}, stale, fleet="contoso", rollout="current", command="pause"
    )
    assert refused.status == 412


async def test_verdicts_come_with_their_samples_and_limits(client: Client) -> None:
    await started(client)
    await client.rig.until("freeze")
    body = content(
        await client.call(client.api.get_rollout, fleet="contoso", rollout="current", method="GET")
    )
    nodes = next(j for j in body["judgements"] if j["gate"] == "nodes-not-ready")
    assert (nodes["verdict"], nodes["limit"], len(nodes["samples"]) >= 3) == ("pass", 0.0, True)


async def test_evidence_comes_with_the_query_as_sent_its_window_and_the_epoch(client: Client) -> None:
    await started(client)
    await client.rig.until("freeze")
    body = content(
        await client.call(client.api.get_evidence, fleet="contoso", rollout="current", method="GET")
    )
    of_nodes = (each for each in body["verdicts"] if each["judgement"]["gate"] == "nodes-not-ready")
    nodes = next(each for each in of_nodes if each["judgement"]["verdict"] == "pass")
    told = nodes["judgement"]
    assert nodes["epoch"] > 0
    assert told["source"]
    assert told["since"] < told["until"] <= told["at"]


@pytest.mark.parametrize("path", [{"fleet": "nowhere"}, {"fleet": "contoso", "rollout": "contoso-0099"}])
async def test_what_is_not_there_is_not_found(client: Client, path: dict[str, str]) -> None:
    handler = client.api.get_rollout if "rollout" in path else client.api.get_fleet
    response = await client.call(handler, method="GET", path=path)
    assert (response.status, response.content_type) == (404, "application/problem+json")


async def test_the_api_describes_every_route_that_it_serves(client: Client) -> None:
    document = content(await client.call(client.api.document, method="GET"))
    assert document["openapi"] == "3.1.0"
    assert {"/events", "/alerts", "/fleets/{fleet}", "/fleets/{fleet}/rollouts/{rollout}/rollback"} <= set(
        document["paths"]
    )


async def test_the_api_describes_the_headers_that_guard_a_change(client: Client) -> None:
    paths = content(await client.call(client.api.document, method="GET"))["paths"]
    guards = {
        (path, method): [header["name"] for header in paths[path][method]["parameters"]]
        for path, method in (
            ("/fleets/{fleet}", "put"),
            ("/fleets/{fleet}/rollouts", "post"),
            ("/fleets/{fleet}/rollouts/{rollout}/promote", "post"),
        )
    }
    assert list(guards.values()) == [["If-Match"], ["Idempotency-Key"], ["If-Match", "Idempotency-Key"]]


class Broken:
    """A world with a bug in it."""

    async def observe(self, *_: object) -> Mapping[Probe, Answer]:
        """Fail as a bug does."""
        raise ZeroDivisionError

    async def perform(self, *_: object, epoch: int) -> str | None:
        """Fail as a bug does."""
        raise ZeroDivisionError


async def test_a_stored_alert_is_acknowledged_even_if_acting_on_it_fails(client: Client) -> None:
    await started(client)
    await client.rig.until("bake")
    rig = client.rig
    broken = Engine(rig.store, Broken(), rig.topic, rig.clock)
    intake = Intake(rig.store, broken, rig.clock)
    alert = events.metric_alert(FLEET.slot(GREEN).gateway_id, rig.clock.now(), alert_guid="1")
    assert len(await intake.alert(alert)) == 1
    await rig.minute()
    assert rig.traffic_at() == ADDRESSES[FLEET.live], "the timer acts on what the webhook could not"


async def test_a_release_whose_data_came_in_base64_is_taken_from_the_trigger(client: Client) -> None:
    release = json.dumps({"kubernetes_version": "1.32.6", "fleets": [FLEET.name]})
    body = {
        "specversion": "1.0",
        "type": "Switchyard.ClusterVersionPublished",
        "source": "/platform/releases",
        "id": "release-42",
        "time": "2026-11-21T09:00:00.1234567Z",
        "data_base64": b64encode(release.encode()).decode(),
    }
    event = EventGridEventInConverter.decode(Datum(json.dumps(body), "json"), trigger_metadata=None)
    await client.intake.grid_event(event)
    assert not client.intake.refused
    await client.swept()
    told = await client.rig.store.disposition(FLEET.name, f"{FLEET.name}/platform/releases/release-42")
    assert told is not None


async def test_a_signal_that_could_not_be_acted_on_is_swept_even_if_the_fleet_was_just_put_to_rest(
    client: Client,
) -> None:
    rig = client.rig
    broken = Engine(rig.store, Broken(), rig.topic, rig.clock)
    intake = Intake(rig.store, broken, rig.clock)
    await rig.store.mark("contoso", active=True, now=rig.clock.now())
    await intake.events(
        events.version_available(FLEET.slots[0].cluster_id, "1.30.1", rig.clock.now(), event_id="1")
    )
    await rig.store.mark("contoso", active=False, now=rig.clock.now())
    body = events.version_available(FLEET.slots[0].cluster_id, VERSION, rig.clock.now(), event_id="2")
    assert len(await intake.events(body)) == 1
    assert await rig.engine.sweep() == ("contoso",)
