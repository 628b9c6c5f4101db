"""A canary's rule on a Front Door: what it says, and how it is put and lifted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from shared.actions import SetMatch
from shared.azure.front_door_rule import Rule, rule
from shared.errors import Retry
from shared.levers import Match
from shared.probes import BalancerSeen
from tests.azure.stub import Said
from tests.azure.test_front_door import (
    ACCEPTED,
    COOKIE,
    GONE,
    GROUP,
    HEADER,
    LEVER,
    Script,
    do,
    found,
    origins,
    see,
    written,
)
from tests.fleets import GREEN


def shaped(properties: dict[str, Any]) -> Rule:
    """A rule with these properties."""
    return msgspec.convert({"properties": {"provisioningState": "Succeeded", **properties}}, Rule)


@pytest.mark.parametrize("match", [HEADER, COOKIE], ids=["header", "cookie"])
def test_a_rule_says_what_was_put_and_nothing_else(match: Match) -> None:
    properties = rule(match, GROUP)["properties"]
    assert shaped(properties).says(match, GROUP.upper())
    assert not shaped(properties).says(COOKIE if match == HEADER else HEADER, GROUP)
    assert not shaped(properties).says(match, GROUP.replace("green", "blue"))
    (condition,) = properties["conditions"]
    for other in (
        {"operator": "Contains"},
        {"negateCondition": True},
        {"matchValues": ["c", "d"]},
        {"matchValues": None},
        {"selector": None},
    ):
        changed = [{**condition, "parameters": {**condition["parameters"], **other}}]
        assert not shaped({**properties, "conditions": changed}).says(match, GROUP), other
    assert not shaped({**properties, "conditions": [condition, condition]}).says(match, GROUP)
    assert not shaped({**properties, "conditions": None}).says(match, GROUP)
    assert not shaped({**properties, "conditions": [{**condition, "name": "UrlPath"}]}).says(match, GROUP)


async def test_a_rule_that_sends_elsewhere_is_seen_to_do_so(tmp_path: Path) -> None:
    elsewhere = rule(HEADER, GROUP.replace("only-green", "lab"))["properties"]["actions"]
    for actions, matched in ((elsewhere, "lab"), ([], "")):
        script = {("GET", "/origins"): [origins()], ("GET", "/switchyardCanary"): [found(actions=actions)]}
        seen = await see(tmp_path, script)
        assert isinstance(seen, BalancerSeen)
        assert seen.matched == matched


async def test_an_answer_that_shows_another_rule_is_not_success(tmp_path: Path) -> None:
    order = SetMatch(LEVER, HEADER, GREEN)
    with pytest.raises(Retry, match="another one"):
        await do(tmp_path, order, {("PUT", "/switchyardCanary"): [found(COOKIE)]})
    await do(tmp_path, order, {("PUT", "/switchyardCanary"): [Said(201, found(HEADER).body)]})


async def test_a_rule_that_says_so_already_is_not_put_again(tmp_path: Path) -> None:
    script: Script = {("GET", "/switchyardCanary"): [found(HEADER)], ("PUT", "/switchyardCanary"): [ACCEPTED]}
    assert written(await do(tmp_path, SetMatch(LEVER, HEADER, GREEN), script)) == []
    (put,) = written(await do(tmp_path, SetMatch(LEVER, COOKIE, GREEN), script))
    assert put[:2] == ("PUT", "switchyardCanary")
    script = {**script, ("GET", "/switchyardCanary"): [found(HEADER, deploymentStatus="Failed")]}
    (put,) = written(await do(tmp_path, SetMatch(LEVER, HEADER, GREEN), script))
    assert put[:2] == ("PUT", "switchyardCanary"), "no edge may have what failed to deploy"


@pytest.mark.parametrize(
    "said", [Said(202), Said(204), Said(200), Said(404, GONE.body)], ids=lambda each: each.status
)
async def test_a_rule_that_is_gone_is_lifted(tmp_path: Path, said: Said) -> None:
    script: Script = {("GET", "/switchyardCanary"): [found()], ("DELETE", "/switchyardCanary"): [said]}
    server = await do(tmp_path, SetMatch(LEVER, HEADER, None), script)
    assert [method for method, _, _ in written(server)] == ["DELETE"]
