"""What a body would mean, before anybody sends it: for people who set up subscriptions and action groups.

Decides nothing that `events` and `alerts` do not: it shows their answer, or their refusal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from msgspec import Struct

from shared.errors import Refused
from shared.fleet import Channel, Fleet
from shared.levers import SlotName
from shared.model import Role, Signal
from shared.resources import resources_of
from shared.signals.alerts import alert_signals
from shared.signals.body import thing
from shared.signals.events import VALIDATION, event_signals, read_envelope
from shared.signals.matching import Entry

_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)

Explanation = dict[str, str | None]


class _Own(Struct, frozen=True):
    """A directory of one, so that a fleet file needs no store."""

    name: str
    resources: Mapping[str, str]
    platform: bool
    pinned: Mapping[str, str] = {}


def explain(
    body: object, fleet: Fleet | None, directory: Sequence[Entry], live: SlotName
) -> Explanation | list[Explanation]:
    """`kind, id, fleet, slot, role, state, severity, because` of a body, nulls where it has none.

    A refusal is `{"refused": sentence}`. With `fleet` that fleet alone is asked, otherwise the directory;
    `live` is the slot that serves users. A list is given for an array of several events, and where one body
    concerns several slots or fleets.
    """
    entries: Sequence[Entry] = directory
    if fleet is not None:
        platform = fleet.versions.channel is Channel.PLATFORM
        entries = (_Own(fleet.name, resources_of(fleet), platform),)
    bodies = body if isinstance(body, list) else [body]
    if not bodies:
        return {"refused": "events: got an empty array, expected at least one event"}
    found = [each for one in bodies for each in _explained(one, entries, live)]
    return found[0] if len(found) == 1 else found


def is_alert(body: object) -> bool:
    """Whether a body claims to be an Azure Monitor alert."""
    if not isinstance(body, dict) or "eventType" in body or "specversion" in body:
        return False
    data = body.get("data")
    return "schemaId" in body or (isinstance(data, dict) and "essentials" in data)


def validation_code(body: object) -> str | None:
    """The code of a subscription validation event, alone or in an array; None for every other body."""
    event = body[0] if isinstance(body, list) and len(body) == 1 else body
    if not isinstance(event, dict) or event.get("eventType", event.get("type")) != VALIDATION:
        return None
    data = event.get("data")
    code = data.get("validationCode") if isinstance(data, dict) else None
    return code if isinstance(code, str) and code else None


def _explained(body: object, entries: Sequence[Entry], live: SlotName) -> list[Explanation]:
    try:
        if validation_code(body) is not None:
            return [_handshake(body)]
        if is_alert(body):
            signals = alert_signals(body, _NO_TIME, entries)
        else:
            if "type" not in (event := thing(body, "body")) and "eventType" not in event:
                raise Refused(
                    "body: got neither eventType, type nor schemaId, expected an Event Grid event, a "
                    "CloudEvent or an alert in the common alert schema"
                )
            signals = event_signals(body, _NO_TIME, entries)
    except Refused as error:
        return [{"refused": str(error)}]
    return [_shown(signal, live) for signal in signals]


def _shown(signal: Signal, live: SlotName) -> Explanation:
    role = None
    if signal.slot is not None:
        role = (Role.LIVE if signal.slot == live else Role.CANDIDATE).value
    return {
        "kind": signal.kind.value,
        "id": signal.id,
        "fleet": signal.fleet,
        "slot": signal.slot,
        "role": role,
        "state": signal.state,
        "severity": signal.severity,
        "because": signal.because,
    }


def _handshake(body: object) -> Explanation:
    nothing = dict.fromkeys(("fleet", "slot", "role", "state", "severity"))
    return {
        "kind": "subscription_validation",
        "id": read_envelope(thing(body, "event"), _NO_TIME).id,
        **nothing,
        "because": "Event Grid asks whether this address takes its events; it is answered with the code",
    }
