"""Answers that nobody would refuse: gaps, late points, values that are no numbers, a record of a moment ago.

Decides how an answer is distorted; refuses to know when.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from random import Random

import msgspec

from sandbox.world import World, looks
from shared.levers import Record
from shared.model import Sample
from shared.probes import Reading, RecordSeen

STALE_SECONDS_MAX = 120
"""A replica is behind for no longer than this."""


def stale(world: World, record: Record, now: datetime) -> RecordSeen | None:
    """The record as it was before its latest write, if a replica may still say so."""
    history = world.zones.history(record)
    if len(history) < 2 or world.now() - history[-1].at > timedelta(seconds=STALE_SECONDS_MAX):
        return None
    return looks.record_as(history[-2].now)


def distorted(chance: Random, reading: Reading) -> Reading:
    """The reading with gaps, with values that are no numbers, without its newest points, or of nothing."""
    samples = reading.samples
    kept = chance.randrange(len(samples))
    ways: tuple[tuple[Sample, ...], ...] = (
        tuple(_without(each) if chance.random() < 0.5 else each for each in samples),
        tuple(_not_a_number(each) if chance.random() < 0.5 else each for each in samples),
        samples[:kept],
        (),
    )
    return msgspec.structs.replace(reading, samples=chance.choice(ways))


def _without(sample: Sample) -> Sample:
    return msgspec.structs.replace(sample, value=None)


def _not_a_number(sample: Sample) -> Sample:
    return msgspec.structs.replace(sample, value=math.nan)
