"""`switchyard scorecard` as a person runs it."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Cli, squeezed
from tests.cli.fake_api import FakeApi
from tests.cli.samples import in_sync

MET = "✓ M1 cut-over success rate met 100 % of the cut-overs needed no way back; the target is at least 99 %"


@pytest.fixture(autouse=True)
def known(api: FakeApi) -> None:
    """An API that knows the fleet."""
    api.story = in_sync()


def test_each_measure_has_a_line_with_what_came_of_it_and_why(cli: Cli) -> None:
    ran = cli("scorecard", "contoso-public")

    lines = [squeezed(line) for line in ran.out.splitlines()]
    assert ran.code == 0
    assert lines[:2] == ["contoso-public: 1 rollout that ended in the last 30 days", MET]
    marks = [line.split()[0] for line in lines[1:]]
    assert marks == ["✓", "?", "·", *"???????"]
    assert lines[4].endswith("not measured nobody measured it; the target is at most 2 times the baseline")


def test_days_and_a_rollout_are_asked_for(cli: Cli) -> None:
    assert cli("scorecard", "contoso-public", "--days", "7", "-o", "json").json["days"] == 7
    one = cli("scorecard", "contoso-public", "contoso-public-0001", "-o", "json").json
    assert (one["days"], one["rollouts"]) == (None, ["contoso-public-0001"])
    assert cli("scorecard", "contoso-public", "contoso-public-0001").out.startswith(
        "contoso-public: contoso-public-0001\n"
    )


@pytest.mark.parametrize("words", [("--days", "0"), ("--days", "x"), ("contoso-public-0001", "--days", "3")])
def test_a_question_that_makes_no_sense_is_a_wrong_command_line(cli: Cli, words: tuple[str, ...]) -> None:
    assert cli("scorecard", "contoso-public", *words).code == 2
