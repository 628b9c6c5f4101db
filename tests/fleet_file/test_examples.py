"""The shipped examples declare what the guide says, and editors agree with the parser."""

from __future__ import annotations

import json

import jsonschema
import pytest

from shared.fleet import Exposure
from shared.fleet_file import parse, parse_json, schema
from shared.fleet_file.checks import STEPS
from shared.fleet_file.publish import TARGET, rendered
from shared.levers import RecordType, SwitchKind
from stages.runbook import RUNBOOK
from tests.fleet_file.examples import NAMES, TEXTS, data

HINT = "# yaml-language-server: $schema=../schema/fleet.schema.json\n"


@pytest.mark.parametrize(
    ("name", "exposure", "kind", "live", "hosts", "addresses"),
    [
        (
            "contoso-public",
            Exposure.PUBLIC,
            SwitchKind.AZURE_DNS,
            "aks.contoso.com",
            ["aks-blue.contoso.com", "aks-green.contoso.com"],
            [None, None],
        ),
        (
            "contoso-private",
            Exposure.PRIVATE,
            SwitchKind.PRIVATE_DNS,
            "aks.priv.contoso.com",
            ["aks-blue.priv.contoso.com", "aks-green.priv.contoso.com"],
            ["10.20.1.10", "10.20.1.20"],
        ),
    ],
)
def test_an_example_switches_the_records_of_the_guide(
    name: str,
    exposure: Exposure,
    kind: SwitchKind,
    live: str,
    hosts: list[str],
    addresses: list[str | None],
) -> None:
    fleet = parse(TEXTS[name])

    assert (fleet.name, fleet.exposure, fleet.live) == (name, exposure, "blue")
    assert [(r.fqdn, r.type, r.kind, r.ttl_seconds) for r in fleet.live_records] == [
        (live, RecordType.A, kind, 300)
    ]
    assert [slot.host.fqdn for slot in fleet.slots] == hosts
    assert {slot.host.kind for slot in fleet.slots} == {kind}
    assert [slot.address for slot in fleet.slots] == addresses


@pytest.mark.parametrize("name", NAMES)
def test_an_example_asks_about_the_platform_at_all_three_levels(name: str) -> None:
    gates = parse(TEXTS[name]).gates

    assert {gate.level for gate in gates.platform} == {1, 2, 3}
    assert gates.functional
    assert gates.load
    assert gates.switch
    assert gates.bake


def test_durations_and_shares_become_numbers() -> None:
    fleet = parse(TEXTS["contoso-public"])

    assert fleet.policy.observe_seconds == 600
    assert fleet.policy.switch_ttl_seconds == 30
    assert fleet.policy.deadlines["bake"] == 8 * 3600
    assert fleet.traffic.share_min == 0.99
    assert next(gate for gate in fleet.gates.switch if gate.name == "failed-share").max_value == 0.01


@pytest.mark.parametrize("name", NAMES)
def test_an_example_satisfies_the_schema_and_says_where_it_is(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schema())

    jsonschema.Draft202012Validator(schema()).validate(data(name))
    assert TEXTS[name].startswith(HINT)


@pytest.mark.parametrize("name", NAMES)
def test_an_example_means_the_same_as_a_json_body(name: str) -> None:
    body = json.loads(json.dumps(data(name)))

    assert parse_json(body) == parse(TEXTS[name])
    assert parse(json.dumps(body)) == parse(TEXTS[name])


def test_the_published_schema_is_up_to_date() -> None:
    assert TARGET.read_text(encoding="utf-8") == rendered(), "run: python -m shared.fleet_file.publish"


def test_every_step_of_the_runbook_can_be_given_a_deadline() -> None:
    assert set(STEPS) == {step.name for steps in RUNBOOK.values() for step in steps}


def test_windows_are_days_and_minutes_in_utc() -> None:
    window = {"days": ["fri", "mon"], "from": "22:30", "to": "24:00"}
    document = data()
    document["versions"]["windows"] = [window]

    (found,) = parse_json(document).versions.windows

    assert (found.days, found.from_minute, found.to_minute) == ((0, 4), 22 * 60 + 30, 24 * 60)


def test_a_slot_host_may_lie_in_a_zone_of_its_own() -> None:
    document = data()
    zone = document["live_records"][0]["zone"].replace("contoso.com", "test.contoso.net")
    document["slots"]["green"]["host_record"] = {"zone": zone, "switch": "azure_dns", "ttl": "1m"}
    document["hosts"]["green"] = "green.test.contoso.net"

    host = parse_json(document).slots[1].host

    assert (host.fqdn, host.zone_id, host.ttl_seconds) == ("green.test.contoso.net", zone, 60)
