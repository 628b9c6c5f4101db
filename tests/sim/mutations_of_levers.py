"""The mutants of a ramp, of balancers and of the records beneath them. See `tests.sim.mutations`."""

from __future__ import annotations

from tests.sim.edits import Mutant, mutant

LEVERS: tuple[Mutant, ...] = (
    mutant(
        "ramp ignores a failing gate",
        ("stages.ramp", "_watch", "if move.verb is not Verb.ADVANCE", "if move.verb is Verb.WAIT"),
    ),
    mutant(
        "ramp goes on at once",
        ("stages.ramp", "_watch", "portion.hold_seconds", "0"),
    ),
    mutant(
        "a change queued behind another",
        ("stages.weighing", "weigh", "(ordered or balancer.kind in SERIAL)", "ordered"),
    ),
    mutant(
        "a change queued behind one that is not told of",
        ("stages.weighing", "unreached", "not found.untold", "True"),
    ),
    mutant(
        "records beneath put back too soon",
        ("stages.restoring", "_above", "if under_way", "if False"),
        ("stages.restoring", "realign", "if seen.now < ready and rollout.beneath", "if False"),
    ),
    mutant(
        "records beneath keep their low ttl",
        ("stages.restoring", "_own_again", "and found.ttl_seconds == record.ttl_seconds", ""),
    ),
    mutant(
        "canary not lifted",
        ("stages.restoring", "_above", "or found.matched", ""),
    ),
    mutant(
        "late canary trusted",
        ("stages.diverting", "prove", "or canary_left(fleet, rollout, seen)", ""),
    ),
    mutant(
        "passed on to a record that nobody moved",
        ("stages.restoring", "_pass_on", "if late:", "if False:"),
    ),
    mutant(
        "front door above trusted to pass on well",
        ("stages.levers", "_brought", "return passed_on and all", "return passed_on or all"),
    ),
    mutant(
        "rollback forgets the balancers",
        ("stages.levers", "orders_back", "ordered += next_order(fleet, rollout, lever, slot, seen)", "pass"),
    ),
)
