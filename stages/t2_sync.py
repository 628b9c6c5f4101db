"""T2, sync: freeze the live cluster, carry its Kubernetes state over, and prove the candidate compatible.

Source: the AKS blue-green guide, "T2: Sync the Kubernetes state between the blue and green clusters". The old
TTL is lowered here, at least one old TTL before the switch, so that no resolver holds the old answer longer.
"""

from __future__ import annotations

from shared.actions import PointRecord, StartSync
from shared.decision import Seen
from shared.fleet import Fleet, Gate
from shared.gates import advises
from shared.gates.figures import many
from shared.model import Rollout
from shared.probes import Probe, SyncSeen, SyncState
from stages.freezing import command_needs, freeze
from stages.levers import first_elsewhere, levers, point_each
from stages.looking import judged_on, passing, readings, record_seen, seen_as, unavailable
from stages.step import Move, Step, Verb, act, advance, fail, judged, wait
from stages.t0_prepare import approval
from stages.t1_deploy import platform_gate, platform_needs
from stages.verdicts import before_switch, unseen
from stages.watching import moved_by_others


def _lower_ttl(fleet: Fleet, rollout: Rollout, seen: Seen) -> Move:
    moved = first_elsewhere(fleet, rollout, rollout.live, seen)
    if moved is not None:
        return moved_by_others(fleet, rollout, moved, seen)
    writes = point_each(fleet, rollout, fleet.live_records, rollout.live, seen, low_ttl=True)
    if len(writes) < len(fleet.live_records):
        because = unavailable(seen, levers(fleet, rollout))
        return unseen(rollout, f"a live record could not be read: {because}")
    late = tuple(write for write in writes if _ttl_above(seen, write))
    if late:
        names = ", ".join(write.record.fqdn for write in late)
        because = f"lowers the TTL of {names} to {late[0].ttl_seconds} s"
        return act(rollout, because, *late, ttl_lowered_at=seen.now)
    return advance(rollout, "the TTL of every live record is low", ttl_lowered_at=seen.since)


def _ttl_above(seen: Seen, write: PointRecord) -> bool:
    found = record_seen(seen, write.record)
    return found is not None and found.ttl_seconds > write.ttl_seconds


def _ttl_applies(fleet: Fleet, _rollout: Rollout) -> bool:
    return any(record.ttl_seconds > fleet.policy.switch_ttl_seconds for record in fleet.live_records)


def _sync_needs(_fleet: Fleet, rollout: Rollout) -> frozenset[Probe]:
    return frozenset({SyncState(rollout.candidate)})


def _sync(_fleet: Fleet, rollout: Rollout, seen: Seen) -> Move:
    probe = SyncState(rollout.candidate)
    found = seen_as(seen, probe, SyncSeen)
    if found is None:
        return unseen(rollout, f"the sync could not be read: {unavailable(seen, [probe])}")
    if found.state == "absent":
        because = f"starts the sync of {rollout.candidate}"
        return act(rollout, because, StartSync(rollout.candidate), wake_seconds=30)
    if found.state == "failed":
        return fail(rollout, f"the sync of {rollout.candidate} failed: {found.because}")
    if found.state != "compliant":
        return wait(rollout, f"{rollout.candidate} is syncing: {found.because or found.state}", failures=0)
    commits = ", ".join(sorted(set(found.commits.values())))
    return advance(rollout, f"{rollout.candidate} carries the declared state ({commits})")


def parity_needs(_fleet: Fleet, rollout: Rollout) -> frozenset[Probe]:
    """The GitOps configurations of both slots."""
    return frozenset({SyncState(rollout.live), SyncState(rollout.candidate)})


def disparity(fleet: Fleet, rollout: Rollout, seen: Seen) -> str | None:
    """In what the candidate differs from live, None if in nothing. Both must have been observed."""
    live = seen_as(seen, SyncState(rollout.live), SyncSeen)
    candidate = seen_as(seen, SyncState(rollout.candidate), SyncSeen)
    assert live is not None, "the caller has checked that both were observed"
    assert candidate is not None, "the caller has checked that both were observed"
    if candidate.state != "compliant":
        return f"{rollout.candidate} is not compliant: {candidate.because or candidate.state}"
    names = [configuration.name for configuration in fleet.sync]
    unknown = [name for name in names if name not in live.commits]
    if unknown:
        return f"{rollout.live} has no commit of {', '.join(unknown)} to compare with"
    different = [name for name in names if candidate.commits.get(name) != live.commits[name]]
    if different:
        return f"{rollout.candidate} is at another commit than live in {', '.join(different)}"
    return None


def _parity(fleet: Fleet, rollout: Rollout, seen: Seen) -> Move:
    unread = unavailable(seen, parity_needs(fleet, rollout))
    if unread is not None:
        return unseen(rollout, f"the commits could not be compared: {unread}")
    found = disparity(fleet, rollout, seen)
    if found is not None:
        return wait(rollout, found, failures=0)
    return advance(rollout, f"{rollout.candidate} carries what {rollout.live} carries")


def _tests(name: str, gates: str) -> Step:
    def of(fleet: Fleet) -> tuple[Gate, ...]:
        return tuple(getattr(fleet.gates, gates))

    def needs(fleet: Fleet, rollout: Rollout) -> frozenset[Probe]:
        return readings(of(fleet), rollout.candidate, rollout.entered_at, rollout)

    def decide(fleet: Fleet, rollout: Rollout, seen: Seen) -> Move:
        found = judged_on(fleet, of(fleet), rollout.candidate, rollout.entered_at, rollout, seen)
        judgements, verdict, because = found
        if all(map(advises, of(fleet))):
            asked = many(len(judgements), f"{gates} gate was", f"{gates} gates were")
            only = "advises" if len(judgements) == 1 else "advise"
            told = f"{asked} asked on {rollout.candidate}, and only {only}"
            return judged(advance(rollout, told), judgements)
        passed = f"{passing(judgements, gates)} on {rollout.candidate}'s own host name"
        return judged(before_switch(rollout, verdict, because, passed), judgements)

    return Step(
        name, decide, needs, applies=lambda fleet, _: bool(of(fleet)), deadline_seconds=1800, promotable=True
    )


def _synced(fleet: Fleet, _rollout: Rollout) -> bool:
    return bool(fleet.sync)


STEPS = (
    Step("freeze", freeze, command_needs, applies=lambda fleet, _: fleet.freeze is not None),
    Step("lower_ttl", _lower_ttl, levers, applies=_ttl_applies),
    Step("sync", _sync, _sync_needs, applies=_synced, deadline_seconds=3600),
    Step("sync_gate", platform_gate, platform_needs, deadline_seconds=1800, promotable=True),
    _tests("functional_tests", "functional"),
    _tests("load_test", "load"),
    Step(
        "parity",
        _parity,
        parity_needs,
        applies=_synced,
        deadline_seconds=1800,
        at_deadline=Verb.HOLD,
        promotable=True,
    ),
    approval("approve_switch", "switch the traffic?", "switch"),
)
