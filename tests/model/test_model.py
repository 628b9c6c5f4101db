"""Every interleaving of three workers keeps the promises, and each planted bug breaks one in a few events."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.model.bugs import AT_THE_STOP, AT_THE_SWITCH, BUGS, Bug
from tests.model.explore import Search

STATES_MIN = 500_000


@pytest.fixture(scope="module")
def whole() -> Search:
    search = Search(AT_THE_SWITCH)
    search.run()
    return search


def test_no_interleaving_breaks_a_promise(whole: Search) -> None:
    assert not whole.broken, [whole.broken, *whole.trace()]
    assert len(whole.states) >= STATES_MIN
    assert whole.rests > 1, "a rollout that goes on and one that goes back both come to rest"


def test_whatever_has_happened_all_can_still_come_to_rest(whole: Search) -> None:
    assert whole.stuck() == 0


def test_no_late_order_reaches_the_cluster_that_users_are_on() -> None:
    search = Search(AT_THE_STOP)
    search.run()
    assert not search.broken, [search.broken, *search.trace()]
    assert search.stuck() == 0


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_planted_bug_breaks_a_promise_within_a_few_events(bug: Bug) -> None:
    search = Search(bug.scenario)
    search.run(states_max=200_000)
    assert search.broken, f"{len(search.states)} states"
    assert len(list(search.trace())) <= bug.events_max


def test_what_is_left_out_hides_nothing() -> None:
    small = AT_THE_SWITCH._replace(crashes=0, losses=0)
    short, full = Search(small), Search(small._replace(drops_doomed=False))
    short.run()
    full.run()
    assert not short.broken
    assert not full.broken
    assert short.rests == full.rests
    assert len(short.states) < len(full.states)


_COUNT = """
import logging
from tests.model.bugs import AT_THE_SWITCH
from tests.model.explore import Search
logging.disable(logging.CRITICAL)
search = Search(AT_THE_SWITCH._replace(losses=0))
search.run()
print(len(search.states), len(search.targets), search.rests, hash(tuple(search.states)))
"""


def test_the_same_states_are_found_in_the_same_order_whatever_the_hashes() -> None:
    found = set()
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", _COUNT]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        found.add(done.stdout)
    assert len(found) == 1, found
