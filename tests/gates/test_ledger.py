"""What is summed up once tells of every window what its samples would tell."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime, timedelta

import pytest

from shared.gates.events import Events
from shared.gates.figures import Highest, Sums, mean
from shared.gates.ledger import Ledger, Page
from shared.model import Sample

BEGIN = datetime(2026, 11, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SPANS = (60, 300, 1_800, 7_200, 40_000)


def odd(seed: int) -> list[Sample]:
    """Hours in which samples are late, missing, told twice, without a number, all bad, or no shares."""
    chance = random.Random(seed)
    found = []
    for number in range(400):
        at = BEGIN + number * MINUTE + timedelta(seconds=chance.choice([0, 0, 0, 20.5]))
        values = [0.0, 0.01, 0.3, 1.0] if 100 <= number < 130 else [0.0, 0.01, 0.02, 1.0, 1.5, None, math.nan]
        requests = [0.0, 7.0, 900.0] if number > 250 or seed % 2 else [0.0, 7.0, 900.0, None, -1.0]
        if 200 <= number < 220:
            continue
        found += [
            Sample(at=at, value=chance.choice(values), requests=chance.choice(requests))
            for _ in range(chance.choice([0, 1, 1, 1, 1, 2]))
        ]
    return found


@pytest.mark.parametrize("seed", range(6))
def test_a_page_tells_what_the_events_of_its_samples_would(seed: int) -> None:
    samples = odd(seed)
    ledger = Ledger(samples)
    chance = random.Random(-seed)
    for _ in range(300):
        since = BEGIN + chance.randrange(400) * MINUTE
        until = since + chance.randrange(1, 200) * MINUTE
        events = Events([each for each in samples if since <= each.at < until], until)
        page = Page(ledger, since.timestamp(), until.timestamp())
        assert page.counted == events.counted
        same(page, events)
        assert (page.alone is None) == (events.alone is None)
        if page.alone is not None and events.alone is not None:
            same(page.alone, events.alone)


def same(page: Page, events: Events) -> None:
    """Fails where they tell something else."""
    assert page.strange == events.strange
    for seconds in SPANS:
        assert page.of(seconds) == events.of(seconds)
        assert page.well(seconds) == events.well(seconds)
        assert page.spread(seconds) == pytest.approx(events.spread(seconds), rel=1e-12)


@pytest.mark.parametrize("numbers", [[0.1] * 7, [1e-300, 1.0, -1.0], [1e308, 1e308, 1e308], [3.0]])
def test_a_mean_of_sums_is_the_mean_however_large_its_numbers_are(numbers: list[float]) -> None:
    sums = Sums([5.0, *numbers])
    assert sums.mean(1, len(numbers) + 1) == pytest.approx(mean(numbers), rel=1e-15, abs=1e-18)


def test_the_highest_of_every_run_is_its_highest() -> None:
    chance = random.Random(1)
    numbers = [chance.choice([0.0, -1.0, 7.0, math.inf, chance.random()]) for _ in range(37)]
    highest = Highest(numbers)
    for first in range(37):
        for end in range(first + 1, 38):
            assert highest.of(first, end) == max(numbers[first:end])
