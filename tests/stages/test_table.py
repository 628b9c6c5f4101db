"""Every cell of the transition table, stated. The documents draw the same table."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from shared.model import AlertState, FleetState, HoldKind, Outcome, Rollout, Signal, SignalKind, Stage
from stages.react import react
from stages.table import REFUSALS, TABLE, Phase, Reaction, Trigger, phase_of
from tests.fleets import BLUE, FLEET, GREEN

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)

EXPECTED = """
                   idle    T0       T1       T2       T3         T4         destroying  rollback
version            start   note     note     note     note       note       note        note      note
start              start   refuse   refuse   refuse   refuse     refuse     refuse      refuse    refuse
promote            refuse  promote  promote  promote  promote    promote    refuse      refuse    refuse
pause              refuse  hold     hold     hold     hold       hold       refuse      refuse    refuse
resume             refuse  release  release  release  release    release    refuse      refuse    refuse
rollback           refuse  stop     stop     stop     roll-back  roll-back  refuse      note      roll-back
retry              refuse  retry    retry    retry    retry      retry      retry       retry     roll-back
alert-on-candidate note    note     stop     stop     roll-back  roll-back  refuse      note      note
alert-on-candidate,-to-hold note hold hold   hold     hold       hold       refuse      note      note
alert-on-live      note    hold     hold     hold     hold       note       note        note      note
alert-to-note      note    note     note     note     note       note       note        note      note
alert-from-before  note    note     note     note     note       note       note        note      note
alert-resolved     note    release  release  release  release    release    note        note      note
news               note    note     note     note     note       note       note        note      note
"""


def cells() -> list[tuple[Trigger, Phase, Reaction]]:
    head, *lines = EXPECTED.strip("\n").splitlines()
    phases = [*map(Phase, head.split()), Phase.ROLLBACK_FAILED]
    found = []
    for line in lines:
        name, *reactions = line.split()
        trigger = Trigger(name.replace("-", " "))
        for phase, reaction in zip(phases, reactions, strict=True):
            found.append((trigger, phase, Reaction(reaction.replace("-", " "))))
    return found


@pytest.mark.parametrize(("trigger", "phase", "reaction"), cells())
def test_each_signal_does_in_each_phase_what_the_table_says(
    trigger: Trigger, phase: Phase, reaction: Reaction
) -> None:
    assert TABLE[trigger][phase] is reaction


def test_the_table_has_no_cell_that_is_not_stated() -> None:
    assert {(t, p) for t, p, _ in cells()} == {(t, p) for t in Trigger for p in Phase}


def test_every_refusal_has_a_sentence() -> None:
    refusing = {p for t in Trigger for p in Phase if TABLE[t][p] is Reaction.REFUSE}
    assert refusing <= set(REFUSALS)


PLACES = {
    Phase.PREPARE: (Stage.PREPARE, "preflight"),
    Phase.DEPLOY: (Stage.DEPLOY, "deploy"),
    Phase.SYNC: (Stage.SYNC, "sync"),
    Phase.SWITCH: (Stage.SWITCH, "observe"),
    Phase.RETIRE: (Stage.RETIRE, "bake"),
    Phase.DESTROYING: (Stage.RETIRE, "destroy"),
    Phase.ROLLBACK: (Stage.ROLLBACK, "divert"),
    Phase.ROLLBACK_FAILED: (Stage.ROLLBACK, "divert"),
}


_WITH_USERS = (Phase.SWITCH, Phase.RETIRE, Phase.DESTROYING, Phase.ROLLBACK, Phase.ROLLBACK_FAILED)


def state_in(phase: Phase) -> FleetState:
    """A fleet in that phase."""
    if phase is Phase.IDLE:
        return FleetState(live=BLUE)
    stage, step = PLACES[phase]
    rollout = Rollout(
        id="contoso-0001",
        version="1.32.6",
        live=BLUE,
        candidate=GREEN,
        safe=BLUE,
        stage=stage,
        step=step,
        entered_at=NOW,
        started_at=NOW,
        started_by="version_available",
        because="begun",
        shifted=phase in _WITH_USERS,
        destroying=phase is Phase.DESTROYING,
        outcome=Outcome.ROLLBACK_FAILED if phase is Phase.ROLLBACK_FAILED else None,
    )
    return FleetState(live=BLUE, epoch=7, rollouts=1, rollout=rollout)


def signal(kind: SignalKind, **fields: object) -> Signal:
    known = {"id": f"{kind.value}-1", "fleet": "contoso", "at": NOW, "because": f"a {kind.value}"}
    return Signal(kind=kind, **{**known, **fields})  # type: ignore[arg-type]


FIRED = signal(SignalKind.ALERT, slot=GREEN, state="fired", severity="Sev1", alert_id="a")


@pytest.mark.parametrize("phase", Phase)
def test_the_phase_is_read_from_the_state_alone(phase: Phase) -> None:
    assert phase_of(state_in(phase)) is phase


@pytest.mark.parametrize("phase", [Phase.SWITCH, Phase.RETIRE])
def test_an_alert_that_arrives_behind_other_signals_still_comes_first(phase: Phase) -> None:
    signals = (signal(SignalKind.PAUSE, by="olivia"), signal(SignalKind.PROMOTE, by="olivia"), FIRED)
    reacted = react(FLEET, state_in(phase), signals, NOW, None)
    rollout = reacted.state.rollout
    assert rollout is not None
    assert (rollout.stage, rollout.held) == (Stage.ROLLBACK, None)
    assert [(d.id, d.applied) for d in reacted.dispositions] == [
        ("alert-1", True),
        ("pause-1", False),
        ("promote-1", False),
    ]


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("kind", SignalKind)
def test_every_signal_gets_exactly_one_answer_in_every_phase(phase: Phase, kind: SignalKind) -> None:
    reacted = react(FLEET, state_in(phase), (signal(kind),), NOW, "1.31.9")
    assert [d.id for d in reacted.dispositions] == [f"{kind.value}-1"]
    assert reacted.dispositions[0].because


def test_a_resolved_alert_lifts_only_the_hold_that_it_caused() -> None:
    on_live = signal(SignalKind.ALERT, slot=BLUE, state="fired", severity="Sev1", alert_id="mine")
    held = react(FLEET, state_in(Phase.SYNC), (on_live,), NOW, None).state
    assert held.rollout is not None
    assert held.rollout.held is not None
    assert held.rollout.held.kind is HoldKind.ALERT
    for alert_id, lifted in (("other", False), ("mine", True)):
        resolved = signal(SignalKind.ALERT, slot=BLUE, state=AlertState.RESOLVED.value, alert_id=alert_id)
        after = react(FLEET, held, (resolved,), NOW, None).state.rollout
        assert after is not None
        assert (after.held is None) is lifted


def test_a_severity_that_the_fleet_does_not_act_on_is_news() -> None:
    quiet = msgspec.structs.replace(
        FLEET, policy=msgspec.structs.replace(FLEET.policy, alert_severities=("Sev0",))
    )
    state = state_in(Phase.RETIRE)
    assert react(quiet, state, (FIRED,), NOW, None).state == state


@pytest.mark.parametrize(
    ("version", "live", "starts"),
    [("1.32.6", "1.31.9", True), ("1.31.9", "1.31.9", False), ("1.9.0", "1.31.9", False)],
)
def test_a_published_version_starts_a_rollout_only_if_it_is_newer(
    version: str, live: str, starts: bool
) -> None:
    event = signal(SignalKind.VERSION_AVAILABLE, versions={"stable": version})
    reacted = react(FLEET, state_in(Phase.IDLE), (event,), NOW, live)
    assert reacted.started is starts
    assert reacted.dispositions[0].applied


def test_a_command_for_another_rollout_is_refused() -> None:
    late = signal(SignalKind.ROLLBACK, rollout="contoso-0000", by="olivia")
    reacted = react(FLEET, state_in(Phase.RETIRE), (late,), NOW, None)
    assert not reacted.dispositions[0].applied
    assert "not the present rollout" in reacted.dispositions[0].because
