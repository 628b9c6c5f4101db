"""Event Grid events as signals: Azure's own, and a platform's release, in either of Event Grid's schemas.

Decides what each type of event means. Refuses to know fleets beyond their directory, and never keeps the
`claims` of a resource event, which are a person's.
Sources: https://learn.microsoft.com/azure/event-grid/event-schema-aks and .../event-schema-resource-groups.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from msgspec import Struct

from shared.errors import Refused
from shared.fleet import TEMPLATE_VERSION
from shared.model import Signal, SignalKind
from shared.signals.body import clean, instant, prose_or_none, refused, text, text_or_none, thing, word
from shared.signals.matching import Entry, Match, match, nobody

VALIDATION = "Microsoft.EventGrid.SubscriptionValidationEvent"
PUBLISHED = "Switchyard.ClusterVersionPublished"

_AKS = "Microsoft.ContainerService."
_RESOURCES = "Microsoft.Resources."
_VERSION = re.compile(r"v?[0-9]{1,4}(\.[0-9]{1,6}){1,2}(-[0-9A-Za-z.-]{1,40})?")
_CHANNELS = {
    "stable": "latestStableKubernetesVersion",
    "supported": "latestSupportedKubernetesVersion",
    "preview": "latestPreviewKubernetesVersion",
}
_ID_CHARACTERS_MAX = 400
_TEMPLATE_VERSION = re.compile(TEMPLATE_VERSION)
A_TEMPLATE_VERSION = "a version of a template spec such as 1.4.0"


class Envelope(Struct, frozen=True, kw_only=True):
    """An event, whichever of the two schemas it came in. `source` is the topic of Event Grid's own schema."""

    id: str
    source: str
    subject: str
    type: str
    at: datetime
    data: dict[str, Any]


