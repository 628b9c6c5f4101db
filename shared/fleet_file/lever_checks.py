"""What must agree among the levers of a fleet, and between them and the fleet's host names.

Decides which lever fits which exposure, what each member must be beside the other, and where a slot's own
host name lies. Refuses to know the slots' addresses (`address_checks`) and a lever's plan (`shift_checks`).
"""

from __future__ import annotations

from shared.fleet_file.draft import COLOURS, ZONE_TYPES, Draft
from shared.fleet_file.tree import Path
from shared.fleet_file.values import arm_parts, is_host, relative_name
from shared.levers import SwitchKind

RESOURCES = {
    SwitchKind.FRONT_DOOR: ("profile", "origin_group"),
    SwitchKind.FRONT_DOOR_CLASSIC: ("front_door", "backend_pool"),
    SwitchKind.TRAFFIC_MANAGER: ("profile",),
    SwitchKind.APPLICATION_GATEWAY: ("gateway", "rule"),
}
"""The keys that name a balancer: its resource first, and what is moved in it."""

_SWITCHES = {"public": SwitchKind.AZURE_DNS, "private": SwitchKind.PRIVATE_DNS}


def check_levers(draft: Draft) -> None:
    """Note every contradiction among levers and host names."""
    _switches(draft)
    _names(draft)
    _hosts_twice(draft)
    _records_twice(draft)
    _balancers_twice(draft)
    for path in draft.balancers():
        _members(draft, path)
    for path in draft.above():
        _above(draft, path)


def every_record(draft: Draft) -> list[Path]:
    """The paths of everything that names a zone: live records, those beneath, and the slots' own."""
    own: list[Path] = [("slots", colour, "host_record") for colour in COLOURS]
    return [*draft.records(), *draft.beneath(), *(path for path in own if draft.keys(*path))]


def _switches(draft: Draft) -> None:
    exposure = draft.text("exposure") or ""
    wanted = _SWITCHES.get(exposure)
    # Behind one gateway the slots are private places, whoever may reach the gateway.
    inside = any(draft.balancers(SwitchKind.APPLICATION_GATEWAY))
    for path in every_record(draft):
        kind = draft.switch(path)
        free = inside and path[0] == "slots"
        if wanted is not None and kind in ZONE_TYPES and kind is not wanted and not free:
            draft.refuse((*path, "switch"), f"{wanted}, because exposure is {exposure}")
        _zone(draft, path, kind)
    for path in [*draft.records(), *draft.beneath()]:
        if draft.text(*path, "type") == "CNAME" and draft.text(*path, "name") == "@":
            draft.refuse((*path, "name"), "a name below the zone, because DNS allows no CNAME at its apex")
    for path in draft.balancers():
        if exposure == "private" and draft.switch(path) is not SwitchKind.APPLICATION_GATEWAY:
            expected = "private_dns or application_gateway, because exposure is private"
            draft.refuse((*path, "switch"), expected)


def _zone(draft: Draft, path: Path, kind: SwitchKind | None) -> None:
    parts = arm_parts(draft.text(*path, "zone") or "")
    if parts is None or kind not in ZONE_TYPES:
        return
    if parts[2].lower() in set(ZONE_TYPES.values()) - {ZONE_TYPES[kind]}:
        draft.refuse((*path, "zone"), f"a zone of {kind}: {ZONE_TYPES[kind]}")


def fqdn_of(draft: Draft, path: Path) -> str | None:
    """The lower-case name of the record there, None where it is not known."""
    name, zone = draft.text(*path, "name"), draft.zone_name(*path, "zone")
    if name is None or zone is None:
        return None
    return zone if name == "@" else f"{name}.{zone}".lower()


def _names(draft: Draft) -> None:
    first: Path = ("live_records", 0)
    cluster = draft.text("hosts", "cluster")
    fqdn = fqdn_of(draft, first) if next(draft.records(), None) == first else None
    if cluster is not None and fqdn is not None and cluster.lower() != fqdn:
        draft.refuse(("hosts", "cluster"), f"{fqdn}, the name of {draft.place(first)} in its zone")
    for colour in COLOURS:
        place = _place_of(draft, colour)
        host = draft.text("hosts", colour)
        if host is None or not is_host(host):
            continue
        if place is None:
            if _all_known(draft):
                expected = f"a mapping with the zone of {host}, because no live record is a DNS record"
                draft.refuse(("slots", colour, "host_record"), expected)
            continue
        zone_id = draft.text(*place, "zone") or ""
        if arm_parts(zone_id) is not None and relative_name(host, zone_id) is None:
            expected = f"a name under {zone_id.rsplit('/', 1)[-1]}, the zone of {draft.place(place)}"
            draft.refuse(("hosts", colour), expected)


