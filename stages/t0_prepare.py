"""T0, prepare: may this rollout begin at all, and is the ground what the plan believes it to be?

Source: the AKS blue-green guide, "T0: The blue cluster is on".
"""

from __future__ import annotations

import math

import msgspec

from shared.decision import Seen
from shared.fleet import Fleet
from shared.gates import advises, beside_live, mean
from shared.model import Rollout, Verdict
from shared.probes import (
    AddressSeen,
    CheckSeen,
    ClusterSeen,
    ClusterState,
    DeploymentCheck,
    Probe,
    Reading,
    SlotAddress,
)
from stages import following
from stages.budgeting import budget_needs, spent
from stages.ground import ground_needs, lever_problems
from stages.looking import judged_on, reading, readings, seen_as, unavailable
from stages.shadow import not_asked
from stages.step import Move, Step, Verb, advance, fail, hold, judged, wait
from stages.verdicts import unseen
from stages.versions import newer
from stages.windows import seconds_until_open

_REMINDER_SECONDS = 3600


def _admit_needs(fleet: Fleet, rollout: Rollout) -> frozenset[Probe]:
    return budget_needs(fleet, rollout) | {ClusterState(rollout.live)}


def _admit(fleet: Fleet, rollout: Rollout, seen: Seen) -> Move:
    live = seen_as(seen, ClusterState(rollout.live), ClusterSeen)
    if live is None:
        because = unavailable(seen, [ClusterState(rollout.live)])
        return unseen(rollout, f"the live cluster could not be read: {because}")
    if not live.exists:
        return fail(rollout, f"the live slot {rollout.live} has no cluster")
    if newer(live.version, rollout.version):
        return fail(rollout, f"version {rollout.version} is older than {live.version}, which is live")
    closed = seconds_until_open(fleet.versions.windows, seen.now) if fleet.versions.windows else 0
    if closed:
        return wait(rollout, "outside the fleet's windows: it starts in the next one", wake_seconds=closed)
    left = spent(fleet, rollout, seen)
    if isinstance(left, Move):
        return left
    return judged(advance(rollout, f"version {rollout.version} may replace {live.version}"), left)


def _check(fleet: Fleet, rollout: Rollout) -> DeploymentCheck:
    template = rollout.template_version or fleet.provisioner.template_version
    return DeploymentCheck(rollout.candidate, rollout.version, template)


def _preflight_needs(fleet: Fleet, rollout: Rollout) -> frozenset[Probe]:
    own: set[Probe] = {
        SlotAddress(rollout.live),
        SlotAddress(rollout.candidate),
        ClusterState(rollout.candidate),
        _check(fleet, rollout),
    }
    return ground_needs(fleet, rollout) | own


def _preflight(fleet: Fleet, rollout: Rollout, seen: Seen) -> Move:
    missing = unavailable(seen, _preflight_needs(fleet, rollout))
    if missing is not None:
        return unseen(rollout, f"the ground could not be checked: {missing}")
    addresses: dict[str, str] = {
        slot: found.address.rstrip(".").lower()
        for slot in (rollout.live, rollout.candidate)
        if (found := seen_as(seen, SlotAddress(slot), AddressSeen)) is not None
    }
    addressed = msgspec.structs.replace(rollout, addresses=addresses)
    problems = [*lever_problems(fleet, addressed, seen), *_ground_problems(fleet, rollout, seen)]
    if problems:
        return fail(rollout, "the ground is not as planned: " + "; ".join(problems))
    because = (
        f"live records agree with {rollout.live}, {rollout.candidate} is free, ARM accepts the deployment"
    )
    return advance(rollout, because, addresses=addresses)


def _ground_problems(fleet: Fleet, rollout: Rollout, seen: Seen) -> list[str]:
    problems = []
    candidate = seen_as(seen, ClusterState(rollout.candidate), ClusterSeen)
    if candidate is not None and candidate.exists:
        problems.append(f"the slot {rollout.candidate} still holds a cluster at {candidate.version}")
    check = seen_as(seen, _check(fleet, rollout), CheckSeen)
    if check is not None and not check.valid:
        problems.append(f"ARM refuses the deployment: {check.because}")
    return problems


def _baseline_needs(fleet: Fleet, rollout: Rollout) -> frozenset[Probe]:
    return readings((*fleet.gates.switch, *fleet.gates.load), rollout.live, None, rollout)


def _baseline(fleet: Fleet, rollout: Rollout, seen: Seen) -> Move:
    gates = (*fleet.gates.switch, *fleet.gates.load)
    baseline = {
        gate.name: value
        for gate in gates
        if (found := seen_as(seen, reading(gate, rollout.live, None, rollout), Reading)) is not None
        and (value := mean(found.samples)) is not None
    }
    absolute = tuple(
        gate for gate in fleet.gates.switch if gate.max_over_baseline is None and not beside_live(gate)
    )
    judgements, verdict, because = judged_on(fleet, absolute, rollout.live, None, rollout, seen, math.inf)
    needed = (each for each in gates if not advises(each) and not not_asked(rollout, each))
    unmeasured = [each.name for each in needed if each.name not in baseline]
    if verdict in (Verdict.FAIL, Verdict.INCONCLUSIVE):
        move = hold(rollout, f"live itself does not meet its objectives: {because}", baseline=baseline)
    elif verdict is Verdict.PROVIDER_ERROR:
        move = unseen(rollout, because)
    elif unmeasured:
        move = wait(rollout, f"no baseline yet for {', '.join(unmeasured)}", baseline=baseline)
    else:
        move = advance(rollout, f"{len(baseline)} baselines recorded on {rollout.live}", baseline=baseline)
    return judged(move, judgements)


def approval(name: str, question: str, wanted: str, at_deadline: Verb = Verb.FAIL) -> Step:
    """A step that waits for a person, where the fleet asks for it (`approvals.<wanted>`)."""

    def applies(fleet: Fleet, _rollout: Rollout) -> bool:
        return bool(getattr(fleet.approvals, wanted))

    def decide(_fleet: Fleet, rollout: Rollout, _seen: Seen) -> Move:
        if rollout.promoted:
            return advance(rollout, f"a person approved: {question}")
        because = f"waits for a person: {question} (promote, or roll back)"
        return wait(rollout, because, wake_seconds=_REMINDER_SECONDS)

    seconds = 24 * 3600
    return Step(
        name, decide, applies=applies, deadline_seconds=seconds, at_deadline=at_deadline, approval=True
    )


STEPS = (
    Step("admit", _admit, _admit_needs, deadline_seconds=14 * 24 * 3600),
    following.STEP,
    Step("preflight", _preflight, _preflight_needs, deadline_seconds=1800),
    Step(
        "baseline",
        _baseline,
        _baseline_needs,
        applies=lambda fleet, _: bool(fleet.gates.switch or fleet.gates.load),
        deadline_seconds=3600,
        promotable=True,
    ),
    approval("approve_start", "start the rollout?", "start"),
)
