"""What the slots' addresses and gateways must agree on with the levers and with each other.

Decides whether an address fits the records that are to hold it, and who may share what. Refuses to know
whether anything answers there.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_network

from shared.fleet_file.draft import COLOURS, QUESTIONS, Draft
from shared.fleet_file.tree import Path
from shared.fleet_file.values import address_of, is_host
from shared.levers import SwitchKind

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
_WANTED = {"A": "an IPv4 address", "AAAA": "an IPv6 address", "CNAME": "a host name"}


def check_addresses(draft: Draft) -> None:
    """Note every contradiction in the slots' addresses and gateways."""
    _shared(draft)
    _aliases(draft)
    moved = {draft.text(*path, "type"): path for path in [*draft.records(), *draft.beneath()]}
    for colour in COLOURS:
        slot: Path = ("slots", colour)
        if not draft.keys(*slot):
            continue
        address, public_ip = draft.value(*slot, "address"), draft.value(*slot, "public_ip_id")
        if (address is None) == (public_ip is None):
            got = "neither" if address is None else "both"
            draft.refuse(slot, "exactly one of address and public_ip_id", got)
            continue
        own: Path = (*slot, "host_record")
        for record_type, path in {draft.text(*own, "type"): own, **moved}.items():
            _type(draft, slot, record_type or "", path)
        _reach(draft, slot)


def _shared(draft: Draft) -> None:
    in_front = {
        (draft.text(*path, "gateway") or "").lower()
        for path in draft.balancers(SwitchKind.APPLICATION_GATEWAY)
    }
    for key in ("cluster_id", "gateway_id", "address", "public_ip_id"):
        blue, green = (draft.text("slots", colour, key) for colour in COLOURS)
        if blue is None or green is None or blue.lower() != green.lower():
            continue
        at: Path = ("slots", "green", key)
        if key != "gateway_id":
            draft.refuse(at, "another one than the blue slot has")
        elif blue.lower() in in_front:
            _one_gateway(draft)
        else:
            moved = "an application_gateway among live_records that is in front of both"
            draft.refuse(at, f"another one than the blue slot has, or {moved}")
    if draft.value("traffic", "dimension") is not None and not in_front:
        expected = "nothing here, because no application_gateway is among live_records"
        draft.refuse(("traffic", "dimension"), expected)


def _one_gateway(draft: Draft) -> None:
    if draft.value("traffic", "dimension") is None:
        expected = "the dimension that names back-end pools, because both slots have one gateway"
        draft.refuse(("traffic", "dimension"), expected)
    if draft.value("drain", "connections_metric") is not None:
        expected = "nothing here, because both slots have one gateway, which counts connections as a whole"
        draft.refuse(("drain", "connections_metric"), expected)
    for path in (path for question in QUESTIONS for path in draft.items("gates", question)):
        if draft.text(*path, "source") == "logs" and draft.text(*path, "target") == "gateway":
            expected = "cluster, because both slots have one gateway, whose logs do not tell them apart"
            draft.refuse((*path, "target"), expected)


def _aliases(draft: Draft) -> None:
    for path in draft.records():
        with_address = [c for c in COLOURS if draft.value("slots", c, "address") is not None]
        if draft.value(*path, "alias") is True and with_address:
            reason = f"{draft.place(('slots', with_address[0]))} has an address in place of a public_ip_id"
            draft.refuse((*path, "alias"), f"false, because {reason}")


def _type(draft: Draft, slot: Path, record_type: str, record: Path) -> None:
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
    if not fits.get(record_type, True):
        expected = f"{_WANTED[record_type]}, because {draft.place(record)} is {record_type}"
        draft.refuse((*slot, "address"), expected)


def _reach(draft: Draft, slot: Path) -> None:
    exposure = draft.text("exposure")
    if exposure == "private" and draft.value(*slot, "public_ip_id") is not None:
        draft.refuse((*slot, "public_ip_id"), "an address instead, because exposure is private")
    # Users reach the gateway in front, and the gateway reaches the slot.
    inside = any(draft.balancers(SwitchKind.APPLICATION_GATEWAY))
    parsed = address_of(draft.text(*slot, "address") or "")
    if exposure == "public" and not inside and parsed is not None and any(parsed in net for net in _PRIVATE):
        draft.refuse((*slot, "address"), "an address that the internet reaches, because exposure is public")
