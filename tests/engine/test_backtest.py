"""Rollouts of the real engine, tried with the gates that they were judged by: it comes to the same."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from sandbox.world import Faults
from shared.fleet import Fleet
from shared.gates.backtest import Backtest, Said, Trial, backtest
from shared.gates.ends import Ended, Reason
from shared.model import Outcome, SignalKind
from shared.ports import Judged
from shared.store.evidence import EvidenceRows
from tests.engine.rig import Rig
from tests.engine.test_anomalies import learning
from tests.fleets import ERRORS, fleet


async def rig(faults: Faults | None = None, declared: Fleet | None = None) -> Rig:
    it = await Rig(declared or fleet(), faults).applied()
    await it.publish_version()
    return it


async def ended(it: Rig) -> Ended:
    """The rollout with all that is kept of it, once it has ended."""
    rollout = await it.ended()
    verdicts: list[Judged] = []
    after: str | None = ""
    while after is not None:
        page = await EvidenceRows(it.tables).page(it.fleet.name, rollout.id, after)
        verdicts += page.verdicts
        after = page.next
    entries = await it.store.audit(it.fleet.name, rollout.id)
    return Ended(rollout=rollout, entries=entries, verdicts=tuple(verdicts))


def said(found: Backtest) -> dict[str, set[Said]]:
    """What the gates of each question would have done."""
    kinds: dict[str, set[Said]] = {}
    for trial in found.gates:
        assert trial.unjudged == (), trial
        kinds.setdefault(trial.question, set()).update(case.said for case in trial.cases)
    return kinds


async def test_the_gates_that_let_a_good_rollout_pass_let_it_pass_again() -> None:
    it = await rig()
    past = await ended(it)
    assert past.rollout.outcome is Outcome.COMPLETED
    found = backtest(it.fleet, [past])
    assert set().union(*said(found).values()) == {Said.PASS}
    assert set(said(found)) == {"platform", "functional", "switch", "bake"}


async def test_the_gate_that_turned_a_rollout_back_does_so_at_the_same_moment() -> None:
    it = await rig(Faults(slow_burn=True))
    found = backtest(it.fleet, [await ended(it)])
    assert found.rollouts[0].reason is Reason.GATE
    stopped = [case for trial in found.gates for case in trial.cases if case.said is Said.STOP]
    assert [case.earlier_seconds for case in stopped] == [0.0]
    assert stopped[0].because == found.rollouts[0].because


async def test_with_other_rules_a_slow_burn_would_have_been_seen_earlier_or_not_at_all() -> None:
    it = await rig(Faults(slow_burn=True))
    past = await ended(it)
    hasty = trial(it, past, min_samples=1)
    assert hasty.caught == 1
    assert (hasty.cases[0].earlier_seconds or 0.0) > 0
    blind = trial(it, past, max_value=0.5)
    assert (blind.caught, blind.misses + blind.held) == (0, 1)


def trial(it: Rig, past: Ended, **rules: Any) -> Trial:
    """The gate on failures after the switch, with other rules."""
    gates = replace(it.fleet.gates, switch=(replace(ERRORS, **rules),))
    found = backtest(replace(it.fleet, gates=gates), [past])
    return next(each for each in found.gates if each.question == "switch")


async def test_an_alert_and_a_person_who_turn_a_rollout_back_are_told_apart() -> None:
    alarmed, called = await rig(), await rig()
    await alarmed.until("bake")
    await alarmed.fire()
    await called.until("observe")
    await called.send(SignalKind.ROLLBACK, by="olivia@contoso.com")
    found = backtest(alarmed.fleet, [await ended(alarmed), await ended(called)])
    assert [end.reason for end in found.rollouts] == [Reason.ALERT, Reason.PERSON]


@pytest.mark.parametrize("faults", [None, Faults(slow_burn=True)])
async def test_an_anomaly_comes_to_the_same_by_the_weeks_that_the_rollout_read(faults: Faults | None) -> None:
    it = await rig(faults, learning(decides=True))
    past = await ended(it)
    told = {
        each.judgement.because
        for each in past.verdicts
        if (each.judgement.gate, each.judgement.slot) == ("unusual", past.rollout.candidate)
    }
    found = backtest(it.fleet, [past])
    cases = [case for trial in found.gates if trial.gate == "unusual" for case in trial.cases]
    assert cases
    assert {case.because for case in cases} <= told
    stopped = [case for case in cases if case.said is Said.STOP]
    assert [case.earlier_seconds for case in stopped] == ([] if faults is None else [0.0])
