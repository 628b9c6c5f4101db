"""A rollout that an earlier version began goes on under this one, from whatever step it had reached."""

from __future__ import annotations

import pytest

from shared.store.audit import verify
from tests.golden.continuing import Continued
from tests.golden.history import names, read


@pytest.mark.parametrize("name", names())
async def test_it_ends_as_it_would_have_ended(name: str) -> None:
    history = read(name)
    for n, moment in enumerate(history.moments):
        it = await Continued.at(history, moment, interrupted=n % 2 == 1)
        await it.to_the_end(history, moment)
        where = f"taken over at epoch {moment['epoch']}, {moment['place']}"
        ended = [str(each.outcome) for each in reversed(await it.store.rollouts(it.fleet.name))]
        assert ended == history.outcomes[-len(ended) :], f"{where}: {(await it.rollout())}"
        row = await it.store.load(it.fleet.name)
        assert verify(await it.store.audit(it.fleet.name), row.state) == (), where
