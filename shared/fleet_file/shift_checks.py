"""What a switch's plan, the ring before it and its proofs must agree on with levers, gates and deadlines.

Decides whether every lever of the fleet can do what is planned; a fleet moves as a whole, so one that cannot
is enough. Refuses to know what a gate asks (`gate_checks`).
"""

from __future__ import annotations

from shared.fleet_file.draft import COLOURS, Draft
from shared.fleet_file.source_checks import is_shared
from shared.fleet_file.tree import Path, dotted
from shared.levers import MATCHING, WEIGHTED, SwitchKind

_EVERY_SECONDS_MIN = 30
_RULES = {
    SwitchKind.FRONT_DOOR: ("the name of a rule set", "the origin group", "origin"),
    SwitchKind.FRONT_DOOR_CLASSIC: ("the name of a rules engine", "the backend pool", "backend"),
}


def check_shift(draft: Draft) -> None:
    """Note every contradiction in the plan of a switch and in its proofs."""
    _plan(draft)
    _weights(draft)
    for place in (("shift", "match"), *draft.items("shift", "steps")):
        _gates(draft, place, "switch")
    _ring(draft)
    for path in draft.items("live_records"):
        _able(draft, path)
    _deadline(draft)
    _proofs(draft)


def _plan(draft: Draft) -> None:
    shift: Path = ("shift",)
    if isinstance(draft.value(*shift), dict) and not any(draft.value(*shift, k) for k in ("match", "steps")):
        draft.refuse(shift, "match, steps or both; full moves everything at once", "neither")
    match: Path = ("shift", "match")
    if isinstance(draft.value(*match), dict):
        given = [key for key in ("header", "cookie") if draft.value(*match, key) is not None]
        if len(given) != 1:
            draft.refuse(match, "exactly one of header and cookie", "both" if given else "neither")


def _weights(draft: Draft) -> None:
    highest, reached = 0, ""
    for path in draft.items("shift", "steps"):
        weight = draft.count(*path, "weight")
        if weight is None:
            continue
        if weight <= highest:
            draft.refuse((*path, "weight"), f"more than {highest}, the weight of {reached}")
        else:
            highest, reached = weight, draft.place(path)


def _gates(draft: Draft, place: Path, question: str) -> None:
    wanted = draft.value(*place, "gates")
    known = {draft.text(*path, "name"): dotted(path) for path in draft.items("gates", question)}
    listed = ", ".join(f"{path} is {name}" for name, path in known.items())
    for index, name in enumerate(wanted if isinstance(wanted, list) else ()):
        if isinstance(name, str) and name not in known:
            draft.refuse((*place, "gates", index), f"the name of a gate in gates.{question}: {listed}")
    named = [path for path in draft.items("gates", question) if draft.text(*path, "name") in _texts(wanted)]
    if named and len(named) == len(wanted) and all(_only_advises(draft, path) for path in named):
        expected = "one gate at least that decides: a dry run and an anomaly only advise"
        draft.refuse((*place, "gates"), expected, "gates that only advise")


def _texts(wanted: object) -> set[str]:
    return {each for each in wanted if isinstance(each, str)} if isinstance(wanted, list) else set()


def _only_advises(draft: Draft, path: Path) -> bool:
    learnt = draft.value(*path, "anomaly") is not None
    return draft.value(*path, "dry_run") is True or (
        learnt and draft.value(*path, "anomaly", "decides") is not True
    )


def _ring(draft: Draft) -> None:
    _gates(draft, ("ring",), "bake")
    name = draft.text("name")
    if name is not None and draft.text("ring", "after") == name:
        draft.refuse(("ring", "after"), "another fleet than this one")
    relative = {
        draft.text(*path, "name"): path
        for path in draft.items("gates", "bake")
        if draft.value(*path, "max_over_baseline") is not None
    }
    own = {draft.text(*path, "name"): path for path in draft.items("gates", "bake") if is_shared(draft, path)}
    wanted = draft.value("ring", "gates")
    for index, gate in enumerate(wanted if isinstance(wanted, list) else ()):
        if isinstance(gate, str) and gate in relative:
            reason = f"another fleet has no baseline for {dotted(relative[gate])}.max_over_baseline"
            draft.refuse(("ring", "gates", index), f"a gate with max or min, because {reason}")
        elif isinstance(gate, str) and gate in own:
            reason = f"{dotted(own[gate])} asks what is this fleet's, not that of the ring before"
            draft.refuse(
                ("ring", "gates", index), f"a gate on a slot's own cluster, gateway or host, because {reason}"
            )
    unfit = [*relative.values(), *own.values()]
    judging = [
        path for path in draft.items("gates", "bake") if path not in unfit and not _only_advises(draft, path)
    ]
    if draft.keys("ring") and wanted is None and not judging:
        expected = (
            "a gate with max or min on a slot's own resource in gates.bake that decides: another fleet has "
            "no baseline"
        )
        draft.refuse(("ring", "gates"), expected)


def _able(draft: Draft, path: Path) -> None:
    kind = draft.switch(path)
    if kind is None:
        return
    if draft.value("shift", "steps") and kind not in WEIGHTED:
        reason = f"{draft.place(path)} is {kind}, which moves everything at once"
        draft.refuse(
            ("shift", "steps"), f"nothing here, because {reason}; {_listed(WEIGHTED)} can do weights"
        )
    if not isinstance(draft.value("shift", "match"), dict):
        return
    if kind not in MATCHING:
        reason = f"{draft.place(path)} is {kind}, which cannot tell requests apart"
        draft.refuse(("shift", "match"), f"nothing here, because {reason}; {_listed(MATCHING)} can")
        return
    rules, group, member = _RULES[kind]
    if draft.value(*path, "rules") is None:
        draft.refuse((*path, "rules"), f"{rules} to write the canary of shift.match into")
    for colour in COLOURS:
        at: Path = (*path, "members", colour, "group")
        if draft.keys(*at[:-1]) and draft.value(*at) is None:
            expected = f"{group} with the {member} of {colour} alone, which shift.match sends requests to"
            draft.refuse(at, expected)


def _deadline(draft: Draft) -> None:
    holders: list[Path] = [*draft.items("shift", "steps"), ("shift", "match")]
    holds = {draft.place((*path, "hold")): draft.seconds(*path, "hold") or 0 for path in holders}
    lasts, deadline = sum(holds.values()), draft.seconds("deadlines", "ramp")
    if deadline is not None and deadline <= lasts:
        which = ", ".join(place for place, seconds in holds.items() if seconds)
        draft.refuse(("deadlines", "ramp"), f"more than the {lasts} s that {which} take")


def _proofs(draft: Draft) -> None:
    if draft.value("names", "ask") is False and draft.value("names", "resolvers"):
        draft.refuse(("names", "resolvers"), "nothing here, because names.ask is false")
    limit = draft.value("drain", "connections_max")
    if limit is not None and draft.value("drain", "connections_metric") is None:
        expected = "the metric that drain.connections_max is the limit of, such as CurrentConnections"
        draft.refuse(("drain", "connections_metric"), expected)
    every = draft.seconds("readiness", "every")
    if every is not None and 0 < every < _EVERY_SECONDS_MIN:
        draft.refuse(("readiness", "every"), f"at least {_EVERY_SECONDS_MIN}s, or 0 for never")


def _listed(kinds: frozenset[SwitchKind]) -> str:
    return ", ".join(sorted(kinds))