class Meaning(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an event says. `{resource}` in `because` stands for the resource that a fleet declares."""

    kind: SignalKind
    because: str
    state: str | None = None
    versions: dict[str, str] = {}
    version: str | None = None
    template_version: str | None = None
    note: str | None = None


def event_signals(body: object, received_at: datetime, directory: Sequence[Entry]) -> tuple[Signal, ...]:
    """One event as a signal for every fleet that it concerns. Raises Refused."""
    event = thing(body, "event")
    kind, field = event_type(event)
    if kind == VALIDATION:
        raise Refused(f"{field}: a subscription validation is answered with its code, it is no signal")
    if kind not in _READERS:
        raise refused(field, kind, f"one of {', '.join(_READERS)}")
    envelope = read_envelope(event, received_at)
    meaning = _READERS[kind](envelope)
    if envelope.type == PUBLISHED:
        matches = _followers(envelope, directory)
    else:
        ids = _ids(envelope)
        matches = match(ids, directory)
        if not matches:
            raise nobody("event", ids)
    return tuple(_signal(envelope, meaning, each, suffix) for each, suffix in suffixed(matches))


def event_type(event: dict[str, Any]) -> tuple[str, str]:
    """An event's type and its field: `eventType`, or `type` in CloudEvents. Raises Refused."""
    field = "eventType" if "eventType" in event and "specversion" not in event else "type"
    return text(event.get(field), field, "the type of an event"), field


def read_envelope(event: dict[str, Any], received_at: datetime) -> Envelope:
    """The envelope of an event in either schema. Raises Refused."""
    kind, field = event_type(event)
    source, time = ("topic", "eventTime") if field == "eventType" else ("source", "time")
    at = event.get(time)
    return Envelope(
        id=text(event.get("id"), "id", "the event's id"),
        source=text_or_none(event.get(source), source, "the resource that the event is about") or "",
        subject=text_or_none(event.get("subject"), "subject") or "",
        type=kind,
        at=received_at if at is None else instant(at, time),
        data=_data(event),
    )


def signal_id(fleet: str, *parts: str) -> str:
    """A name for ever: the same parts give the same id, however long they are."""
    plain = "/".join((fleet, *(part.strip("/") for part in parts)))
    return plain if len(plain) <= _ID_CHARACTERS_MAX else f"{fleet}/{sha256(plain.encode()).hexdigest()}"


def suffixed(matches: Sequence[Match]) -> Iterator[tuple[Match, tuple[str, ...]]]:
    """Each match, with the slot as part of its signal's id where a fleet is meant with both slots."""
    counts = Counter(each.fleet for each in matches)
    for each in matches:
        yield each, (str(each.slot),) if counts[each.fleet] > 1 else ()


def kubernetes_version(value: object, field: str) -> str:
    """A version such as 1.32.6. Raises Refused."""
    found = text(value, field, "a Kubernetes version such as 1.32.6")
    if _VERSION.fullmatch(found) is None:
        raise refused(field, value, "a Kubernetes version such as 1.32.6")
    return found.removeprefix("v")


def template_version(value: object, field: str) -> str | None:
    """A version of a template spec, or None where there is none. Raises Refused."""
    found = text_or_none(value, field, A_TEMPLATE_VERSION)
    if found is not None and _TEMPLATE_VERSION.fullmatch(found) is None:
        raise refused(field, value, A_TEMPLATE_VERSION)
    return found


def _signal(envelope: Envelope, meaning: Meaning, found: Match, suffix: tuple[str, ...]) -> Signal:
    return Signal(
        kind=meaning.kind,
        # ARM ids come in any case; an event's own id is its publisher's, and its case counts.
        id=signal_id(found.fleet, envelope.source.lower(), envelope.id, *suffix),
        fleet=found.fleet,
        at=envelope.at,
        because=meaning.because.replace("{resource}", found.resource),
        slot=found.slot,
        state=meaning.state,
        resource_id=found.resource_id or None,
        versions=meaning.versions,
        version=meaning.version,
        template_version=meaning.template_version,
        note=meaning.note,
    )


def _data(event: dict[str, Any]) -> dict[str, Any]:
    """`data`, or what CloudEvents carries in its place where a publisher handed its client bytes."""
    encoded = event.get("data_base64")
    if encoded is None or event.get("data") is not None:
        return thing(event.get("data"), "data")
    try:
        found = json.loads(b64decode(encoded, validate=True))
    except (TypeError, ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise refused("data_base64", encoded, "a JSON object in base64")
    return found


def _ids(envelope: Envelope) -> tuple[str, ...]:
    if envelope.type.startswith(_AKS):
        return (envelope.source,) if envelope.source else ()
    uri = text_or_none(envelope.data.get("resourceUri"), "data.resourceUri", "an ARM id")
    return tuple(each for each in (uri, envelope.subject) if each)


def _followers(envelope: Envelope, directory: Sequence[Entry]) -> tuple[Match, ...]:
    named = _respelled(envelope.data).get("fleets")
    if named is None:
        found = tuple(Match(entry.name, None, "") for entry in directory if entry.platform)
        if not found:
            raise Refused("event: no fleet follows the platform channel, and data.fleets names none")
        return found
    if not isinstance(named, list) or not named:
        raise refused("data.fleets", named, "an array of at least one fleet's name")
    names = list(dict.fromkeys(text(each, "data.fleets", "the name of a fleet") for each in named))
    known = {entry.name for entry in directory}
    found = tuple(Match(name, None, "") for name in names if name in known)
    if not found:
        raise refused("data.fleets", names[0], "the name of an applied fleet")
    return found


def _respelled(data: dict[str, Any]) -> dict[str, Any]:
    """A release's data under names such as `kubernetesversion`: camelCase is read too."""
    return {str(key).replace("_", "").lower(): value for key, value in data.items()}


def _available(envelope: Envelope) -> Meaning:
    data = envelope.data
    versions = {
        channel: kubernetes_version(data[field], f"data.{field}")
        for channel, field in _CHANNELS.items()
        if data.get(field) is not None and data[field] != ""
    }
    if not versions:
        fields = " or ".join(_CHANNELS.values())
        raise Refused(f"data: got no version, expected {fields}")
    offers = ", ".join(f"{version} ({channel})" for channel, version in versions.items())
    because = f"AKS offers {{resource}} Kubernetes {offers}"
    return Meaning(kind=SignalKind.VERSION_AVAILABLE, because=because, versions=versions)


def _support(kind: SignalKind, tense: str) -> Callable[[Envelope], Meaning]:
    def read(envelope: Envelope) -> Meaning:
        version = kubernetes_version(envelope.data.get("kubernetesVersion"), "data.kubernetesVersion")
        because = f"Azure's support for Kubernetes {version} on {{resource}} {tense}"
        return Meaning(kind=kind, because=because, version=version)

    return read


def _rolling(state: str, told: str) -> Callable[[Envelope], Meaning]:
    def read(envelope: Envelope) -> Meaning:
        pool = text(envelope.data.get("nodePoolName"), "data.nodePoolName", "the name of a node pool")
        because = f"node pool {clean(pool, 80)} of {{resource}} {told}"
        return Meaning(kind=SignalKind.NODE_POOL_ROLLING, because=because, state=state)

    return read


def _changed(state: str, told: str) -> Callable[[Envelope], Meaning]:
    def read(envelope: Envelope) -> Meaning:
        operation = word(envelope.data.get("operationName"))
        because = f"{{resource}} {told}" + (f" ({operation})" if operation else "")
        return Meaning(kind=SignalKind.RESOURCE_CHANGED, because=because, state=state)

    return read


def _published(envelope: Envelope) -> Meaning:
    data = _respelled(envelope.data)
    version = kubernetes_version(data.get("kubernetesversion"), "data.kubernetes_version")
    template = template_version(data.get("templateversion"), "data.template_version")
    by = text_or_none(data.get("publishedby"), "data.published_by", "who published it")
    note = prose_or_none(data.get("notes"), "data.notes")
    what = f"cluster template {clean(template, 80)} with " if template else ""
    what += f"Kubernetes {version}"
    told = f"{clean(by, 120)} published {what}" if by else f"{what} was published"
    return Meaning(
        kind=SignalKind.VERSION_PUBLISHED,
        # Whoever sends an event can write any name into it: it is told, and it is nobody's word.
        because=f"{told}: {clean(note, 200)}" if note else told,
        version=version,
        template_version=template,
        note=note,
    )


_READERS: dict[str, Callable[[Envelope], Meaning]] = {
    f"{_AKS}NewKubernetesVersionAvailable": _available,
    f"{_AKS}ClusterSupportEnding": _support(SignalKind.SUPPORT_ENDING, "is ending"),
    f"{_AKS}ClusterSupportEnded": _support(SignalKind.SUPPORT_ENDED, "has ended"),
    f"{_AKS}NodePoolRollingStarted": _rolling("started", "is being rolled"),
    f"{_AKS}NodePoolRollingSucceeded": _rolling("succeeded", "was rolled"),
    f"{_AKS}NodePoolRollingFailed": _rolling("failed", "could not be rolled"),
    f"{_RESOURCES}ResourceWriteSuccess": _changed("succeeded", "was written"),
    f"{_RESOURCES}ResourceWriteFailure": _changed("failed", "could not be written"),
    f"{_RESOURCES}ResourceDeleteSuccess": _changed("deleted", "was deleted"),
    PUBLISHED: _published,
}
