"""The table of mutants. `old` and `new` are in the words of `ast.unparse`; an empty `where` is the module."""

from __future__ import annotations

from tests.sim.edits import Mutant, mutant
from tests.sim.mutations_of_alerts import ALERTS
from tests.sim.mutations_of_levers import LEVERS
from tests.sim.mutations_of_shadows import SHADOWS

_OWN_ORDER = "moved(fleet, rollout, rollout.safe, seen)"
_LOOKS_RIGHT = "(elsewhere(fleet, rollout, rollout.safe, seen) is None)"
_LOOKS = (
    "stages.diverting",
    "",
    "from stages.weighing import balancer_seen, full",
    "from stages.weighing import balancer_seen, full\nfrom stages.levers import elsewhere",
)
_PERFORM_FIRST = """await self._perform(_governing(row), decision, decision.state.epoch, now)
            claimed = await self._claim(row, decision, seen)"""
_ACCEPT_SWALLOWED = """try:
            stored = await self._store.accept(signal)
        except SwitchyardError:
            return
        if stored or waits:"""
_UNLESS_HELD = """(Reaction.NOTE if state.rollout is not None and state.rollout.held is not None
        and TABLE[trigger][phase] is Reaction.ROLL_BACK else TABLE[trigger][phase])"""
_TTL_UNFENCED = (
    "stages.restoring",
    "restore_ttl",
    "rollout.rollback_because and (not _own(rollout, writes, seen))",
    "False",
)

