"""What must be true after a rollout, however often its hosts were killed. Each check says what is not.

Asked of the world, of the tables and of the audit trail, not of the product's own answers. Refuses to know
how the rollout was played; `logs` judges what the hosts have said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any

from sandbox.wire.delivery import Outcome as Ended
from sandbox.world.estate import name_of
from sandbox.world.ledger import Happening
from sandbox.world.outgoing import Receiver
from shared.errors import Refused
from shared.levers import SlotName
from shared.model import Outcome, Stage
from shared.signals import parse_alert, parse_events
from shared.store.audit import patched, verify
from tests.soak.hosts import Blow
from tests.soak.run import Ran, Sent

SHARE_MIN = 0.999
FAILED_SHARE_MAX = 0.01
SEEN_LATE_SECONDS = 0.1
"""How much later than it happened a publication may have been noted."""
TICK_SECONDS_MAX = 3.0
EARLY_MIN = 2
EARLY_SHARE_MAX = 0.1
"""Of all transitions. The timer publishes what has been owed for a minute, which is a fraction of a real
second on a fast clock: it may come before the tick that owes it has ended."""

Check = Callable[[Ran], Iterator[str]]


def problems(ran: Ran) -> list[str]:
    """Every sentence about what is wrong; empty when all is well."""
    return [sentence for check in CHECKS for sentence in check(ran)]


def at_rest(ran: Ran) -> Iterator[str]:
    """Everything came to rest in time."""
    if ran.late is not None:
        yield ran.late
    yield from (f"the signal {key} was never consumed" for key in ran.pending)
    yield from (f"the announcement {key} was never published" for key in ran.owed)


def outcome(ran: Ran) -> Iterator[str]:
    """One rollout, and it ended as its scenario must, decided by whom it must."""
    scenario, rollout = ran.place.scenario, ran.state.rollout
    if ran.state.rollouts != 1:
        yield f"{ran.state.rollouts} rollouts were started by one event"
    if rollout is None or rollout.outcome is not scenario.outcome:
        found = rollout and (rollout.outcome or f"{rollout.stage.value} {rollout.step}: {rollout.because}")
        yield f"the rollout is {found}, not {scenario.outcome}"
        return
    if rollout.outcome is not Outcome.COMPLETED:
        if rollout.version not in {held.version for held in ran.state.held_versions}:
            yield f"version {rollout.version} is not held after a way back"
        by = next(
            (e.who for e in ran.audit if e.change.get("rollout", {}).get("stage") == Stage.ROLLBACK), ""
        )
        if by != scenario.sent_back_by:
            yield f"sent back by {by or 'nobody'}, not by {scenario.sent_back_by}"
    expected = scenario.serving if rollout.outcome is Outcome.COMPLETED else rollout.live
    if ran.state.live != expected:
        yield f"{ran.state.live} is recorded as live, not {expected}"


def traffic(ran: Ran) -> Iterator[str]:
    """Users are where they should be, and on the way no request went nowhere."""
    world, scenario = ran.place.world, ran.place.scenario
    share = world.traffic.mix(world.now()).get(scenario.serving, 0.0)
    if share < SHARE_MIN:
        yield f"{share:.1%} of the users are on {scenario.serving}"
    report = world.report()
    if report.stray_requests:
        yield f"{report.stray_requests:.0f} requests went nowhere"
    failed = sum(report.failed.values()) / max(1.0, sum(report.served.values()))
    if scenario.outcome is Outcome.COMPLETED and failed > FAILED_SHARE_MAX:
        yield f"{failed:.2%} of the requests failed"


def records(ran: Ran) -> Iterator[str]:
    """Live records point at the right slot with their declared TTL, and moved no oftener than they must."""
    world, scenario = ran.place.world, ran.place.scenario
    wanted = world.estate.address_of(SlotName(scenario.serving))
    moves = {Outcome.COMPLETED: 1, Outcome.ROLLED_BACK: 2, Outcome.STOPPED: 0}[scenario.outcome]
    for record in world.fleet.live_records:
        history = [written.now for written in world.zones.history(record)]
        last = history[-1]
        if last is None or last.targets != (wanted,):
            yield f"{record.fqdn} points at {last and last.targets}, not at {wanted}"
        elif last.ttl_seconds != record.ttl_seconds:
            yield f"{record.fqdn} has a TTL of {last.ttl_seconds} s, declared are {record.ttl_seconds} s"
        targets = [each and each.targets for each in history]
        moved = sum(before != after for before, after in pairwise(targets))
        if moved != moves:
            yield f"{record.fqdn} moved {moved} times, not {moves}: {targets}"
        epochs = [int(each.metadata.get("switchyard_epoch", "0")) for each in history if each is not None]
        if epochs != sorted(epochs):
            yield f"{record.fqdn} took a write of an older epoch: {epochs}"


def clusters(ran: Ran) -> Iterator[str]:
    """The old cluster is gone once and only where it should be, and after its users; nothing else is."""
    world, scenario = ran.place.world, ran.place.scenario
    old = name_of(world.fleet.slot(world.fleet.live).cluster_id)
    entries = world.ledger.until(world.now())
    gone = [entry for entry in entries if entry.kind is Happening.CLUSTER_DESTROYED]
    expected = [old] if scenario.destroyed else []
    if [entry.subject for entry in gone] != expected:
        yield f"destroyed were {[entry.subject for entry in gone]}, not {expected}"
    for entry in gone:
        share = world.traffic.mix(entry.at).get(scenario.serving, 0.0)
        if share < SHARE_MIN:
            yield f"{entry.subject} was destroyed with {share:.1%} of the users on {scenario.serving}"
    deleted = [entry.subject for entry in entries if entry.kind is Happening.RECORD_DELETED]
    if deleted:
        yield f"records were deleted: {deleted}"
    stopped = [entry for entry in entries if entry.kind is Happening.CLUSTER_STOPPED]
    if stopped and not scenario.destroyed:
        yield f"{stopped[0].subject} was stopped in a rollout that went back"


def freeze(ran: Ran) -> Iterator[str]:
    """Deployments to no cluster that is left are frozen, and the last word on each was a thaw."""
    world = ran.place.world
    for slot in world.fleet.slots:
        until = world.commands.frozen_until(slot.cluster_id)
        if until is not None:
            yield f"{slot.name} is frozen until {until:%H:%M}"
    words = (Happening.FROZEN, Happening.THAWED)
    last = [entry.kind for entry in world.ledger.until(world.now()) if entry.kind in words]
    if last and last[-1] is Happening.FROZEN:
        yield "the last word was a freeze, and not its thaw"


def signals(ran: Ran) -> Iterator[str]:
    """What was acknowledged was applied exactly once, or its row says why not."""
    inbox = {str(row["id"]): row for row in ran.inbox}
    for name, row in inbox.items():
        if not row.get("because"):
            yield f"the inbox row of {name} does not say what became of it"
    consumed = Counter(name for entry in ran.audit for name in entry.signals)
    yield from (f"{name} was consumed {times} times" for name, times in consumed.items() if times > 1)
    yield from (f"{name} is in the inbox and in no audit entry" for name in inbox.keys() - consumed.keys())
    for sent in ran.sent:
        kind = sent.outbound.body.get("eventType", "the alert")
        if sent.delivery.outcome is not Ended.DELIVERED:
            yield f"{kind} was {sent.delivery.outcome}: {sent.delivery.attempts}"
        for name in _signal_ids(ran, sent):
            if name not in inbox:
                yield f"{kind} was acknowledged, and {name} is not in the inbox"


def trail(ran: Ran) -> Iterator[str]:
    """The audit chain verifies and replays to the stored state."""
    yield from verify(ran.audit, ran.state)


def announcements(ran: Ran) -> Iterator[str]:
    """Each transition was published, in one wording, and again only where a host was hit in between."""
    wanted, early = set(_transitions(ran)), 0
    seen: dict[str, list[tuple[float, Mapping[str, Any]]]] = {}
    for at, event in zip(ran.published_at, ran.published, strict=True):
        seen.setdefault(str(event["id"]), []).append((at, event))
    yield from (f"{name} was never published" for name in sorted(wanted - seen.keys()))
    yield from (f"{name} was published and is no transition" for name in sorted(seen.keys() - wanted))
    for name, times in seen.items():
        if any(event != times[0][1] for _, event in times):
            yield f"{name} was published in different wordings"
        for (first, _), (again, _) in pairwise(times):
            if any(_between(blow, first, again) for blow in ran.blows):
                continue
            early += again - first < TICK_SECONDS_MAX
            if again - first >= TICK_SECONDS_MAX:
                yield f"{name} was published again after {again - first:.2f} s, and nobody was hit"
    if early > max(EARLY_MIN, EARLY_SHARE_MAX * len(wanted)):
        yield f"{early} announcements were sent twice at nearly the same time"


CHECKS: tuple[Check, ...] = (
    at_rest,
    outcome,
    traffic,
    records,
    clusters,
    freeze,
    signals,
    trail,
    announcements,
)


def _between(blow: Blow, first: float, again: float) -> bool:
    """Whether a worker was hit before the repeat, and the first publication was not long after the blow."""
    late = TICK_SECONDS_MAX if blow.stalled else SEEN_LATE_SECONDS
    return blow.at <= again and first <= blow.until + late


def _signal_ids(ran: Ran, sent: Sent) -> tuple[str, ...]:
    parse = parse_events if sent.outbound.receiver is Receiver.EVENT_GRID else parse_alert
    try:
        return tuple(signal.id for signal in parse(sent.outbound.body, sent.outbound.at, ran.directory))
    except Refused:
        return ()


def _transitions(ran: Ran) -> Iterator[str]:
    """The ids that must have been published, by the trail: a claim that moved, held, released or ended."""
    state: dict[str, Any] = {}
    for entry in ran.audit:
        before, state = state.get("rollout"), patched(state, entry.change)
        if _facts(before) != _facts(state.get("rollout")):
            yield f"{ran.place.scenario.fleet}/{entry.rollout}/{entry.epoch}"


def _facts(rollout: Mapping[str, Any] | None) -> tuple[Any, ...] | None:
    if rollout is None:
        return None
    held = rollout.get("held") or {}
    facts = [rollout.get(name) for name in ("id", "stage", "step", "outcome")]
    return (*facts, held.get("kind"), held.get("since"))
