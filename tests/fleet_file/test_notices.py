"""What is right, and still told: a lever that retires, and a way back that takes long."""

from __future__ import annotations

from datetime import date

import pytest

from shared.fleet_file import parse_json
from shared.notices import CLASSIC_RETIRES, notices
from tests.fleet_file.examples import FRONT_DOOR, NAMES, classic, data

BEFORE, AFTER = date(2026, 11, 28), date(2027, 4, 1)


@pytest.mark.parametrize("name", NAMES)
def test_the_examples_need_no_notice(name: str) -> None:
    assert notices(parse_json(data(name)), AFTER) == ()


def test_a_way_back_through_front_door_alone_is_told_with_its_minutes() -> None:
    document = data(FRONT_DOOR)
    document["live_records"][0]["propagation"] = "90s"
    for colour, member in document["live_records"][0]["members"].items():
        member["beneath"] = None
        document["slots"][colour]["host_record"] = data("contoso-traffic-manager")["slots"][colour][
            "host_record"
        ]

    (notice,) = notices(parse_json(document), BEFORE)

    assert notice.startswith(
        "aks of afd-contoso: a rollback through Front Door takes up to 6 minutes, "
        "the last change and 3 of its own one after the other, because there is no lever"
    )
    document["shift"].pop("match")
    (notice,) = notices(parse_json(document), BEFORE)
    assert "takes up to 5 minutes, the last change and 2 of its own" in notice


@pytest.mark.parametrize(
    ("on", "when"),
    [
        (BEFORE, "retires on 2027-03-31"),
        (CLASSIC_RETIRES, "retires on 2027-03-31"),
        (AFTER, "was retired on 2027-03-31"),
    ],
)
def test_a_classic_front_door_is_told_when_it_goes_and_where_to(on: date, when: str) -> None:
    retires, slow = notices(parse_json(classic()), on)

    assert when in retires
    assert "declare switch front_door" in retires
    assert "takes up to 40 minutes, the last change and 1 of its own" in slow


@pytest.mark.parametrize("table", ["AppRequests", "AppExceptions", "requests"])
def test_a_cluster_that_is_asked_for_what_application_insights_keeps_is_told(table: str) -> None:
    document = data()
    query = f"{table} | summarize value = 0.0 by TimeGenerated = bin(TimeGenerated, 1m)"
    gate = {"name": "failures", "source": "logs", "target": "cluster", "query": query, "max": 0}
    document["gates"]["switch"].append(gate)
    document["gates"]["bake"].append(gate)

    (notice,) = notices(parse_json(document), BEFORE)

    assert notice.startswith(
        f"failures asks each slot's cluster for {table}, which Application Insights keeps"
    )
    gate["query"] = query.replace(table, "KubeEvents")
    assert notices(parse_json(document), BEFORE) == ()
