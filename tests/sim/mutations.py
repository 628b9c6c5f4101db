"""The table of mutants. `old` and `new` are in the words of `ast.unparse`; an empty `where` is the module."""

from __future__ import annotations

from typing import NamedTuple


class Edit(NamedTuple):
    """One replacement, in one function of one module."""

    module: str
    where: str
    old: str
    new: str


class Mutant(NamedTuple):
    """A bug with a name."""

    name: str
    edits: tuple[Edit, ...]


def _mutant(name: str, *edits: tuple[str, str, str, str]) -> Mutant:
    return Mutant(name, tuple(Edit(*edit) for edit in edits))


_OWN_ORDER = "moved(fleet, rollout, rollout.safe, seen)"
_LOOKS_RIGHT = "(elsewhere(fleet, rollout, rollout.safe, seen) is None)"
_LOOKS = (
    "stages.diverting",
    "",
    "from stages.levers import balancer_seen",
    "from stages.levers import elsewhere, balancer_seen",
)
_PERFORM_FIRST = """await self._perform(_governing(row), decision, decision.state.epoch, now)
            claimed = await self._claim(row, decision, seen)"""
_ACCEPT_SWALLOWED = """try:
            stored = await self._store.accept(signal)
        except SwitchyardError:
            return
        if stored:"""
_UNLESS_HELD = """(Reaction.NOTE if state.rollout is not None and state.rollout.held is not None
        and TABLE[trigger][phase] is Reaction.ROLL_BACK else TABLE[trigger][phase])"""
_TTL_UNFENCED = (
    "stages.restoring",
    "restore_ttl",
    "rollout.rollback_because and (not _own(rollout, writes, seen))",
    "False",
)

