"""What must agree across the keys of a fleet file: hosts with records, addresses with types, times.

Decides contradictions alone; what a single key may hold is in `models`, what a gate may ask in `gate_checks`.
Every check runs on what is right, so that one mistake does not hide another.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_network

from shared.fleet_file.draft import COLOURS, Draft
from shared.fleet_file.gate_checks import check_gates
from shared.fleet_file.making import relative_name
from shared.fleet_file.mistakes import one_of
from shared.fleet_file.tree import Path, Tree, dotted
from shared.fleet_file.values import address_of, arm_parts, is_host

STEPS = (
    "admit",
    "preflight",
    "baseline",
    "approve_start",
    "deploy",
    "expose",
    "platform_gate",
    "freeze",
    "lower_ttl",
    "sync",
    "sync_gate",
    "functional_tests",
    "load_test",
    "parity",
    "approve_switch",
    "recheck",
    "shift",
    "converge",
    "observe",
    "unfreeze",
    "restore_ttl",
    "bake",
    "drained",
    "approve_destroy",
    "stop",
    "destroy",
    "sweep",
    "hand_over",
    "report",
    "restart",
    "divert",
    "prove",
    "thaw",
    "remove_candidate",
    "hold_version",
)
"""The steps of the runbook that a deadline may be given for, the way back among them."""

_SWITCHES = {"public": "azure_dns", "private": "private_dns"}
_ZONE_TYPES = {"azure_dns": "microsoft.network/dnszones", "private_dns": "microsoft.network/privatednszones"}
_PRIVATE = tuple(
    ip_network(net)
    for net in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "fc00::/7",
        "::1",
    )
)
_SWITCH_TTL_SECONDS = 30


def check(tree: Tree) -> None:
    """Add every contradiction in the file to the tree's mistakes."""
    draft = Draft(tree)
    _switches(draft)
    _names(draft)
    _duplicates(draft)
    _addresses(draft)
    _subscriptions(draft)
    _times(draft)
    _parameters(draft)
    check_gates(draft)


def _records(draft: Draft) -> list[Path]:
    """The paths of everything that names a zone: live records and the slots' own host records."""
    own: list[Path] = [("slots", colour, "host_record") for colour in COLOURS]
    return [*draft.items("live_records"), *(path for path in own if draft.keys(*path))]


def _switches(draft: Draft) -> None:
    exposure = draft.text("exposure") or ""
    wanted = _SWITCHES.get(exposure)
    for path in _records(draft):
        switch = draft.text(*path, "switch") or ""
        if wanted is not None and switch in _ZONE_TYPES and switch != wanted:
            draft.refuse((*path, "switch"), f"{wanted}, because exposure is {exposure}")
        parts = arm_parts(draft.text(*path, "zone") or "")
        kind = _ZONE_TYPES.get(switch)
        if parts is not None and kind is not None and parts[2].lower() in set(_ZONE_TYPES.values()) - {kind}:
            draft.refuse((*path, "zone"), f"a zone of {switch}: {kind}")
    for path in draft.items("live_records"):
        if draft.text(*path, "type") == "CNAME" and draft.text(*path, "name") == "@":
            draft.refuse((*path, "name"), "a name below the zone, because DNS allows no CNAME at its apex")


def _fqdn(draft: Draft, path: Path) -> str | None:
    name, zone = draft.text(*path, "name"), draft.zone_name(*path, "zone")
    if name is None or zone is None:
        return None
    return zone if name == "@" else f"{name}.{zone}".lower()


def _names(draft: Draft) -> None:
    first = next(draft.items("live_records"), None)
    cluster = draft.text("hosts", "cluster")
    fqdn = _fqdn(draft, first) if first == ("live_records", 0) else None
    if cluster is not None and fqdn is not None and cluster.lower() != fqdn:
        draft.refuse(("hosts", "cluster"), f"{fqdn}, the name of live_records[0] in its zone")
    for colour in COLOURS:
        own: Path = ("slots", colour, "host_record", "zone")
        zone_id = draft.text(*own) or draft.text("live_records", 0, "zone") or ""
        host = draft.text("hosts", colour)
        if host is None or not is_host(host) or arm_parts(zone_id) is None:
            continue
        if relative_name(host, zone_id) is None:
            where = f"slots.{colour}.host_record" if draft.text(*own) else "live_records[0]"
            draft.refuse(("hosts", colour), f"a name under {zone_id.rsplit('/', 1)[-1]}, the zone of {where}")


def _duplicates(draft: Draft) -> None:
    taken: dict[str, str] = {}
    for key in ("cluster", *COLOURS):
        other = taken.setdefault((draft.text("hosts", key) or key).lower(), key)
        if other != key:
            draft.refuse(("hosts", key), f"another name than hosts.{other}")
    seen: dict[tuple[str, str | None], int] = {}
    for path in draft.items("live_records"):
        fqdn, index = _fqdn(draft, path), int(path[1])
        if fqdn is None:
            continue
        other_index = seen.setdefault((fqdn, draft.text(*path, "type")), index)
        if other_index != index:
            draft.refuse((*path, "name"), f"another record than live_records[{other_index}]")
        for colour in COLOURS:
            if fqdn == (draft.text("hosts", colour) or "").lower():
                draft.refuse((*path, "name"), f"another name than hosts.{colour}, which never moves")
    for key in ("cluster_id", "gateway_id", "address", "public_ip_id"):
        blue, green = (draft.text("slots", colour, key) for colour in COLOURS)
        if blue is not None and green is not None and blue.lower() == green.lower():
            draft.refuse(("slots", "green", key), "another one than the blue slot has")


