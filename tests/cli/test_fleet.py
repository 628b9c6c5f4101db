"""A fleet as text: every lever with what it is made of, the way to 100 %, and what is worth knowing."""

from __future__ import annotations

from pathlib import Path

import yaml

from cli.view.fleet import fleet_text
from cli.view.scene import Scene
from cli.view.traffic import traffic
from shared.fleet import Fleet
from shared.fleet_file import parse_json
from shared.model import FleetState
from tests.cli.conftest import Cli
from tests.cli.fake_api import FakeApi
from tests.cli.samples import ROLLOUT, START, as_json
from tests.fleet_file.examples import FRONT_DOOR, ONE_GATEWAY, TRAFFIC_MANAGER, classic, composite, data


def shown(fleet: Fleet) -> list[str]:
    """The lines of a fleet that was applied and did nothing yet."""
    state = FleetState(live=fleet.live)
    body = {"fleet": as_json(fleet), "state": as_json(state), "now": as_json(START), "pending": 0}
    return fleet_text(body).plain.splitlines()


def test_a_record_is_told_with_its_ttl() -> None:
    document = data()
    document["live_records"][0]["alias"] = True

    assert shown(parse_json(document))[:4] == [
        "contoso-public  public, westeurope",
        "  users     official-aks.contoso.com → aks.contoso.com",
        "  record    aks.contoso.com A alias, TTL 300 s",
        "  shift     100 % at once",
    ]


def test_a_front_door_is_told_with_its_origins_what_lies_beneath_and_its_ramp() -> None:
    assert shown(parse_json(data(FRONT_DOOR)))[2:5] == [
        "  front door  aks of afd-contoso: blue blue, green green; users follow within 20m 00s",
        "  beneath     origin-blue.contoso.com A, TTL 30 s; origin-green.contoso.com A, TTL 30 s",
        "  shift       header X-Canary: always for 5m 00s, 10 % for 10m 00s, 50 % for 10m 00s, then 100 %",
    ]


def test_a_second_lever_above_a_record_is_told_below_it() -> None:
    assert shown(parse_json(composite()))[2:4] == [
        "  record    aks.contoso.com A, TTL 300 s",
        (
            "  above     front door aks of afd-contoso: aks-contoso-com on aks.contoso.com; in an emergency "
            "blue aks-blue, green aks-green"
        ),
    ]


def test_every_balancer_is_told_by_its_kind() -> None:
    assert shown(parse_json(data(TRAFFIC_MANAGER)))[2] == (
        "  traffic manager  tm-contoso: blue azureEndpoints/blue, green azureEndpoints/green; "
        "users follow within 40s"
    )
    assert shown(parse_json(data(ONE_GATEWAY)))[2] == (
        "  application gateway  aks of agw-contoso: blue blue, green green; users follow within 1m 00s"
    )


def test_notices_are_told_of_an_applied_fleet() -> None:
    told = [line for line in shown(parse_json(classic())) if line.strip().startswith("notice")]

    assert ["retires on 2027-03-31" in line for line in told] == [True, False]
    assert "up to 40 minutes" in told[1]


def test_a_board_names_the_levers_where_there_is_no_record() -> None:
    fleet = parse_json(data(FRONT_DOOR))
    scene = Scene(fleet=fleet, state=FleetState(live=fleet.live), rollout=ROLLOUT, now=START)

    assert "aks of afd-contoso → blue" in [line.plain.strip() for line in traffic(scene, 100)]


def test_validate_and_apply_tell_what_is_worth_knowing(cli: Cli, api: FakeApi, tmp_path: Path) -> None:
    file = tmp_path / "fleet.yaml"
    file.write_text(yaml.safe_dump(classic()))

    first, *told = cli("fleet", "validate", str(file)).out.splitlines()
    body = cli("fleet", "validate", str(file), "-o", "json").json

    assert first.endswith("declares the fleet contoso-front-door, without a mistake")
    assert told == [f"notice: {sentence}" for sentence in body["notices"]]
    assert len(told) == 2

    api.notices = ["a rollback takes long"]
    ran = cli("fleet", "apply", str(file))
    assert ran.out == 'contoso-front-door is applied, etag W/"1"\nnotice: a rollback takes long\n'
