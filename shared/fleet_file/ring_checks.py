"""What must agree among the rings of one file: their names, their order, and that they share nothing.

Decides what two rings may not both have, because a rollout of one would then move users of the other. Each
ring by itself is checked as a fleet (`checks`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from shared.fleet import FLEET_NAME
from shared.fleet_file.draft import COLOURS, Draft
from shared.fleet_file.lever_checks import RESOURCES, fqdn_of
from shared.fleet_file.ring_models import OWN
from shared.fleet_file.tree import Path
from shared.levers import SwitchKind

NAME_CHARACTERS_MAX = 40

FOLLOW_SECONDS_MAX = 30 * 24 * 3600
"""The runbook's own deadline for `follow`: a ring waits from the moment when the first may begin."""

_FRONT_DOORS = (SwitchKind.FRONT_DOOR, SwitchKind.FRONT_DOOR_CLASSIC)

_Claim = tuple[str, tuple[str | None, ...], Path]
"""What is claimed in words, what it is, and where."""


def check_rings(draft: Draft) -> None:
    """Note what contradicts in the names and the order of the rings. `draft` is the file as a whole."""
    keys = draft.keys()
    for key in OWN:
        if key in keys:
            draft.refuse((key,), "nothing here, because each ring has its own")
    if "ring" in keys:
        draft.refuse(("ring",), "nothing here, because each ring follows the one before it in rings")
    chain = draft.text("name")
    taken: dict[str, Path] = {}
    for path in draft.items("rings"):
        name = draft.text(*path, "name")
        if path == ("rings", 0):
            _first(draft, path)
        if name is None:
            continue
        other = taken.setdefault(name, path)
        if other != path:
            draft.refuse((*path, "name"), f"another name than {draft.place((*other, 'name'))}")
        elif chain is not None and re.fullmatch(FLEET_NAME, chain):
            _length(draft, path, chain, name)
    _holds(draft)


def _holds(draft: Draft) -> None:
    deadline = draft.seconds("deadlines", "follow") or FOLLOW_SECONDS_MAX
    lasts = 0
    for path in draft.items("rings"):
        lasts += draft.seconds(*path, "hold") or 0
        if lasts >= deadline:
            reason = f"the holds up to here take {lasts} s, and deadlines.follow is {deadline} s"
            draft.refuse((*path, "hold"), f"a shorter one, because {reason}")
            return


def _first(draft: Draft, path: Path) -> None:
    for key in ("hold", "gates"):
        if draft.value(*path, key) is not None:
            draft.refuse((*path, key), "nothing here, because the first ring follows none")


def _length(draft: Draft, path: Path, chain: str, name: str) -> None:
    room = NAME_CHARACTERS_MAX - len(chain) - 1
    if len(name) > room > 0:
        reason = f"the fleet's name {chain}-{name} may have {NAME_CHARACTERS_MAX}"
        draft.refuse((*path, "name"), f"at most {room} characters, because {reason}")
    elif room <= 0 and path == ("rings", 0):
        reason = "each ring's name comes behind it and a hyphen"
        draft.refuse(("name",), f"at most {NAME_CHARACTERS_MAX - 2} characters, because {reason}")


def check_apart(rings: Sequence[Draft]) -> None:
    """Note what two rings both have and only one of them may. Each of `rings` reads one as a fleet."""
    taken: dict[tuple[str | None, ...], tuple[int, str, bool]] = {}
    for index, draft in enumerate(rings):
        in_front = _in_front(draft)
        for what, value, path in _claims(draft):
            if None in value:
                continue
            on_purpose = what == "gateway" and value[0] in in_front
            first, place, shared = taken.setdefault(value, (index, draft.place(path), on_purpose))
            if first != index and not (shared and on_purpose):
                draft.refuse(path, f"another {what} than {place}")


def _in_front(draft: Draft) -> set[str]:
    """The gateways that are levers: each stands before slots by intent, and tells them apart by pools."""
    levers = draft.balancers(SwitchKind.APPLICATION_GATEWAY)
    return {gateway.lower() for path in levers if (gateway := draft.text(*path, "gateway"))}


def _claims(draft: Draft) -> Iterator[_Claim]:
    for colour in COLOURS:
        slot: Path = ("slots", colour)
        for what, key in (
            ("cluster", "cluster_id"),
            ("gateway", "gateway_id"),
            ("public IP", "public_ip_id"),
        ):
            yield what, (_lower(draft, (*slot, key)),), (*slot, key)
    for key in ("cluster", *COLOURS):
        yield "name", (_lower(draft, ("hosts", key)),), ("hosts", key)
    for path in [*draft.records(), *draft.beneath()]:
        yield "name", (fqdn_of(draft, path),), (*path, "name")
    for path in draft.balancers():
        yield from _balancer(draft, path)


def _balancer(draft: Draft, path: Path) -> Iterator[_Claim]:
    kind = draft.switch(path)
    assert kind is not None, "a balancer is known by its kind"
    keys = RESOURCES[kind]
    resource = _lower(draft, (*path, keys[0]))
    yield "lever", (kind, *(_lower(draft, (*path, key)) for key in keys)), (*path, keys[-1])
    if kind in _FRONT_DOORS:
        # Each canary is the one rule in it that is ours.
        yield "set of rules", ("rules", resource, _lower(draft, (*path, "rules"))), (*path, "rules")
    if kind is SwitchKind.APPLICATION_GATEWAY:
        for colour in COLOURS:
            at: Path = (*path, "members", colour, "name")
            yield "back-end pool", ("pool", resource, _lower(draft, at)), at


def _lower(draft: Draft, path: Path) -> str | None:
    found = draft.text(*path)
    return found.lower() if found is not None else None
