"""Rings as text: one below the other, as they get a version, each with what it does or waits for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import msgspec
from rich.text import Text

from cli.view.fleet import rollout_line, with_notices
from cli.view.words import NOW, PAST, WAITS, slot_style, span
from shared.api.rings import RingLook


def rings_text(body: dict[str, Any]) -> Text:
    """`GET /api/rings/{rings}` in a few lines."""
    rings, left = (msgspec.convert(body[key], list[RingLook]) for key in ("rings", "left"))
    count = f"{len(rings)} ring" + ("s" if len(rings) != 1 else "")
    lines = [Text.assemble((body["name"], NOW), (f"  {count}, the first gets a version first", PAST))]
    for number, ring in enumerate(rings, start=1):
        lines += _ring(f"{number}", ring)
    for ring in left:
        lines += _ring("–", ring)
    lines += [Text(f"notice: {each}", WAITS) for each in body["notices"]]
    return Text("\n").join(lines)


def applied_text(body: dict[str, Any]) -> Text:
    """`PUT /api/rings/{rings}`: which fleets are applied, and what is worth knowing of them."""
    names = ", ".join(fleet["name"] for fleet in body["fleets"])
    told = [f"{fleet['name']}: {each}" for fleet in body["fleets"] for each in fleet["notices"]]
    return with_notices(f"{body['name']} is applied, etag {body['etag']}: {names}", [*told, *body["notices"]])


def _ring(mark: str, ring: RingLook) -> Iterator[Text]:
    line = Text.assemble(f"  {mark} ", (ring.fleet, NOW), "  ")
    line.append(f"on {ring.version}" if ring.version else "on what it was applied with")
    if ring.live is not None:
        line.append("  ")
        line.append(f"{ring.live} live", slot_style(ring.live))
    if ring.after is not None and ring.hold_seconds is not None:
        line.append(f"  {span(timedelta(seconds=ring.hold_seconds))} after {ring.after}", PAST)
    yield line
    doing = rollout_line(ring.rollout) if ring.rollout is not None else Text(ring.because, PAST)
    yield Text.assemble("    ", doing)
    for held in ring.held_versions:
        yield Text.assemble("    ", (f"held {held.version}: {held.because}", WAITS))
