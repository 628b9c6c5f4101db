"""Whether a scenario ended as it should, asked of the world and of the audit trail, not of hopes.

Each check is a sentence with a yes or a no. Refuses to know how they are printed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from cli.view.words import OUTCOME_WORDS
from sandbox.demo.play import Played
from sandbox.demo.real import Real, seconds_max
from sandbox.demo.rehearsal import RATE
from sandbox.demo.scenarios import Scenario, Twist
from sandbox.traffic.websocket import CUT
from sandbox.world.model import World
from shared.levers import SwitchKind
from shared.model import FleetState, Outcome, Stage
from shared.ports import AuditEntry
from shared.store.audit import verify

SHARE_MIN = 0.999
FAILED_SHARE_MAX = 0.01


class Check(NamedTuple):
    """One thing that had to be so. `found` says what is."""

    what: str
    passed: bool
    found: str


class Evidence(NamedTuple):
    """What the checks look at."""

    scenario: Scenario
    played: Played
    world: World
    entries: tuple[AuditEntry, ...]
    state: FleetState
    real: Real
    published: list[dict[str, Any]]


def checks(evidence: Evidence) -> tuple[Check, ...]:
    """Every check of the scenario."""
    return (
        _outcome(evidence),
        _traffic(evidence),
        *_users(evidence),
        *real_users(evidence.real, evidence.world),
        _old_cluster(evidence),
        *_shadow(evidence),
        *_way_back(evidence),
        *_twist(evidence),
        _audit(evidence),
        _notifications(evidence),
    )


def _outcome(evidence: Evidence) -> Check:
    wanted, found = evidence.scenario.outcome, evidence.played.scene.rollout.outcome
    said = OUTCOME_WORDS[found] if found is not None else "not ended"
    return Check(f"the rollout ends {OUTCOME_WORDS[wanted]}", found is wanted, f"it is {said}")


def _traffic(evidence: Evidence) -> Check:
    wanted = evidence.scenario.serving
    share = evidence.world.traffic.mix(evidence.world.now()).get(wanted, 0.0)
    return Check(f"users are on {wanted}", share >= SHARE_MIN, f"{share:.1%} of them")


def _users(evidence: Evidence) -> Iterator[Check]:
    report = evidence.world.report()
    lost = report.stray_requests
    yield Check("no request went nowhere", lost == 0, f"{lost:.0f} did")
    if evidence.scenario.outcome is Outcome.COMPLETED:
        share = sum(report.failed.values()) / max(1.0, sum(report.served.values()))
        yield Check("hardly a request failed", share <= FAILED_SHARE_MAX, f"{share:.2%} failed")


def real_users(real: Real, world: World) -> Iterator[Check]:
    """What real users must not meet; a slow burn's own failures are what that scenario is about."""
    candidate = world.estate.candidate
    excused = {f"503 from {candidate}"} if world.estate.faults.slow_burn else set()
    what = f"real requests failed on {candidate} alone" if excused else "no real request failed"
    failed = ", ".join(f"{number} × {why}" for why, number in real.failed.items()) or "none did"
    yield Check(what, real.failed.keys() <= excused and real.requests > 0, f"{failed} of {real.requests}")
    yield Check("no real user lost a session", real.lost == 0, f"{real.lost} did")
    drains = any(lever.kind is SwitchKind.APPLICATION_GATEWAY for lever in world.fleet.levers)
    # A gateway closes what outlasts its drain timeout, and a websocket does: the user comes back at once.
    cut = {CUT} if drains else set()
    but = ", but for what outlasts a drain timeout" if cut else ""
    dropped = ", ".join(f"{number} × {why}" for why, number in real.dropped.items()) or "none was"
    yield Check(f"no websocket was dropped{but}", real.dropped.keys() <= cut, dropped)
    if real.moved:
        found, limit = real.right_after_seconds, seconds_max(world, RATE)
        took = f"99.9 % were after {found:.0f} s" if found is not None else "they never were"
        passed = found is not None and found <= limit
        yield Check(f"real users followed the last write within {limit:.0f} s", passed, took)


