"""What stands for a name in a query, what never gets into one, and how far back a query looks."""

from __future__ import annotations

import msgspec
import pytest

from shared.errors import Refused
from shared.fleet import Fleet
from shared.queries import filled, lookback_seconds, quoted, unquoted
from tests.fleets import BLUE, FLEET, GREEN
from tests.sources import FRONT_DOOR, TRAFFIC_MANAGER, WORLDWIDE


def named(cluster: str) -> Fleet:
    """The fleet whose green cluster has this name."""
    green = msgspec.structs.replace(FLEET.slot(GREEN), cluster_id=f"/x/{cluster}")
    return msgspec.structs.replace(FLEET, slots=(FLEET.slot(BLUE), green))


def test_a_slots_names_are_put_between_quotes() -> None:
    query = """up{cluster="{cluster}",slot='{slot}',host=~`{host}`,gateway="{gateway}"}"""
    assert filled(query, FLEET, FLEET.slot(GREEN)) == (
        """up{cluster="aks-green",slot='green',host=~`aks-green.contoso.com`,gateway="agw-green"}"""
    )


def test_a_member_is_that_of_the_balancer_that_is_asked() -> None:
    slot = WORLDWIDE.slot(GREEN)
    assert filled("Origin eq '{member}'", WORLDWIDE, slot, FRONT_DOOR.upper()) == "Origin eq 'aks-green'"
    assert filled("EndpointName eq '{member}'", WORLDWIDE, slot, TRAFFIC_MANAGER).endswith("'aks-green'")
    with pytest.raises(Refused, match="green has no member"):
        filled("Origin eq '{member}'", WORLDWIDE, slot)


@pytest.mark.parametrize(
    "cluster",
    [
        'x"} or vector(1) #',
        "x'; union *",
        "x\\",
        "x`",
        "x\ny",
        "x y",
        "{slot}",
        "x)",
        ".*",
        "x|y",
        "a" * 300,
        "",
        "aks-grün",
    ],
)
def test_a_name_that_could_end_its_quotes_or_match_more_is_refused(cluster: str) -> None:
    fleet = named(cluster)
    with pytest.raises(Refused, match="green has no cluster that a query may hold"):
        filled('up{cluster="{cluster}"}', fleet, fleet.slot(GREEN))


@pytest.mark.parametrize(
    "query",
    ["up{cluster={cluster}}", '"a" {slot}', "T // don't\n| where x == {slot}", '"\\"" + {slot} + "\\""'],
)
def test_a_name_outside_of_quotes_is_refused(query: str) -> None:
    with pytest.raises(Refused, match="must stand between quotes"):
        filled(query, FLEET, FLEET.slot(GREEN))


def test_a_name_in_a_comment_tells_no_slots_apart() -> None:
    query = "T // of \"{cluster}\"\n| where x == '{slot}'"
    assert quoted(query) == {"slot"}
    assert unquoted(query) == {"cluster"}


def test_what_is_no_name_stays_as_it_is() -> None:
    query = 'sum by (le) (rate(x{route="/users/{id}"}[5m]))'
    assert filled(query, FLEET, FLEET.slot(BLUE)) == query


@pytest.mark.parametrize(
    ("query", "seconds"),
    [
        ("up", 0),
        ("rate(x[5m])", 300),
        ("rate(x[1m]) / rate(y[1h30m])", 5400),
        ("max_over_time(rate(x[5m])[1h:1m])", 3900),
        ('x{route="/a[5m]"}', 0),
        ("rate(x[1500ms])", 2),
        ("x offset 1h", 0),
    ],
)
def test_how_far_a_query_looks_back_is_its_longest_range(query: str, seconds: int) -> None:
    assert lookback_seconds(query) == seconds
