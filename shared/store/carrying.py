"""What a newer version wrote into a state and this one does not know: it is carried along, never dropped.

Pure. A newer version may begin a rollout and be rolled back itself in the middle of it. This one then goes on
without what it cannot read; the newer one finds it all again when it is back. Decides what belongs to what.
"""

from __future__ import annotations

from typing import Any

import msgspec

from shared.model import FleetState

Json = dict[str, Any]

_IDENTITY = ("id", "kind", "since")
"""A rollout with another id, and a hold of another kind or from another time, is another thing."""


def documents(stored: str, before: FleetState, after: FleetState) -> tuple[Json, Json] | None:
    """The state before and after as JSON, with all that `stored` says beyond `before`; None if nothing.

    `stored` is the document that `before` was read from, empty where there was none.
    """
    if not stored or stored.encode() == msgspec.json.encode(before):
        return None
    found: Json = msgspec.json.decode(stored)
    return found, _carried(found, _plain(before), _plain(after))


def _carried(stored: Any, before: Any, after: Any) -> Any:
    if isinstance(stored, list) and isinstance(before, list) and isinstance(after, list):
        return [_element(stored, before, each) for each in after]
    if not (isinstance(stored, dict) and isinstance(before, dict) and isinstance(after, dict)):
        return after
    if any(before.get(name) != after.get(name) for name in _IDENTITY):
        return after
    unknown = {name: value for name, value in stored.items() if name not in before and name not in after}
    known = {name: _carried(stored.get(name), before.get(name), value) for name, value in after.items()}
    return known | unknown


def _element(stored: list[Any], before: list[Any], after: Any) -> Any:
    """What is the same as before is left as it was stored."""
    return stored[before.index(after)] if after in before else after


def _plain(state: FleetState) -> Any:
    return msgspec.json.decode(msgspec.json.encode(state))