def _old_cluster(evidence: Evidence) -> Check:
    fleet = evidence.world.fleet
    found = evidence.world.clusters.find(fleet.slot(fleet.live).cluster_id)
    gone = found is None
    wanted = "gone" if evidence.scenario.destroyed else "still there"
    return Check(
        f"the cluster of {fleet.live} is {wanted}",
        gone == evidence.scenario.destroyed,
        "it is gone" if gone else "it is there",
    )


def _shadow(evidence: Evidence) -> Iterator[Check]:
    if not evidence.scenario.shadow:
        return
    world = evidence.world
    changed = [f"{entry.kind.value} {entry.subject}" for entry in world.ledger.until(world.now())]
    changed += [f"run command {each.id}" for each in world.commands.given]
    yield Check("the world is as it was", not changed, ", ".join(changed) or "nobody has changed anything")
    ordered = sum(len(entry.actions) for entry in evidence.entries)
    yield Check(
        "the trail says what would have been ordered", ordered > 0, f"{ordered} orders, none carried out"
    )
    told = [event["data"]["shadow"] for event in evidence.published]
    yield Check("each notification says that it is a shadow", all(told), f"{sum(told)} of {len(told)} do")


def _way_back(evidence: Evidence) -> Iterator[Check]:
    scenario = evidence.scenario
    if scenario.sent_back_by is None:
        return
    passage = next((p for p in evidence.played.scene.story if p.after.stage is Stage.ROLLBACK), None)
    who = passage.who if passage is not None else "nobody"
    yield Check(
        f"the decision to go back is the {scenario.sent_back_by}'s", who == scenario.sent_back_by, who
    )
    came_to = evidence.played.scene.rollout.failed_step or "nowhere"
    yield Check(f"it had come to {scenario.sent_back_from}", came_to == scenario.sent_back_from, came_to)
    version = evidence.played.scene.rollout.version
    held = {each.version for each in evidence.state.held_versions}
    yield Check(f"version {version} is held", version in held, ", ".join(sorted(held)) or "none is held")
    if not scenario.moved:
        records = evidence.world.fleet.live_records
        candidate = evidence.world.estate.address_of(evidence.world.estate.candidate)
        writes = (w for record in records for w in evidence.world.zones.history(record))
        moved = any(w.now is not None and candidate in w.now.targets for w in writes)
        yield Check("no live record ever moved", not moved, "one did" if moved else "none did")


def _twist(evidence: Evidence) -> Iterator[Check]:
    played, scenario = evidence.played, evidence.scenario
    if scenario.twist is Twist.KILL_HOST:
        killed = played.host_killed_at
        yield Check("the host was killed in the switch", killed is not None, killed or "it was not")
    if scenario.twist is Twist.PROMOTE:
        left = next((p for p in played.scene.story if p.before and p.before.step == "approve_switch"), None)
        who = left.who if left is not None else "nobody"
        said = left is not None and who not in ("timer", "alert")
        yield Check("a person said yes to the switch", said, f"{who} did")


def _audit(evidence: Evidence) -> Check:
    problems = verify(evidence.entries, evidence.state)
    good = f"{len(evidence.entries)} chained entries replay to the stored state"
    return Check("the audit trail proves itself", not problems, "; ".join(problems) or good)


def _notifications(evidence: Evidence) -> Check:
    fleet = evidence.played.fleet.name
    wanted = {f"{fleet}/{p.rollout}/{p.epoch}" for p in evidence.played.scene.story}
    found = Counter(str(event["id"]) for event in evidence.published)
    missing, strange = wanted - found.keys(), found.keys() - wanted
    twice = {name for name, times in found.items() if times > 1}
    # A host that dies after publishing and before noting so publishes again, under the id that is known.
    allowed = 1 if evidence.scenario.twist is Twist.KILL_HOST else 0
    said = f"{len(wanted)} transitions, {len(found)} notifications, {len(twice)} sent again"
    passed = not missing and not strange and len(twice) <= allowed
    return Check("each transition is announced exactly once", passed, said)
