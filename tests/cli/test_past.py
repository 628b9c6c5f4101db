"""`switchyard gates backtest` between rollouts: gates are tried on what the API reads of past metrics."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from shared.fleet import Gate, Gates, Source, Target
from shared.gate_rules import Objective
from shared.model import Outcome, Stage
from tests.cli.conftest import Cli
from tests.cli.fake_api import FakeApi, Reply, problem, told
from tests.cli.samples import FLEET, Story, as_json

NOW = datetime(2026, 11, 23, 12, 0, 30, tzinfo=UTC)
FAILURES = Gate(
    name="failures",
    source=Source.LOGS,
    target=Target.GATEWAY,
    query="T | project TimeGenerated, value",
    max_value=1.0,
    unit="%",
    group="users",
)
STRICT = msgspec.structs.replace(FAILURES, name="failures-strict", max_value=0.1, critical=True)
HOST = Gate(name="answers", source=Source.HTTP, target=Target.HOST, path="/healthz", max_value=0.0)
EPISODE = "failed 2026-11-22 20:33 to 2026-11-22 20:37 on blue, 5 looks"
PRESENT = "it asks the slot's host, which answers for the present alone"
BUSY = "Log Analytics is busy"


class Past(Story):
    """A rollout of three days ago to one and a half ago, after which users stayed on blue."""

    def __init__(self) -> None:
        super().__init__()
        self.gates = Gates(switch=(FAILURES, STRICT), bake=(FAILURES, HOST))
        first = msgspec.structs.replace(self.rollout, started_at=NOW - timedelta(days=3))
        self.now = NOW - timedelta(days=3)
        self.claim(first, "it began")
        self.then("it was slow", seconds=36 * 3600, stage=Stage.ROLLBACK, step="divert")
        self.then("traffic is on blue", seconds=0, outcome=Outcome.ROLLED_BACK, ended_at=self.now)

    def fleet_body(self) -> dict[str, Any]:
        """Its own gates, and the present."""
        declared = msgspec.structs.replace(FLEET, gates=self.gates)
        return {**super().fleet_body(), "fleet": as_json(declared), "now": as_json(NOW)}

    def evidence_page(self, after: str) -> dict[str, Any]:
        """Nothing was kept."""
        return {"verdicts": [], "next": None}


def measured(asked: dict[str, Any]) -> Reply:
    """Half a percent fails in a minute of yesterday evening, and nothing else ever does."""
    at, until = (datetime.fromisoformat(asked[key]) for key in ("since", "until"))
    bad = datetime(2026, 11, 22, 20, 30, tzinfo=UTC)
    samples = []
    while at < until:
        samples.append({"at": at.isoformat(), "value": 0.5 if at == bad else 0.0})
        at += timedelta(minutes=1)
    return told(asked, samples)


@pytest.fixture
def past(api: FakeApi) -> FakeApi:
    """An API that has something to say of the past."""
    api.story = Past()
    api.past = measured
    return api


def asked(api: FakeApi) -> list[dict[str, Any]]:
    """What was asked of the past."""
    return [heard.body for heard in api.heard if heard.path == "/api/fleets/contoso-public/readings"]


def test_it_is_told_how_often_each_gate_would_have_stopped_a_good_one(cli: Cli, past: FakeApi) -> None:
    ran = cli("gates", "backtest", "contoso-public", "--since", "4d")
    assert ran.code == 0, ran.err
    lines = ran.out.splitlines()
    begins = next(place for place, line in enumerate(lines) if line.startswith("between rollouts"))
    assert lines[begins:] == [
        "between rollouts, 2d 11h of the live slot since 2026-11-19 12:00; a start is followed for 42m 00s",
        "  left out: 2026-11-20 12:00 to 2026-11-22 00:00: contoso-public-0001 was under way",
        "",
        "switch, bake: failures: would have stopped a good one at 0 of 60 starts",
        "  hours: covered 60.0, silent 0.0, unread 0.0",
        "  looks: passed 3589, failed 0, inconclusive 0, no data 8, provider error 0, not judged 0",
        "",
        "switch: failures-strict: would have stopped a good one at 1 of 60 starts",
        "  hours: covered 60.0, silent 0.0, unread 0.0",
        "  looks: passed 3584, failed 5, inconclusive 0, no data 8, provider error 0, not judged 0",
        f"  {EPISODE}: failures-strict on blue: 0.5% is beyond the limit of 0.1% in 1 of 5 samples",
        "",
        f"bake: answers: it cannot be tried on the past: {PRESENT}",
        "",
        "switch: group users of failures, failures-strict: would have stopped a good one at 1 of 60 starts",
        "  looks: passed 3584, failed 5, inconclusive 0, no data 8, provider error 0, not judged 0",
        f"  {EPISODE}: users: a critical gate of the group failed",
        "",
        "bake: group users of failures: would have stopped a good one at 0 of 60 starts",
        "  looks: passed 3589, failed 0, inconclusive 0, no data 8, provider error 0, not judged 0",
    ]


def test_a_question_is_asked_once_a_day_at_a_time_and_never_of_the_time_of_a_rollout(
    cli: Cli, past: FakeApi
) -> None:
    cli("gates", "backtest", "contoso-public", "--since", "4d", "-o", "json")
    spans = [(each["since"], each["until"], each["slot"]) for each in asked(past)]
    assert spans == [
        ("2026-11-19T12:00:00Z", "2026-11-20T12:00:00Z", "blue"),
        ("2026-11-22T00:01:00Z", "2026-11-23T00:01:00Z", "blue"),
        ("2026-11-23T00:01:00Z", "2026-11-23T11:58:00Z", "blue"),
    ]
    assert asked(past)[0]["gate"] == {
        "name": "failures",
        "source": "logs",
        "target": "gateway",
        "query": "T | project TimeGenerated, value",
        "ingestion": 120,
    }


@pytest.mark.parametrize(
    ("length", "seam"),
    [("5m", "2026-11-23T00:00:00Z"), ("11h", "2026-11-22T14:00:00Z"), ("90s", "2026-11-23T00:00:00Z")],
)
def test_days_are_parted_where_a_bin_of_the_query_begins(
    cli: Cli, past: FakeApi, length: str, seam: str
) -> None:
    """A bin that lay in two days would be whole in neither, and is left out of both."""
    query = f"T | summarize value = count() by bin(TimeGenerated, {length})"
    story = Past()
    story.gates = Gates(switch=(msgspec.structs.replace(FAILURES, query=query),))
    past.story = story
    cli("gates", "backtest", "contoso-public", "--since", "4d", "-o", "json")
    spans = [(each["since"], each["until"]) for each in asked(past)[-2:]]
    assert spans == [("2026-11-22T00:01:00Z", seam), (seam, "2026-11-23T11:58:00Z")]


def test_the_same_as_json(cli: Cli, past: FakeApi) -> None:
    body = cli("gates", "backtest", "contoso-public", "--since", "4d", "-o", "json").json
    found = body["history"]
    assert set(found) == {"since", "until", "quiet", "left_out", "start_seconds", "gates", "groups"}
    assert [each["slot"] for each in found["quiet"]] == ["blue", "blue"]
    strict = found["gates"][1]
    assert (strict["questions"], strict["gate"], strict["untried"]) == (["switch"], "failures-strict", "")
    assert strict["starts"] == {"judged": 60, "stopped": 1, "held": 0, "blind": 0}
    assert strict["hours"] == {"covered": 59.95, "silent": 0.0, "unread": 0.0}
    assert [each["looks"] for each in strict["episodes"]] == [5]
    assert [each["gates"] for each in found["groups"]] == [["failures", "failures-strict"], ["failures"]]


def test_a_day_that_nobody_answered_for_is_told_and_is_no_good_day(cli: Cli, past: FakeApi) -> None:
    past.past = lambda body: told(body, [], BUSY) if body["since"] < "2026-11-21" else measured(body)
    found = cli("gates", "backtest", "contoso-public", "--since", "4d", "-o", "json").json["history"]
    gate = found["gates"][0]
    assert (gate["hours"]["unread"], gate["starts"]["judged"], gate["starts"]["blind"]) == (24.0, 36, 24)
    assert [each["because"] for each in gate["unread"]] == [BUSY]
    text = cli("gates", "backtest", "contoso-public", "--since", "4d").out
    assert f"  not read: 2026-11-19 12:00 to 2026-11-20 12:00: {BUSY}" in text.splitlines()


def test_a_gate_that_the_api_refuses_is_told_and_the_others_are_tried(cli: Cli, past: FakeApi) -> None:
    story = Past()
    other = msgspec.structs.replace(STRICT, name="other", query="print 1")
    story.gates = Gates(switch=(other, FAILURES))
    past.story = story
    refusal = problem(400, "the question has 1 mistake: gate.query: got print 1, expected a table")
    past.past = lambda body: refusal if body["gate"]["name"] == "other" else measured(body)
    gates = cli("gates", "backtest", "contoso-public", "--since", "4d", "-o", "json").json["history"]["gates"]
    assert [each["starts"]["judged"] for each in gates] == [0, 60]
    assert gates[0]["untried"] == refusal.body["detail"]


def test_whoever_may_not_read_the_past_still_gets_what_evidence_tells(cli: Cli, past: FakeApi) -> None:
    because = "ann@contoso.com may not read what a gate asks, over past metrics: that takes the role Operator"
    past.past = lambda _: problem(403, because)
    body = cli("gates", "backtest", "contoso-public", "--since", "4d", "-o", "json").json
    assert [end["outcome"] for end in body["rollouts"]] == ["rolled_back"]
    assert {each["untried"] for each in body["history"]["gates"] if each["gate"] != "answers"} == {because}
    assert len(asked(past)) == 1, "a no is taken for a no"


AVAILABILITY = msgspec.structs.replace(
    FAILURES,
    name="availability",
    max_value=None,
    group="",
    slo=Objective(objective=0.999, period_seconds=2 * 86_400),
    window_seconds=3600,
)


def spending(api: FakeApi) -> None:
    """A gate with an error budget of two days, which half an hour of yesterday evening spends."""
    story = Past()
    story.gates = Gates(switch=(AVAILABILITY,))
    api.story = story

    def spent(asked: dict[str, Any]) -> Reply:
        reply = measured(asked)
        for each in reply.body["samples"]:
            each["value"] = float("2026-11-22T20:30" <= each["at"] < "2026-11-22T21:00")
        return reply

    api.past = spent


def test_a_budget_is_read_back_by_its_period_and_the_looks_are_cut_from_that(cli: Cli, past: FakeApi) -> None:
    spending(past)
    text = cli("gates", "backtest", "contoso-public", "--since", "4d").out
    spans = [(each["since"], each["until"], each["slot"]) for each in asked(past)]
    assert len(spans) == 6
    # Two days of the period, then the two days of the rollout as well: they are what live had measured.
    assert spans[0] == ("2026-11-17T11:58:00Z", "2026-11-18T11:58:00Z", "blue")
    assert spans[-1] == ("2026-11-22T11:58:00Z", "2026-11-23T11:58:00Z", "blue")
    told = "T0 would have refused 15 of 60 starts, because the error budget was spent"
    assert f"  budget: {told}" in text.splitlines()


def test_a_budget_as_json(cli: Cli, past: FakeApi) -> None:
    found = cli("gates", "backtest", "contoso-public", "--since", "4d", "-o", "json").json["history"]["gates"]
    assert {each["budget"] for each in found} == {None}
    spending(past)
    (gate,) = cli("gates", "backtest", "contoso-public", "--since", "4d", "-o", "json").json["history"][
        "gates"
    ]
    assert {name: gate["budget"][name] for name in ("judged", "refused", "blind")} == {
        "judged": 60,
        "refused": 15,
        "blind": 0,
    }
    assert gate["hours"] == {"covered": 59.95, "silent": 0.0, "unread": 0.0}


def test_a_day_of_the_period_that_nobody_answered_for_leaves_its_starts_untold(
    cli: Cli, past: FakeApi
) -> None:
    spending(past)
    well = past.past
    assert well is not None
    past.past = lambda body: told(body, [], BUSY) if body["since"] < "2026-11-18" else well(body)
    (gate,) = cli("gates", "backtest", "contoso-public", "--since", "4d", "-o", "json").json["history"][
        "gates"
    ]
    assert (gate["budget"]["judged"], gate["budget"]["blind"]) == (36, 24)
    assert (gate["hours"]["unread"], gate["unread"]) == (0.0, [])
