"""What public and private DNS have in common on the wire: get, put, patch, delete and the lists.

Decides how a body becomes targets, TTL and metadata and back. What differs between the two is a `Flavour`.
Refuses record types that cannot decide which slot users reach; of those TXT alone can be read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from sandbox.wire.errors import BadRequest
from sandbox.wire.routing import Call, Operation, Reply, shaped
from sandbox.world.errors import ArmError
from sandbox.world.estate import CONTROLLER
from sandbox.world.model import World
from sandbox.world.registry import TTL_SECONDS, TextSet, text_sets
from sandbox.world.settings import Family
from sandbox.world.zones import RecordSet
from shared.levers import RecordType

_VALUES = {RecordType.A: "ipv4Address", RecordType.AAAA: "ipv6Address", RecordType.CNAME: "cname"}


class Flavour(Struct, frozen=True, kw_only=True):
    """How one of the two services spells things. `listings` are the paths that list a whole zone.

    `alias` is the property that names another resource, empty where the service has none.
    """

    zone_type: str
    versions: frozenset[str]
    ttl: str
    fields: dict[RecordType, str]
    text: str
    alias: str
    listings: tuple[str, ...]
    record_facts: dict[str, Any]


class RecordSetOperations:
    """The operations of one service. `zone_facts` gives a zone's properties for its number of record sets."""

    def __init__(self, world: World, flavour: Flavour, zone_facts: Callable[[int], dict[str, Any]]) -> None:
        self._world = world
        self._flavour = flavour
        self._zone_facts = zone_facts

    def operations(self) -> list[Operation]:
        """Every operation; the lists of a zone come before the list of a type, whose path is the same."""
        zone = (
            "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Network/"
            f"{self._flavour.zone_type}/{{zone}}"
        )
        record = zone + "/{type}/{name}"
        return [
            self._operation("GET", zone, self._get_zone),
            *(
                self._operation("GET", f"{zone}/{listing}", self._list_zone)
                for listing in self._flavour.listings
            ),
            self._operation("GET", zone + "/{type}", self._list_type),
            self._operation("GET", record, self._get),
            self._operation("PUT", record, self._put),
            self._operation("PATCH", record, self._patch),
            self._operation("DELETE", record, self._delete),
        ]

    def _operation(self, method: str, template: str, handler: Callable[[Call], Reply]) -> Operation:
        return Operation(
            method=method,
            template=template,
            handler=handler,
            versions=self._flavour.versions,
            families=(Family.ARM, Family.DNS),
        )

    def _get_zone(self, call: Call) -> Reply:
        zone_id = self._zone_id(call)
        count = len(self._world.zones.list(zone_id)) + len(self._texts(zone_id))
        return Reply(
            200,
            {
                "id": zone_id,
                "name": call.parameters["zone"],
                "type": f"Microsoft.Network/{self._flavour.zone_type}",
                "location": "global",
                "etag": self._world.estate.hex_of(32, "zone", zone_id.lower()),
                "tags": {},
                "properties": self._zone_facts(count),
            },
        )

    def _list_zone(self, call: Call) -> Reply:
        zone_id = self._zone_id(call)
        records = [self._shown(each) for each in self._world.zones.list(zone_id)]
        return Reply(200, {"value": [*records, *map(self._shown_text, self._texts(zone_id))]})

    def _list_type(self, call: Call) -> Reply:
        zone_id = self._zone_id(call)
        present = self._world.zones.list(zone_id)
        if _is_text(call):
            return Reply(200, {"value": [self._shown_text(each) for each in self._texts(zone_id)]})
        type_ = _record_type(call)
        return Reply(200, {"value": [self._shown(each) for each in present if each.type is type_]})

    def _get(self, call: Call) -> Reply:
        if _is_text(call):
            return self._get_text(call)
        return self._reply(200, self._world.zones.get(*self._key(call)))

    def _get_text(self, call: Call) -> Reply:
        zone_id, name = self._zone_id(call), call.parameters["name"]
        self._world.zones.check_zone(zone_id)
        for found in self._texts(zone_id):
            if found.name.lower() == name.lower():
                return Reply(200, self._shown_text(found), {"ETag": found.etag})
        raise ArmError(404, "NotFound", f"The resource record '{name}' does not exist in resource group.")

    def _put(self, call: Call) -> Reply:
        zone_id, name, type_ = self._key(call)
        existed = self._world.zones.find(zone_id, name, type_) is not None
        properties = _properties(call)
        written = self._world.zones.put(
            zone_id,
            name,
            type_,
            ttl_seconds=shaped(properties.get(self._flavour.ttl), int),
            targets=self._targets(properties, type_),
            metadata=shaped(properties.get("metadata") or {}, dict[str, str]),
            if_match=call.headers.get("If-Match"),
            create_only=call.headers.get("If-None-Match") == "*",
            by=CONTROLLER,
        )
        return self._reply(200 if existed else 201, written)

    def _patch(self, call: Call) -> Reply:
        before = self._world.zones.get(*self._key(call))
        properties = _properties(call)
        metadata = properties.get("metadata")
        written = self._world.zones.put(
            before.zone_id,
            before.name,
            before.type,
            ttl_seconds=shaped(properties.get(self._flavour.ttl, before.ttl_seconds), int),
            targets=self._targets(properties, before.type) or before.targets,
            metadata=before.metadata if metadata is None else shaped(metadata, dict[str, str]),
            if_match=call.headers.get("If-Match"),
            by=CONTROLLER,
        )
        return self._reply(200, written)

    def _delete(self, call: Call) -> Reply:
        if_match = call.headers.get("If-Match")
        existed = self._world.zones.delete(*self._key(call), if_match=if_match, by=CONTROLLER)
        return Reply(200 if existed else 204)

    def _zone_id(self, call: Call) -> str:
        return (
            f"{call.group_id}/providers/Microsoft.Network/{self._flavour.zone_type}/{call.parameters['zone']}"
        )

    def _key(self, call: Call) -> tuple[str, str, RecordType]:
        return self._zone_id(call), call.parameters["name"], _record_type(call)

    def _targets(self, properties: Mapping[str, Any], type_: RecordType) -> tuple[str, ...]:
        content = properties.get(self._flavour.fields[type_]) or []
        single = type_ is RecordType.CNAME and bool(content)
        entries = shaped([content] if single else content, list[dict[str, str]])
        records = tuple(entry[_VALUES[type_]] for entry in entries if entry.get(_VALUES[type_]))
        alias = shaped(properties.get(self._flavour.alias) or {}, dict[str, str]).get("id", "")
        if alias:
            _check_alias(alias, records, type_)
        return (alias,) if alias else records

    def _reply(self, status: int, record_set: RecordSet) -> Reply:
        return Reply(status, self._shown(record_set), {"ETag": record_set.etag})

    def _shown(self, record_set: RecordSet) -> dict[str, Any]:
        return {
            "id": f"{record_set.zone_id}/{record_set.type.value}/{record_set.name}",
            "name": record_set.name,
            "type": f"Microsoft.Network/{self._flavour.zone_type}/{record_set.type.value}",
            "etag": record_set.etag,
            "properties": {
                "metadata": dict(record_set.metadata),
                "fqdn": f"{record_set.fqdn}.",
                self._flavour.ttl: record_set.ttl_seconds,
                **self._content(record_set),
                **self._flavour.record_facts,
            },
        }

    def _texts(self, zone_id: str) -> list[TextSet]:
        return [each for each in text_sets(self._world.estate) if each.zone_id.lower() == zone_id.lower()]

    def _shown_text(self, found: TextSet) -> dict[str, Any]:
        return {
            "id": f"{found.zone_id}/TXT/{found.name}",
            "name": found.name,
            "type": f"Microsoft.Network/{self._flavour.zone_type}/TXT",
            "etag": found.etag,
            "properties": {
                "metadata": {},
                "fqdn": f"{found.fqdn}.",
                self._flavour.ttl: TTL_SECONDS,
                self._flavour.text: [{"value": [found.text]}],
                **self._flavour.record_facts,
            },
        }

    def _content(self, record_set: RecordSet) -> dict[str, Any]:
        """An alias shows the resource that it names, and none of the records that it answers with."""
        if record_set.alias:
            return {self._flavour.alias: {"id": record_set.alias}}
        entries = [{_VALUES[record_set.type]: target} for target in record_set.targets]
        content = entries[0] if record_set.type is RecordType.CNAME else entries
        no_alias: dict[str, Any] = {self._flavour.alias: {}} if self._flavour.alias else {}
        return {self._flavour.fields[record_set.type]: content, **no_alias}


def _properties(call: Call) -> dict[str, Any]:
    return shaped(call.payload().get("properties"), dict[str, Any])


def _check_alias(alias: str, records: tuple[str, ...], type_: RecordType) -> None:
    if records:
        raise BadRequest("BadRequest", "An alias record set cannot hold records of its own.")
    if type_ is RecordType.CNAME and "/publicipaddresses/" in alias.lower():
        raise BadRequest(
            "BadRequest", "A record set of type CNAME cannot be an alias of a public IP address."
        )


def _is_text(call: Call) -> bool:
    return call.parameters["type"].upper() == "TXT"


def _record_type(call: Call) -> RecordType:
    name = call.parameters["type"]
    try:
        return RecordType(name.upper())
    except ValueError:
        raise BadRequest("BadRequest", f"The stand-in keeps no record sets of type '{name}'.") from None