MUTANTS = (
    _mutant(
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
    _mutant(
        "no dedupe",
        (
            "shared.store.table_store",
            "accept",
            "[Write(Verb.INSERT, inbox), Write(Verb.INSERT, pending)]",
            "[Write(Verb.UPSERT, inbox), Write(Verb.UPSERT, pending)]",
        ),
    ),
    _mutant(
        "no fence on the record",
        ("sandbox.world.orders", "point_record", "stored is not None and stored > epoch", "False"),
        (
            "sandbox.world.orders",
            "point_record",
            "if_match=action.if_match, create_only=action.if_match is None",
            "if_match=None, create_only=False",
        ),
    ),
    _mutant(
        "effect before claim",
        (
            "shared.engine",
            "tick",
            "claimed = await self._claim(row, decision, seen)",
            _PERFORM_FIRST,
        ),
    ),
    _mutant(
        "rollback skips an equal write",
        _LOOKS,
        ("stages.diverting", "divert", _OWN_ORDER, _LOOKS_RIGHT),
        ("stages.diverting", "prove", f"not {_OWN_ORDER}", f"not {_LOOKS_RIGHT}"),
        _TTL_UNFENCED,
    ),
    _mutant(
        "rollback trusts its own order",
        ("stages.diverting", "divert", _OWN_ORDER, "rollout.ordered_epoch is not None"),
        ("stages.diverting", "prove", f"not {_OWN_ORDER}", "False"),
        _TTL_UNFENCED,
    ),
    _mutant(
        "rollback unproven",
        ("stages.diverting", "prove", "if share < fleet.traffic.share_min", "if False"),
        ("stages.diverting", "prove", "if seen.now < probe.since", "if False"),
        ("stages.diverting", "prove", "if share is None", "if False"),
        ("stages.diverting", "prove", "share = share_of(found, rollout.safe)", "share = 1.0"),
    ),
    _mutant(
        "shift remembered, not observed",
        (
            "stages.t3_switch",
            "_shift",
            "rollout.shifted and moved(fleet, rollout, rollout.candidate, seen)",
            "rollout.shifted",
        ),
    ),
    _mutant(
        "acknowledge before storing",
        (
            "shared.api.intake",
            "_accept",
            "if await self._store.accept(signal):",
            _ACCEPT_SWALLOWED,
        ),
    ),
    _mutant(
        "pause blocks rollback",
        (
            "stages.react",
            "_reaction",
            "TABLE[trigger][phase]",
            _UNLESS_HELD,
        ),
    ),
    _mutant(
        "alert ignored while retiring",
        (
            "stages.table",
            "",
            "{(Phase.DEPLOY, Phase.SYNC): Reaction.STOP, _WITH_TRAFFIC: Reaction.ROLL_BACK}",
            "{(Phase.DEPLOY, Phase.SYNC): Reaction.STOP, (Phase.SWITCH,): Reaction.ROLL_BACK}",
        ),
    ),
    _mutant(
        "second start in flight",
        (
            "stages.table",
            "",
            "Trigger.START: _row(Reaction.REFUSE, {(Phase.IDLE,): Reaction.START})",
            "Trigger.START: _row(Reaction.START, {})",
        ),
    ),
    _mutant(
        "no thaw on abort",
        (
            "stages.freezing",
            "frozen",
            "return rollout.frozen_until is not None",
            "return rollout.frozen_until is not None and rollout.rollback_because is None",
        ),
    ),
    _mutant(
        "freeze without end",
        (
            "stages.freezing",
            "freeze",
            "timedelta(seconds=fleet.freeze.expires_seconds)",
            "timedelta(days=365)",
        ),
    ),
    _mutant(
        "late freeze not outwaited",
        ("stages.freezing", "thaw", "if left > 0", "if False"),
    ),
    _mutant(
        "late stop not outwaited",
        ("stages.rollback", "_restart", "if left > 0", "if False"),
    ),
    _mutant(
        "late low ttl not fenced",
        _TTL_UNFENCED,
    ),
    _mutant(
        "destroy before the bake",
        (
            "stages.t4_retire",
            "_bake",
            "fleet.policy.bake_seconds",
            "0",
        ),
    ),
    _mutant(
        "destroy before drained",
        ("stages.draining", "serving", "if rate > limit", "if False"),
    ),
    _mutant(
        "a version waits for ever",
        (
            "stages.machine",
            "decide",
            "found.version if found is not None else None",
            "(found.version or None) if found else None",
        ),
    ),
    _mutant(
        "bake from the wrong moment",
        ("stages.converging", "users_since", "rollout.moved_at or rollout.entered_at", "rollout.started_at"),
        ("stages.converging", "converge", "if share < fleet.traffic.share_min", "if False"),
    ),
    _mutant(
        "trusts the local clock across workers",
        ("shared.clock", "_between", "self._least is None", "True"),
    ),
    _mutant(
        "bake measured from the handler's start",
        ("shared.decision", "since", "self.answered_at or self.now", "self.now"),
    ),
    _mutant(
        "stopped slot stays safe",
        (
            "stages.t4_retire",
            "_stop",
            "wake_seconds=30, live_stopped=True, safe=rollout.candidate",
            "wake_seconds=30, live_stopped=True",
        ),
    ),
    _mutant(
        "no data is a pass",
        ("shared.gates.judge", "judge", "Verdict.NO_DATA", "Verdict.PASS"),
    ),
    _mutant(
        "a blind gate is a pass",
        ("shared.gates.judge", "judge", "Verdict.PROVIDER_ERROR", "Verdict.PASS"),
    ),
    _mutant(
        "plan not pinned",
        ("stages.machine", "decide", "pinned = plan or fleet", "pinned = fleet"),
    ),
    _mutant(
        "audit not chained",
        ("shared.store.audit", "sealed", "'previous': previous", "'previous': ''"),
    ),
    _mutant(
        "signals stay pending",
        ("shared.store.claim", "_consumed", "writes.append(Write(Verb.DELETE, waiting))", "pass"),
    ),
    _mutant(
        "outbox forgets after a crash",
        (
            "shared.engine",
            "_keep",
            "await self._announce(owed)",
            "[await self._store.settle(o) for o in owed]",
        ),
    ),
    _mutant(
        "rests while it owes",
        (
            "shared.engine",
            "_keep",
            "if _idle(row) and (not await self._store.owed(entry.name, before=now + _FOREVER)):",
            "if _idle(row):",
        ),
    ),
    _mutant(
        "a command wakes nobody",
        (
            "shared.api.intake",
            "command",
            "await self._store.mark(signal.fleet, active=True, now=self._clock.now())",
            "pass",
        ),
    ),
    _mutant(
        "a deadline nobody could meet",
        ("stages.machine", "_overdue", "untried = rollout.wake_at is None", "untried = False"),
    ),
    _mutant(
        "settled without looking",
        ("stages.ended", "reconcile", "if unread is not None", "if False"),
    ),
    _mutant(
        "removes what it never deployed",
        ("stages.rollback", "_removable", "ours = bool(rollout.addresses)", "ours = True"),
        ("stages.rollback", "_remove_candidate", "elsewhere(fleet, rollout, rollout.safe, seen)", "None"),
    ),
    _mutant(
        "hold forgotten at the next poll",
        (
            "stages.apply",
            "_held",
            "(kind, HoldKind.PERSON, HoldKind.ALERT, HoldKind.DEADLINE)",
            "(kind, HoldKind.PERSON, HoldKind.ALERT)",
        ),
    ),
    _mutant(
        "ramp ignores a failing gate",
        ("stages.ramp", "_watch", "if move.verb is not Verb.ADVANCE", "if move.verb is Verb.WAIT"),
    ),
    _mutant(
        "ramp goes on at once",
        ("stages.ramp", "_watch", "portion.hold_seconds", "0"),
    ),
    _mutant(
        "a change queued behind another",
        ("stages.levers", "weigh", "(ordered or balancer.kind in SERIAL)", "ordered"),
    ),
    _mutant(
        "records beneath put back too soon",
        ("stages.restoring", "_above", "if found.unsettled", "if False"),
        ("stages.restoring", "realign", "if seen.now < ready and rollout.beneath", "if False"),
    ),
    _mutant(
        "records beneath keep their low ttl",
        ("stages.restoring", "_own_again", "and found.ttl_seconds == record.ttl_seconds", ""),
    ),
    _mutant(
        "canary not lifted",
        ("stages.restoring", "_above", "or found.matched", ""),
    ),
    _mutant(
        "late canary trusted",
        ("stages.diverting", "prove", "or canary_left(fleet, rollout, seen)", ""),
    ),
    _mutant(
        "late weights not outwaited",
        ("stages.diverting", "prove", "if late > 0", "if False"),
        ("stages.ended", "reconcile", "if found is not None and (", "if False and ("),
    ),
    _mutant(
        "rollback forgets the balancers",
        ("stages.levers", "orders_back", "ordered += next_order(fleet, rollout, lever, slot, seen)", "pass"),
    ),
)
