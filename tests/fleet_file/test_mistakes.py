"""One mistake in a good file: it is refused, and the sentence names the place and what belongs there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jsonschema
import pytest

from shared.errors import Invalid
from shared.fleet_file import parse_json, schema
from tests.fleet_file.examples import Path_, changed, data, without

IDS = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups"
NETWORK = f"{IDS}/rg-network/providers/Microsoft.Network"
OTHER = "/subscriptions/99999999-2222-3333-4444-555555555555/resourceGroups"


def refused(document: Any) -> Invalid:
    """The error of a document that must not be accepted."""
    with pytest.raises(Invalid) as caught:
        parse_json(document)
    return caught.value


GRID = "evgt.westeurope-1.eventgrid.azure.net"
NO_TOPICS = (
    f"http://{GRID}/api/events",
    "https://",
    "https://topic.example.com/api/events",
    "https://eventgrid.azure.net/api/events",
    "https://eviltopic-eventgrid.azure.net/api/events",
    f"https://{GRID}.example.com/api/events",
    f"https://{GRID}@example.com/api/events",
    f"https://example.com\\.{GRID}/api/events",
    f"https://example.com#.{GRID}/api/events",
    f"https://example.com?.{GRID}/api/events",
    f"https://example.com/.{GRID}/api/events",
    f"https://{GRID}/api/events\nx",
    f"https://{GRID}:8443/api/events",
    "https://127.0.0.1.example.com/api/events",
    "https://127.0.0.1:99999/api/events",
    "https://127.0.0.999/api/events",
    "https://169.254.169.254/api/events",
    "https://10.0.0.1/api/events",
)
"""The identity's token goes to the topic, so nobody else's host may be one, however dressed up."""

VALUES: list[tuple[Path_, Any, str]] = [
    (("name",), "Contoso", "lower-case letters"),
    (("name",), "a" * 41, "at most 40"),
    (("subscription",), "mine", "a subscription id"),
    (("location",), "West Europe", "westeurope"),
    (("exposure",), "publick", "did you mean public?"),
    (("live",), "red", "one of blue, green"),
    (("hosts", "cluster"), "aks", "a host name"),
    (("hosts", "official"), "10.0.0.1", "a host name"),
    (("live_records",), [], "at least 1 entry"),
    (("live_records", 0, "ttl"), 0, "at least 1s"),
    (("live_records", 0, "ttl"), 2_147_483_648, "at most"),
    (("live_records", 0, "ttl"), "5 minutes", "30s, 10m, 2h or 1d"),
    (("live_records", 0, "ttl"), -1, "30s, 10m, 2h or 1d"),
    (("live_records", 0, "ttl"), True, "30s, 10m, 2h or 1d"),
    (("live_records", 0, "type"), "TXT", "one of A, AAAA, CNAME"),
    (("live_records", 0, "name"), "-aks", "relative to its zone"),
    (("live_records", 0, "zone"), "contoso.com", "an ARM id"),
    (("slots", "blue", "cluster_id"), f"{NETWORK}/applicationGateways/agw-blue", "managedClusters"),
    (("slots", "blue", "gateway_id"), f"{NETWORK}/applicationGateways/agw-blue/listeners/a", "an ARM id"),
    (("slots", "green", "public_ip_id"), "203.0.113.20", "publicIPAddresses"),
    (("provision", "template_version"), 1.4, "text, in quotes"),
    (
        ("provision", "template_spec"),
        f"{IDS}/rg/providers/Microsoft.Resources/templateSpecs/a/versions/1",
        "ARM",
    ),
    (("versions", "windows"), [{"days": ["monday"], "from": "09:00", "to": "10:00"}], "did you mean mon?"),
    (("versions", "windows"), [{"days": ["mon"], "from": "9:00", "to": "10:00"}], "a time of day"),
    (("freeze", "expires"), "30m", "at least 1h"),
    (("policy", "poll"), "5s", "at least 10s"),
    (("policy", "poll"), "2h", "at most 1h"),
    (("policy", "alert_severities"), ["Sev5"], "one of Sev0"),
    (("policy", "keep_candidate"), "yes", "true or false"),
    (("traffic", "share_min"), "120%", "a share such as 1%"),
    (("deadlines", "bake"), "soon", "a duration"),
    *((("notify", "topic"), topic, "an https address of Event Grid's") for topic in NO_TOPICS),
    (("gates", "platform", 0, "level"), 4, "at most 3"),
    (("gates", "platform", 0, "max"), "few", "a number"),
    (("gates", "functional", 0, "path"), "healthz", "a path such as /healthz"),
    (("gates", "functional", 0, "requests"), 1000, "at most 50"),
    (("gates", "switch", 0, "min_samples"), 0, "at least 1"),
    (("sync", 0, "kustomizations"), {}, "at least 1 entry"),
    (("sync", 0, "url"), "somewhere", "Git repository"),
]


@pytest.mark.parametrize(("path", "value", "expected"), VALUES)
def test_a_wrong_value_is_named_with_what_was_expected(path: Path_, value: Any, expected: str) -> None:
    error = refused(changed(path, value))

    assert expected in str(error)
    dotted = ".".join(str(key) for key in path[:2] if isinstance(key, str))
    assert any(mistake.path.startswith(dotted) for mistake in error.mistakes)


CONTRADICTIONS: list[tuple[Path_, Any, str, str]] = [
    (("exposure",), "private", "live_records[0].switch", "private_dns, because exposure is private"),
    (("live_records", 0, "switch"), "private_dns", "live_records[0].switch", "azure_dns"),
    (("live_records", 0, "zone"), f"{NETWORK}/privateDnsZones/contoso.com", "live_records[0].zone",
     "azure_dns"),
    (("live_records", 0, "name"), "www", "hosts.cluster", "www.contoso.com"),
    (("hosts", "cluster"), "www.contoso.com", "hosts.cluster", "aks.contoso.com"),
    (("hosts", "green"), "aks-green.contoso.net", "hosts.green", "a name under contoso.com"),
    (("hosts", "green"), "aks-blue.contoso.com", "hosts.green", "another name than hosts.blue"),
    (("slots", "blue", "address"), "203.0.113.10", "slots.blue", "exactly one of address and public_ip_id"),
    (("slots", "blue", "public_ip_id"), None, "slots.blue", "exactly one of address and public_ip_id"),
    (("live_records", 0, "type"), "CNAME", "live_records[0].type", "a slot has a public IP"),
    (("slots", "green", "cluster_id"), f"{OTHER}/a/providers/Microsoft.ContainerService/managedClusters/b",
     "slots.green.cluster_id", "the fleet's subscription"),
    (("policy", "switch_ttl"), "10m", "policy.switch_ttl", "at most the TTL of 300 s"),
    (("deadlines",), {"bakee": "1h"}, "deadlines.bakee", "did you mean bake?"),
    (("provision", "parameters"), {"ClusterName": "x"}, "provision.parameters.ClusterName",
     "fills this one in"),
    (("provision", "slot_parameter"), "clusterName", "provision.cluster_name_parameter", "another parameter"),
    (("versions", "windows"), [{"days": ["mon"], "from": "09:00", "to": "09:00"}], "versions.windows[0].to",
     "never open"),
    (("gates", "platform", 0, "window"), "1m", "gates.platform[0].window", "for min_samples of 3"),
    (("gates", "platform", 0, "breaches_max"), 5, "gates.platform[0].breaches_max", "fewer than the 5"),
    (("gates", "platform", 0, "level"), None, "gates.platform[0].level", "2 API server"),
    (("gates", "platform", 0, "metric"), None, "gates.platform[0].metric", "because the source is metrics"),
    (("gates", "platform", 0, "query"), "T", "gates.platform[0].query", "nothing here"),
    (("gates", "platform", 0, "target"), "gateway", "gates.platform[0].target",
     "cluster, because the namespace"),
    (("gates", "platform", 0, "target"), "host", "gates.platform[0].target", "cluster, gateway or resource"),
    (("gates", "platform", 0, "max"), None, "gates.platform[0]", "at least one limit"),
    (("gates", "platform", 0, "min"), 3, "gates.platform[0].min", "at most max"),
    (("gates", "platform", 1, "max"), "85%", "gates.platform[1].max", "plain number"),
    (("gates", "platform", 0, "metric"), "a / b / c", "gates.platform[0].metric", "or two with ' / '"),
    (("gates", "platform", 0, "metric"), "a,b", "gates.platform[0].metric", "one metric, or two"),
    (("gates", "platform", 1, "metric"), "a / b", "gates.platform[1].aggregation", "Total or Count"),
    (("gates", "platform", 1, "name"), "nodes-not-ready", "gates.platform[1].name", "no other gate"),
    (("gates", "platform", 4, "query"), "workspace('x').KubePodInventory | project TimeGenerated, value",
     "gates.platform[4].query", "without workspace"),
    (("gates", "platform", 4, "query"), "search 'x' | project TimeGenerated, value",
     "gates.platform[4].query", "the name of a table"),
    (("gates", "platform", 4, "query"), "KubePodInventory | count", "gates.platform[4].query",
     "a column TimeGenerated and a column value"),
    (("gates", "functional", 0, "level"), 1, "gates.functional[0].level", "platform gates"),
    (("gates", "functional", 0, "target"), "gateway", "gates.functional[0].target", "host"),
    (("gates", "functional", 0, "path"), None, "gates.functional[0].path", "a path such as /healthz"),
    (("gates", "load", 0, "max"), "5%", "gates.load[0].max", "plain number"),
    (("gates", "load", 1, "max"), 5, "gates.load[1].max_over_baseline", "it alone"),
    (("gates", "bake", 0, "max"), 13, "gates.bake[0].name", "gates.switch[1] is a different gate"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "place", "expected"), CONTRADICTIONS)
def test_a_contradiction_is_named_at_one_of_its_ends(
    path: Path_, value: Any, place: str, expected: str
) -> None:
    mistakes = refused(changed(path, value)).mistakes

    assert any(mistake.path == place and expected in mistake.expected for mistake in mistakes), mistakes


@pytest.mark.parametrize(
    ("record_type", "address", "fits"),
    [
        ("A", "10.20.1.20", True),
        ("A", "fd00::20", False),
        ("A", "gateway.contoso.com", False),
        ("AAAA", "fd00::20", True),
        ("AAAA", "10.20.1.20", False),
        ("CNAME", "gateway.contoso.com", True),
        ("CNAME", "10.20.1.20", False),
    ],
)
def test_an_address_must_fit_the_type_of_the_live_record(record_type: str, address: str, fits: bool) -> None:
    document = changed(("live_records", 0, "type"), record_type, "contoso-private")
    blue = {"A": "10.20.1.10", "AAAA": "fd00::10", "CNAME": "blue.contoso.com"}[record_type]
    document["slots"]["blue"]["address"] = blue
    document["slots"]["green"]["address"] = address

    if fits:
        assert parse_json(document).slots[1].address == address
    else:
        assert [mistake.path for mistake in refused(document).mistakes] == ["slots.green.address"]


def test_reach_follows_exposure() -> None:
    document = without(("slots", "green", "public_ip_id"))
    document["slots"]["green"]["address"] = "10.20.1.20"
    private = changed(("slots", "green", "address"), None, "contoso-private")
    private["slots"]["green"]["public_ip_id"] = f"{NETWORK}/publicIPAddresses/pip"

    assert "an address that the internet reaches" in str(refused(document))
    assert "because exposure is private" in str(refused(private))


def test_a_baseline_limit_needs_a_baseline() -> None:
    relative = {**data()["gates"]["load"][1], "name": "slower"}

    for question in ("functional", "bake"):
        error = refused(changed(("gates", question), [relative]))
        assert f"gates.{question}[0].max_over_baseline" in {mistake.path for mistake in error.mistakes}


def test_an_apex_holds_no_alias_of_a_name() -> None:
    document = changed(("live_records", 0, "type"), "CNAME", "contoso-private")
    document["slots"]["blue"]["address"], document["slots"]["green"]["address"] = (
        "b.contoso.com",
        "g.contoso.com",
    )
    assert parse_json(document).live_records[0].type == "CNAME"

    document["live_records"][0]["name"] = "@"
    document["hosts"]["cluster"] = "priv.contoso.com"
    assert [mistake.path for mistake in refused(document).mistakes] == ["live_records[0].name"]


def test_two_live_records_must_be_two() -> None:
    document = data()
    document["live_records"].append(dict(document["live_records"][0]))

    assert [m.path for m in refused(document).mistakes] == ["live_records[1].name"]


@pytest.mark.parametrize("key", ["hosts", "live_records", "slots", "versions", "provision", "name"])
def test_a_missing_section_is_named(key: str) -> None:
    (mistake,) = [m for m in refused(without((key,))).mistakes if m.path == key]

    assert mistake.value == "nothing"


@pytest.mark.parametrize("key", ["sync", "freeze", "traffic", "policy", "deadlines", "approvals", "notify"])
def test_a_section_with_defaults_may_be_left_out(key: str) -> None:
    assert parse_json(without((key,))).name == "contoso-public"


@pytest.mark.parametrize("body", [None, 3, "text", [], True, {}])
def test_a_body_that_is_no_fleet_is_refused(body: object) -> None:
    assert refused(body).mistakes


@pytest.mark.parametrize(
    "topic",
    [
        f"https://{GRID}/api/events",
        f"https://{GRID}:443/api/events",
        "https://evgt.usgovvirginia-1.eventgrid.azure.us/api/events?api-version=2018-01-01",
        "https://evgt.chinaeast2-1.eventgrid.azure.cn/api/events",
        "https://127.0.0.1:7443/api/events",
        "https://localhost:7443/api/events",
        "https://[::1]:7443/topics/a/api/events",
    ],
)
def test_a_topic_of_event_grid_or_of_this_machine_is_taken(topic: str) -> None:
    document = changed(("notify", "topic"), topic)

    assert parse_json(document).notification_topic == topic
    jsonschema.Draft202012Validator(schema()).validate(document)


@pytest.mark.parametrize("topic", ["https://topic.example.com/api/events", f"https://{GRID}@example.com/"])
def test_an_editor_marks_a_topic_elsewhere(topic: str) -> None:
    assert not jsonschema.Draft202012Validator(schema()).is_valid(changed(("notify", "topic"), topic))


@pytest.mark.parametrize("question", ["platform", "switch", "bake"])
@pytest.mark.parametrize("change", [without, lambda path: changed(path, [])])
def test_a_rollout_that_could_never_pass_is_refused_before_it_begins(
    question: str, change: Callable[[tuple[str, ...]], dict[str, Any]]
) -> None:
    with pytest.raises(Invalid) as caught:
        parse_json(change(("gates", question)))
    assert [m.path for m in caught.value.mistakes] == [f"gates.{question}"]
    assert caught.value.mistakes[0].expected.startswith(("a list of one or more gates", "at least 1"))


def test_a_deadline_shorter_than_what_it_is_the_deadline_of_is_refused() -> None:
    with pytest.raises(Invalid) as caught:
        parse_json(changed(("deadlines", "bake"), "20m"))
    assert "1200 s that policy.bake asks for" in str(caught.value)