def _place_of(draft: Draft, colour: str) -> Path | None:
    """What says where the slot's own host name lies: its own record, a live one, or one beneath it."""
    own: Path = ("slots", colour, "host_record")
    if draft.value(*own) is not None:
        return own
    beneath = (path for path in draft.beneath() if path[3] == colour)
    return next(draft.records(), None) or next(beneath, None)


def _all_known(draft: Draft) -> bool:
    found = draft.value("live_records")
    levers = list(draft.items("live_records"))
    complete = isinstance(found, list) and 0 < len(found) == len(levers)
    return complete and all(draft.switch(path) is not None for path in levers)


def _hosts_twice(draft: Draft) -> None:
    taken: dict[str, str] = {}
    for key in ("cluster", *COLOURS):
        other = taken.setdefault((draft.text("hosts", key) or key).lower(), key)
        if other != key:
            draft.refuse(("hosts", key), f"another name than {draft.place(('hosts', other))}")


def _records_twice(draft: Draft) -> None:
    live: dict[tuple[str, str | None], Path] = {}
    names: dict[str, Path] = {}
    for path in draft.records():
        fqdn = fqdn_of(draft, path)
        if fqdn is None:
            continue
        names.setdefault(fqdn, path)
        other = live.setdefault((fqdn, draft.text(*path, "type")), path)
        if other != path:
            draft.refuse((*path, "name"), f"another record than {draft.place(other)}")
        _never_a_slots_own(draft, path, fqdn)
    for path in draft.beneath():
        fqdn = fqdn_of(draft, path)
        if fqdn is None:
            continue
        other = names.setdefault(fqdn, path)
        if other != path:
            reason = "because each moves by itself"
            draft.refuse((*path, "name"), f"another name than {draft.place(other)}, {reason}")
        _never_a_slots_own(draft, path, fqdn)


def _never_a_slots_own(draft: Draft, path: Path, fqdn: str) -> None:
    for colour in COLOURS:
        if fqdn == (draft.text("hosts", colour) or "").lower():
            own = draft.place(("hosts", colour))
            draft.refuse((*path, "name"), f"another name than {own}, which never moves")


def _balancers_twice(draft: Draft) -> None:
    seen: dict[tuple[str, ...], Path] = {}
    for path in draft.balancers():
        kind = draft.switch(path)
        keys = RESOURCES[kind] if kind is not None else ()
        told = [draft.text(*path, key) for key in keys]
        if None in told:
            continue
        other = seen.setdefault((str(kind), *(str(each).lower() for each in told)), path)
        if other != path:
            draft.refuse((*path, keys[-1]), f"another lever than {draft.place(other)}")


def _members(draft: Draft, path: Path) -> None:
    members: Path = (*path, "members")
    blue, green = (draft.text(*members, colour, "name") for colour in COLOURS)
    if blue is not None and green is not None and blue.lower() == green.lower():
        draft.refuse((*members, "green", "name"), f"another one than {draft.place((*members, 'blue'))} has")
    with_record = [colour for colour in COLOURS if draft.value(*members, colour, "beneath") is not None]
    for colour in COLOURS:
        if with_record and colour not in with_record and draft.keys(*members, colour):
            other = draft.place((*members, with_record[0], "beneath"))
            draft.refuse((*members, colour, "beneath"), f"a record as {other} is one, or none there")
    _groups(draft, path)


def _above(draft: Draft, path: Path) -> None:
    """A Front Door above a record moves the users of that one name, by origins that are told apart."""
    if len(list(draft.items("live_records"))) > 1:
        expected = "nothing, because it moves nobody who comes by another of live_records"
        draft.refuse(path, expected, "a mapping")
    key = "backend" if draft.switch(path) is SwitchKind.FRONT_DOOR_CLASSIC else "origin"
    places: list[Path] = [(*path, key), *((*path, "members", colour, "name") for colour in COLOURS)]
    taken: dict[str, Path] = {}
    for place in places:
        name = draft.text(*place)
        other = taken.setdefault(name.lower(), place) if name is not None else place
        if other != place:
            draft.refuse(place, f"another one than {draft.place(other)}")
    fqdn, passed_on = fqdn_of(draft, path[:-1]), draft.text(*places[0])
    if key == "backend" and None not in (fqdn, passed_on) and fqdn != str(passed_on).lower():
        draft.refuse(places[0], f"{fqdn}, the name of {draft.place(path[:-1])}")


def _groups(draft: Draft, path: Path) -> None:
    kind = draft.switch(path)
    key = RESOURCES[kind][-1] if kind is not None else ""
    taken: dict[str, str] = {(draft.text(*path, key) or "").lower(): draft.place((*path, key))}
    for colour in COLOURS:
        at: Path = (*path, "members", colour, "group")
        group = draft.text(*at)
        other = taken.setdefault(group.lower(), draft.place(at)) if group is not None else draft.place(at)
        if other != draft.place(at):
            draft.refuse(at, f"a group with {colour} alone, another one than {other}")