MUTANTS: tuple[Mutant, ...] = (
    mutant(
        "no etag on the claim",
        (
            "shared.store.claim",
            "_state",
            "Write(Verb.UPDATE, entity, row.etag) if row.etag else Write(Verb.INSERT, entity)",
            "Write(Verb.UPSERT, entity)",
        ),
        (
            "shared.store.claim",
            "claim",
            "Write(Verb.INSERT, _audit(fleet, entry, identity))",
            "Write(Verb.UPSERT, _audit(fleet, entry, identity))",
        ),
    ),
    mutant(
        "no dedupe",
        (
            "shared.store.table_store",
            "accept",
            "[Write(Verb.INSERT, inbox), Write(Verb.INSERT, pending)]",
            "[Write(Verb.UPSERT, inbox), Write(Verb.UPSERT, pending)]",
        ),
    ),
    mutant(
        "no fence on the record",
        ("sandbox.world.orders", "point_record", "stored is not None and stored > epoch", "False"),
        (
            "sandbox.world.orders",
            "point_record",
            "if_match=action.if_match, create_only=action.if_match is None",
            "if_match=None, create_only=False",
        ),
    ),
    mutant(
        "effect before claim",
        (
            "shared.engine",
            "tick",
            "claimed = await self._claim(row, decision, seen)",
            _PERFORM_FIRST,
        ),
    ),
    mutant(
        "rollback skips an equal write",
        _LOOKS,
        ("stages.diverting", "divert", _OWN_ORDER, _LOOKS_RIGHT),
        ("stages.diverting", "prove", f"not {_OWN_ORDER}", f"not {_LOOKS_RIGHT}"),
        _TTL_UNFENCED,
    ),
    mutant(
        "rollback trusts its own order",
        ("stages.diverting", "divert", _OWN_ORDER, "rollout.ordered_epoch is not None"),
        ("stages.diverting", "prove", f"not {_OWN_ORDER}", "False"),
        _TTL_UNFENCED,
    ),
    mutant(
        "rollback unproven",
        (
            "stages.diverting",
            "prove",
            "served_by(fleet, rollout, rollout.safe, since, seen, move='rollback')",
            "'everybody is back'",
        ),
    ),
    mutant(
        "shift remembered, not observed",
        (
            "stages.t3_switch",
            "_shift",
            "rollout.shifted and moved(fleet, rollout, rollout.candidate, seen)",
            "rollout.shifted",
        ),
    ),
    mutant(
        "acknowledge before storing",
        (
            "shared.api.intake",
            "_accept",
            "if await self._store.accept(signal) or waits:",
            _ACCEPT_SWALLOWED,
        ),
    ),
    mutant(
        "pause blocks rollback",
        (
            "stages.react",
            "_reaction",
            "TABLE[trigger][phase]",
            _UNLESS_HELD,
        ),
    ),
    mutant(
        "alert ignored while retiring",
        (
            "stages.table",
            "",
            "{(Phase.DEPLOY, Phase.SYNC): Reaction.STOP, _WITH_TRAFFIC: Reaction.ROLL_BACK,",
            "{(Phase.DEPLOY, Phase.SYNC): Reaction.STOP, (Phase.SWITCH,): Reaction.ROLL_BACK,",
        ),
    ),
    mutant(
        "second start in flight",
        (
            "stages.table",
            "",
            "Trigger.START: _row(Reaction.REFUSE, {(Phase.IDLE,): Reaction.START})",
            "Trigger.START: _row(Reaction.START, {})",
        ),
    ),
    mutant(
        "no thaw on abort",
        (
            "stages.freezing",
            "frozen",
            "return rollout.frozen_until is not None",
            "return rollout.frozen_until is not None and rollout.rollback_because is None",
        ),
    ),
    mutant(
        "freeze without end",
        (
            "stages.freezing",
            "freeze",
            "timedelta(seconds=fleet.freeze.expires_seconds)",
            "timedelta(days=365)",
        ),
    ),
    mutant(
        "late freeze not outwaited",
        ("stages.freezing", "thaw", "if left > 0", "if False"),
    ),
    mutant(
        "late stop not outwaited",
        ("stages.rollback", "_restart", "if left > 0", "if False"),
    ),
    mutant(
        "late low ttl not fenced",
        _TTL_UNFENCED,
    ),
    mutant(
        "destroy before the bake",
        (
            "stages.t4_retire",
            "_bake",
            "fleet.policy.bake_seconds",
            "0",
        ),
    ),
    mutant(
        "destroy before drained",
        ("stages.draining", "serving", "if rate > limit", "if False"),
    ),
    mutant(
        "a version waits for ever",
        (
            "stages.machine",
            "decide",
            "found.version if found is not None else None",
            "(found.version or None) if found else None",
        ),
    ),
    mutant(
        "bake from the wrong moment",
        ("stages.converging", "users_since", "rollout.moved_at or rollout.entered_at", "rollout.started_at"),
        ("stages.converging", "served_by", "if share < fleet.traffic.share_min", "if False"),
    ),
    mutant(
        "trusts the local clock across workers",
        ("shared.clock", "_between", "self._least is None", "True"),
    ),
    mutant(
        "bake measured from the handler's start",
        ("shared.decision", "since", "self.answered_at or self.now", "self.now"),
    ),
    mutant(
        "stopped slot stays safe",
        (
            "stages.t4_retire",
            "_stop",
            "wake_seconds=30, live_stopped=True, safe=rollout.candidate",
            "wake_seconds=30, live_stopped=True",
        ),
    ),
    mutant(
        "no data is a pass",
        ("shared.gates.window", "lacking", "Verdict.NO_DATA", "Verdict.PASS"),
    ),
    mutant(
        "a blind gate is a pass",
        ("shared.gates.judge", "judge", "Verdict.PROVIDER_ERROR", "Verdict.PASS"),
    ),
    mutant(
        "plan not pinned",
        ("stages.machine", "decide", "pinned = plan or fleet", "pinned = fleet"),
    ),
    mutant(
        "audit not chained",
        ("shared.store.audit", "sealed", "'previous': previous", "'previous': ''"),
    ),
    mutant(
        "signals stay pending",
        ("shared.store.claim", "_consumed", "writes.append(Write(Verb.DELETE, waiting))", "pass"),
    ),
    mutant(
        "outbox forgets after a crash",
        (
            "shared.engine",
            "_keep",
            "await self._announce(owed)",
            "[await self._store.settle(o) for o in owed]",
        ),
    ),
    mutant(
        "rests while it owes",
        (
            "shared.engine",
            "_keep",
            "if _idle(row) and (not await self._store.owed(entry.name, before=now + _FOREVER)):",
            "if _idle(row):",
        ),
    ),
    mutant(
        "a command wakes nobody",
        (
            "shared.api.intake",
            "command",
            "await self._store.mark(signal.fleet, active=True, now=self._clock.now())",
            "pass",
        ),
    ),
    mutant(
        "a deadline nobody could meet",
        ("stages.machine", "_overdue", "untried = rollout.wake_at is None", "untried = False"),
    ),
    mutant(
        "settled without looking",
        ("stages.ended", "reconcile", "if hidden is not None", "if False"),
    ),
    mutant(
        "removes what it never deployed",
        ("stages.rollback", "_removable", "ours = bool(rollout.addresses)", "ours = True"),
        ("stages.rollback", "_remove_candidate", "elsewhere(fleet, rollout, rollout.safe, seen)", "None"),
    ),
    mutant(
        "hold forgotten at the next poll",
        (
            "stages.apply",
            "_held",
            "(kind, HoldKind.PERSON, HoldKind.ALERT, HoldKind.DEADLINE)",
            "(kind, HoldKind.PERSON, HoldKind.ALERT)",
        ),
    ),
    *LEVERS,
    *SHADOWS,
    *ALERTS,
)
