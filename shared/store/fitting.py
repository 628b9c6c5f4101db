"""How much of its evidence a claim keeps: all of it, unless one atomic batch could not hold it.

A claim that cannot be written would stop its fleet, with users on a candidate that fails. So the oldest
samples of the largest verdicts give way, and the verdict says how many did. Pure; refuses to know rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import msgspec

from shared.model import Judgement, Sample

VERDICT_BYTES_MAX = 240_000
"""One verdict in JSON: what one row holds whatever characters are in it."""
VERDICTS_BYTES_MAX = 1_680_000
"""All verdicts of a claim: at most 15 rows, which a batch of 100 has left beside 40 signals. With the audit
row, and escaped, they are less than the 4 MiB of a batch
(learn.microsoft.com/azure/storage/tables/scalability-targets)."""


def fitted(judgements: Iterable[Judgement]) -> list[bytes]:
    """The verdicts in JSON, with as many samples as fit."""
    texts = [(each, msgspec.json.encode(each)) for each in map(_in_words, judgements)]
    bytes_max = _fair([len(text) for _, text in texts])
    return [text if len(text) <= bytes_max else _shortened(each, bytes_max) for each, text in texts]


def _in_words(judgement: Judgement) -> Judgement:
    """The verdict with words for values that JSON cannot write: they would be kept as if nothing had come."""
    every = (*judgement.samples, *judgement.beside)
    if all(each.value is None or math.isfinite(each.value) for each in every):
        return judgement
    samples, beside = (tuple(map(_told, each)) for each in (judgement.samples, judgement.beside))
    return msgspec.structs.replace(judgement, samples=samples, beside=beside)


def _told(sample: Sample) -> Sample:
    if sample.value is None or math.isfinite(sample.value):
        return sample
    because = sample.because or f"the source says {sample.value}"
    return msgspec.structs.replace(sample, value=None, because=because)


def _fair(sizes: Sequence[int]) -> int:
    """The largest size that each may have so that all of them fit together."""
    left = VERDICTS_BYTES_MAX
    for place, size in enumerate(sorted(sizes)):
        share = left // (len(sizes) - place)
        if size > share:
            return min(share, VERDICT_BYTES_MAX)
        left -= size
    return VERDICT_BYTES_MAX


def _shortened(judgement: Judgement, bytes_max: int) -> bytes:
    """The verdict with the newest samples that fit into so many bytes; half of them at most are another's."""
    every = len(judgement.samples) + len(judgement.beside)
    bare = msgspec.structs.replace(judgement, samples=(), beside=(), left_out=every)
    left = bytes_max - len(msgspec.json.encode(bare)) - len(b',"samples":[],"beside":[]')
    beside, size = _newest(judgement.beside, left // 2)
    samples, _ = _newest(judgement.samples, left - size)
    left_out = every - len(samples) - len(beside)
    kept = msgspec.structs.replace(judgement, samples=samples, beside=beside, left_out=left_out)
    return msgspec.json.encode(kept)


def _newest(samples: tuple[Sample, ...], bytes_max: int) -> tuple[tuple[Sample, ...], int]:
    """As many of the newest as fit, and their size in bytes."""
    size = 0
    for kept, sample in enumerate(reversed(samples)):
        more = len(msgspec.json.encode(sample)) + 1
        if size + more > bytes_max:
            return samples[len(samples) - kept :], size
        size += more
    return samples, size