def _addresses(draft: Draft) -> None:
    types = {draft.text(*path, "type"): path for path in draft.items("live_records")}
    for colour in COLOURS:
        slot: Path = ("slots", colour)
        if not draft.keys(*slot):
            continue
        address, public_ip = draft.value(*slot, "address"), draft.value(*slot, "public_ip_id")
        if (address is None) == (public_ip is None):
            got = "neither" if address is None else "both"
            draft.refuse(slot, "exactly one of address and public_ip_id", got)
            continue
        for record_type, path in types.items():
            _address_type(draft, slot, record_type or "", path)
        _address_reach(draft, slot)


def _address_type(draft: Draft, slot: Path, record_type: str, record: Path) -> None:
    if draft.value(*slot, "public_ip_id") is not None:
        if record_type == "CNAME":
            draft.refuse((*record, "type"), "A or AAAA, because a slot has a public IP")
        return
    address = draft.text(*slot, "address")
    if address is None:
        return
    parsed = address_of(address)
    fits = {
        "A": isinstance(parsed, IPv4Address),
        "AAAA": isinstance(parsed, IPv6Address),
        "CNAME": parsed is None and is_host(address),
    }
    wanted = {"A": "an IPv4 address", "AAAA": "an IPv6 address", "CNAME": "a host name"}
    if not fits.get(record_type, True):
        expected = (
            f"{wanted[record_type]}, because {'.'.join(map(str, record[:1]))}[{record[1]}] is {record_type}"
        )
        draft.refuse((*slot, "address"), expected)


def _address_reach(draft: Draft, slot: Path) -> None:
    exposure = draft.text("exposure")
    if exposure == "private" and draft.value(*slot, "public_ip_id") is not None:
        draft.refuse((*slot, "public_ip_id"), "an address instead, because exposure is private")
    parsed = address_of(draft.text(*slot, "address") or "")
    if exposure == "public" and parsed is not None and any(parsed in network for network in _PRIVATE):
        draft.refuse((*slot, "address"), "an address that the internet reaches, because exposure is public")


def _subscriptions(draft: Draft) -> None:
    wanted = (draft.text("subscription") or "").lower()
    if len(wanted) != 36:
        return
    ids: list[Path] = [(*path, "zone") for path in _records(draft)]
    ids += [("slots", c, key) for c in COLOURS for key in ("cluster_id", "gateway_id", "public_ip_id")]
    for path in [*ids, ("provision", "template_spec")]:
        parts = arm_parts(draft.text(*path) or "")
        if parts is not None and parts[0].lower() != wanted:
            draft.refuse(path, f"a resource in the fleet's subscription {wanted}")


def _times(draft: Draft) -> None:
    declared = draft.seconds("policy", "switch_ttl")
    switch_ttl = _SWITCH_TTL_SECONDS if draft.value("policy", "switch_ttl") is None else declared
    ttls = [(path, ttl) for path in draft.items("live_records") if (ttl := draft.seconds(*path, "ttl"))]
    for path, ttl in ttls:
        if switch_ttl is not None and switch_ttl > ttl:
            at: Path = (*path, "ttl") if declared is None else ("policy", "switch_ttl")
            few, many = (
                f"at least the {switch_ttl} s of policy.switch_ttl",
                f"at most the TTL of {ttl} s in {dotted(path)}.ttl",
            )
            draft.refuse(at, few if declared is None else many)
    for step in draft.keys("deadlines"):
        if step not in STEPS:
            draft.refuse(("deadlines", step), one_of(STEPS, step), "an unknown step")
    for step in ("observe", "bake"):
        lasts, deadline = draft.seconds("policy", step), draft.seconds("deadlines", step)
        if lasts is not None and deadline is not None and deadline <= lasts:
            draft.refuse(("deadlines", step), f"more than the {lasts} s that policy.{step} asks for")
    for path in draft.items("versions", "windows"):
        begins, ends = draft.text(*path, "from"), draft.text(*path, "to")
        if begins is not None and begins == ends:
            draft.refuse((*path, "to"), "another time than from: the window would never open")


def _parameters(draft: Draft) -> None:
    named = {
        key: draft.text("provision", key) or default
        for key, default in (
            ("slot_parameter", "slot"),
            ("cluster_name_parameter", "clusterName"),
            ("version_parameter", "kubernetesVersion"),
        )
    }
    taken: dict[str, str] = {}
    for key, name in named.items():
        if taken.setdefault(name.lower(), key) != key:
            draft.refuse(("provision", key), f"another parameter than {taken[name.lower()]}")
    for name in draft.keys("provision", "parameters"):
        if name.lower() in taken:
            expected = f"another parameter: Switchyard fills this one in ({taken[name.lower()]})"
            draft.refuse(("provision", "parameters", name), expected)
