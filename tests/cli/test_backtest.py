"""`switchyard gates backtest`: gates are tried on the evidence that the API keeps of past rollouts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from cli.files import fleet_from
from sandbox.demo.rehearsal import REPOSITORY
from shared.fleet import Gate, Gates, Source, Target
from shared.model import Outcome, Sample, Stage, Verdict
from tests.cli.conftest import Cli
from tests.cli.fake_api import FakeApi
from tests.cli.samples import FLEET, GREEN, Story, as_json, in_sync

GATES = Gates(
    switch=(
        Gate(
            name="failed_requests",
            source=Source.LOGS,
            target=Target.GATEWAY,
            query="failures",
            max_value=1.0,
            min_samples=1,
            unit="%",
        ),
    ),
    bake=(Gate(name="latency", source=Source.LOGS, target=Target.GATEWAY, query="waits", max_value=250.0),),
)
NOW = datetime(2026, 11, 23, 12, 0, 30, tzinfo=UTC)
FAILED = "failed_requests on green: 6.2% is beyond the limit of 1% in 1 of 1 samples"


class Past(Story):
    """A story whose fleet asks its gates of logs, and is looked at two days later."""

    gates = GATES

    def fleet_body(self) -> dict[str, Any]:
        declared = msgspec.structs.replace(FLEET, gates=self.gates)
        return {**super().fleet_body(), "fleet": as_json(declared), "now": as_json(NOW)}


@pytest.fixture
def turned_back(api: FakeApi) -> Story:
    """A rollout of two days ago: 6.2 % failed in the end, which a person saw ten minutes later."""
    story = Past()
    story.now = NOW - timedelta(days=2)
    story.walk("shift", "converge", "observe", stage=Stage.SWITCH)
    for number in (0.2, 6.2):
        story.then("the gate was asked", seconds=60)
        story.judged(
            "failed_requests",
            GREEN,
            Verdict.PASS,
            because="it was within the limit",
            source="failures",
            samples=(Sample(at=story.now, value=number),),
            since=story.now - timedelta(minutes=5),
            until=story.now,
        )
    because = "ann@contoso.com saw that it failed"
    story.then(
        because,
        seconds=600,
        who="ann@contoso.com",
        stage=Stage.ROLLBACK,
        step="divert",
        shifted=True,
        rollback_because=because,
    )
    story.then("traffic is on blue", outcome=Outcome.ROLLED_BACK, ended_at=story.now)
    api.story = story
    return story


@pytest.mark.usefixtures("turned_back")
def test_it_is_told_what_each_gate_would_have_done_and_how_much_earlier(cli: Cli) -> None:
    ran = cli("gates", "backtest", "contoso-public")
    assert ran.code == 0, ran.err
    assert ran.out.splitlines()[:9] == [
        "1 rollout of contoso-public ended within 30d: 0 good, 1 bad (person 1)",
        "  contoso-public-0001  rolled back by person: ann@contoso.com saw that it failed",
        "",
        "switch: failed_requests: would have stopped 0 of 0 good rollouts, and passed 0 of 1 bad ones",
        "  judged 1, false alarms 0, misses 0, caught 1, held 0",
        f"  contoso-public-0001  bad, would have stopped it 10m 00s earlier: {FAILED}",
        "",
        "bake: latency: nothing is known of it: it was not asked, or under another name",
        "  contoso-public-0001  not judged: it was not asked, or under another name",
    ]


@pytest.mark.usefixtures("turned_back")
def test_the_same_as_json(cli: Cli) -> None:
    body = cli("gates", "backtest", "contoso-public", "--since", "7d", "-o", "json").json
    assert (body["fleet"], body["since_seconds"]) == ("contoso-public", 604_800)
    assert [(end["good"], end["reason"]) for end in body["rollouts"]] == [(False, "person")]
    known, unknown = body["gates"]
    assert (known["question"], known["judged"], known["caught"]) == ("switch", 1, 1)
    assert [(case["said"], case["earlier_seconds"]) for case in known["cases"]] == [("stop", 600)]
    assert unknown["unjudged"] == [
        {
            "rollout": "contoso-public-0001",
            "because": "it was not asked, or under another name",
        }
    ]


@pytest.mark.usefixtures("turned_back")
def test_the_gates_of_a_file_are_tried_on_the_rollouts_of_the_fleet_it_names(cli: Cli) -> None:
    file = REPOSITORY / "examples" / "contoso-public.yaml"
    body = cli("gates", "backtest", str(file), "-o", "json").json
    assert body["fleet"] == "contoso-public"
    assert [end["rollout"] for end in body["rollouts"]] == ["contoso-public-0001"]
    switch = [each["gate"] for each in body["gates"] if each["question"] == "switch"]
    assert switch == [gate.name for gate in fleet_from(file).gates.switch]


@pytest.mark.usefixtures("turned_back")
def test_what_ended_before_is_left_out(cli: Cli) -> None:
    body = cli("gates", "backtest", "contoso-public", "--since", "1d", "-o", "json").json
    assert body["rollouts"] == []
    assert {gate["because"] for gate in body["gates"]} == {"no rollout has ended to try it on"}


def test_a_rollout_under_way_is_left_out(cli: Cli, api: FakeApi) -> None:
    api.story = in_sync()
    assert "0 rollouts of contoso-public ended" in cli("gates", "backtest", "contoso-public").out


@pytest.mark.parametrize(
    ("words", "code", "wrong"),
    [
        (("contoso-public", "--since", "a month"), 2, "got a month, expected a duration such as 12h or 30d"),
        (
            ("contoso-public", "--since", "30"),
            2,
            "got 30, expected a duration such as 12h or 30d, 1m to 3650d",
        ),
        (("contoso-public", "--since", "0d"), 2, "got 0d, expected a duration"),
        (("contoso-public", "--since", "999999999d"), 2, "got 999999999d, expected a duration"),
        (("./none.yaml",), 2, "there is no file ./none.yaml"),
        (("contoso-other",), 1, "there is no such thing"),
    ],
)
def test_what_is_wrong_is_told(cli: Cli, words: tuple[str, ...], code: int, wrong: str) -> None:
    ran = cli("gates", "backtest", *words)
    assert ran.code == code
    assert wrong in " ".join(ran.err.split())
