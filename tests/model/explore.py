"""Every interleaving: breadth first through all states, so that what breaks has a shortest trace.

A state is one estate and the places of three workers. Workers run the same code and have no names, so states
that differ only in which worker is where are one: the order of the places is dropped, and no promise names a
worker. What an event does depends on the estate and on the place of the one worker that it happens to. It is
asked of the model once for each such pair, which is what makes a million states cheap.
"""

from __future__ import annotations

import gc
from array import array
from collections.abc import Iterator
from itertools import pairwise

from tests.model.estate import Estate
from tests.model.model import Model
from tests.model.moves import Move, Scenario
from tests.model.worker import IDLE

BITS = 20
MASK = (1 << BITS) - 1
ESTATE = 3 * BITS
PLACES = (1 << ESTATE) - 1

Edge = tuple[int, int, int, int]
"""An estate, shifted to where a state has it, a worker's new place, and what landed: a claim's number, and
the epoch of the order that it repeats; 0 for none."""


class Search:
    """All states that can be reached, each as one integer, and the edges between them."""

    def __init__(self, scenario: Scenario) -> None:
        self.model = Model(scenario)
        self.states: list[int] = []
        self.parents = array("i")
        self.targets = array("i")
        self.first_target = array("i", [0])
        self.broken = ""
        self._broken_at = 0
        self._rests: list[int] = []
        self._index: dict[int, int] = {}
        self._estates: list[Estate] = []
        self._estate_numbers: dict[Estate, int] = {}
        self._edges: dict[int, tuple[Edge, ...]] = {}
        self._others: dict[int, tuple[Edge, ...]] = {}
        self._later: dict[tuple[int, bool], int | None] = {}
        self._claims: dict[str, int] = {"": 0}
        self._hashes = [""]
        self._overtakes: dict[tuple[int, int, int], int] = {}
        self._holds: dict[int, bool] = {}

    def run(self, states_max: int | None = None) -> None:
        """Visit everything, or stop at the first state in which a promise is broken."""
        collects = gc.isenabled()
        # Nothing here is ever garbage, and looking for it in a million states takes a quarter of the time.
        gc.disable()
        try:
            self._visit(self._number(self.model.first) << ESTATE, 0)
            at = 0
            while at < len(self.states) and not self.broken and at != states_max:
                self._leave(at)
                self.first_target.append(len(self.targets))
                at += 1
        finally:
            if collects:
                gc.enable()

    def stuck(self) -> int:
        """How many states never come to one in which nothing moves: it is walked backwards from those."""
        good = bytearray(len(self.states))
        for state in self._rests:
            good[state] = 1
        before = -1
        while before != sum(good):
            before = sum(good)
            for at in range(len(good) - 1, -1, -1):
                if not good[at]:
                    targets = self.targets[self.first_target[at] : self.first_target[at + 1]]
                    good[at] = any(good[target] for target in targets)
        return len(good) - before

    def unreduced(self) -> int:
        """How many states there would be if it mattered which worker is where."""
        return sum((1, 3, 6)[len(set(places_of(state))) - 1] for state in self.states)

    @property
    def rests(self) -> int:
        """In how many states nothing moves."""
        return len(self._rests)

    def _visit(self, state: int, parent: int) -> int:
        number = len(self.states)
        self._index[state] = number
        self.states.append(state)
        self.parents.append(parent)
        estate = self._estates[state >> ESTATE]
        wrong = estate.broken
        if not wrong and not state & PLACES and self.model.is_settled(estate):
            self._rests.append(number)
            wrong = self.model.wrong_at_rest(estate)
        if wrong and not self.broken:
            self.broken, self._broken_at = wrong, number
        return number

    def _leave(self, at: int) -> None:
        state = self.states[at]
        estate = state >> ESTATE
        a, b, c = places = places_of(state)
        self._follow(at, self._edges_of(estate, a), b, c)
        if b != a:
            self._follow(at, self._edges_of(estate, b), a, c)
        if c != b:
            self._follow(at, self._edges_of(estate, c), a, b)
        for shifted, _, landed, _ in self._others_of(estate):
            self._reach(
                at, shifted | (self._overtaken(shifted, -landed, places) if landed else state & PLACES)
            )
        later = self._later_of(estate, any(map(self._sleeps, places)))
        if later is not None and not any(map(self._holds_time, places)):
            self._reach(at, later | state & PLACES)

    def _follow(self, at: int, edges: tuple[Edge, ...], x: int, y: int) -> None:
        """`x` and `y` are the places of the two workers that nothing happens to, the greater one first."""
        index, targets = self._index, self.targets
        for estate, place, landed, again in edges:
            if landed:
                after = self._repeating(estate, again, place, (x, y)) if again else estate
                if after is None:
                    # One that has sent nothing might as well not have begun.
                    state = self.states[at] & ~PLACES | packed(IDLE, x, y)
                else:
                    state = after | self._overtaken(after, landed, (x, y), place)
            elif place >= x:
                state = estate | (place << BITS | x) << BITS | y
            elif place >= y:
                state = estate | (x << BITS | place) << BITS | y
            else:
                state = estate | (x << BITS | y) << BITS | place
            number = index.get(state)
            targets.append(self._visit(state, at) if number is None else number)

    def _reach(self, at: int, state: int) -> None:
        number = self._index.get(state)
        self.targets.append(self._visit(state, at) if number is None else number)

    def _edges_of(self, estate: int, place: int) -> tuple[Edge, ...]:
        key = estate << BITS | place
        edges = self._edges.get(key)
        if edges is None:
            moves = self.model.moves(self._estates[estate], place)
            edges = self._edges[key] = tuple(map(self._edge, moves))
        return edges

    def _others_of(self, estate: int) -> tuple[Edge, ...]:
        edges = self._others.get(estate)
        if edges is None:
            edges = self._others[estate] = tuple(map(self._edge, self.model.others(self._estates[estate])))
        return edges

    def _later_of(self, estate: int, is_slept_through: bool) -> int | None:
        key = estate, is_slept_through
        if key not in self._later:
            later = self.model.later(self._estates[estate])
            if later is not None and is_slept_through:
                later = later._replace(sleeps_left=later.sleeps_left - 1) if later.sleeps_left else None
            self._later[key] = None if later is None else self._number(later) << ESTATE
        return self._later[key]

    def _repeating(self, shifted: int, again: int, place: int, others: tuple[int, ...]) -> int | None:
        """The estate after an order is given needlessly again; None if that has been done often enough.

        Two workers that look at the wrong moments may go on giving one and the same order for ever.
        """
        estate = self._estates[shifted >> ESTATE]
        if not self.model.is_needless(estate, again, place, others):
            return shifted
        left = estate.repeats_left
        return self._number(estate._replace(repeats_left=left - 1)) << ESTATE if left else None

    def _edge(self, move: Move) -> Edge:
        landed = self._claims.setdefault(move.landed, len(self._hashes))
        if landed == len(self._hashes):
            self._hashes.append(move.landed)
        estate = self.model.settled_late(move.estate)
        return self._number(estate) << ESTATE, move.place, landed, move.again

    def _number(self, estate: Estate) -> int:
        number = self._estate_numbers.setdefault(estate, len(self._estates))
        if number == len(self._estates):
            self._estates.append(estate)
        return number

    def _overtaken(self, shifted: int, landed: int, places: tuple[int, ...], *mover: int) -> int:
        """The places of all once a claim has landed; `landed` is negative where it was a late one."""
        epoch = self._estates[shifted >> ESTATE].epoch
        after = list(mover)
        for place in places:
            key = epoch, landed, place
            other = self._overtakes.get(key)
            if other is None:
                claim = self._hashes[abs(landed)]
                other = self.model.overtaken(place, claim, epoch, is_late=landed < 0)
                self._overtakes[key] = other
            after.append(other)
        return packed(*after)

    def _holds_time(self, place: int) -> bool:
        holds = self._holds.get(place)
        if holds is None:
            holds = self._holds[place] = self.model.holds_time(place)
        return holds

    def _sleeps(self, place: int) -> bool:
        return self.model.sleeps(place)

    def trace(self, at: int | None = None) -> Iterator[str]:
        """What led to a state, else to what is broken, an event a line. Workers are named as they begin."""
        path = [self._broken_at if at is None else at]
        while path[-1]:
            path.append(self.parents[path[-1]])
        path.reverse()
        places = [IDLE, IDLE, IDLE]
        for here, there in pairwise(path):
            yield self._event(self.states[here] >> ESTATE, places, self.states[there])

    def _event(self, number: int, places: list[int], target: int) -> str:
        estate = self._estates[number]
        for worker, place in enumerate(places):
            for move in self.model.moves(estate, place):
                if self._leads(move, places, worker, target):
                    return f"worker {'ABC'[worker]} {move.label}"
        for move in self.model.others(estate):
            if self._leads(move, places, None, target):
                return move.label
        # Nothing but the time changes the estate without a move.
        return "time passes until the fleet is due"

    def _leads(self, move: Move, places: list[int], worker: int | None, target: int) -> bool:
        shifted, place, landed, again = self._edge(move)
        if again:
            others = tuple(at for each, at in enumerate(places) if each != worker)
            shifted = self._repeating(shifted, again, place, others) or 0
        epoch = move.estate.epoch
        after = [
            place
            if each == worker
            else self.model.overtaken(at, self._hashes[landed], epoch, is_late=worker is None)
            if landed
            else at
            for each, at in enumerate(places)
        ]
        if shifted | packed(*after) != target:
            return False
        places[:] = after
        return True


def places_of(state: int) -> tuple[int, int, int]:
    """The places of the three workers, the greatest first."""
    return state >> 2 * BITS & MASK, state >> BITS & MASK, state & MASK


def packed(*places: int) -> int:
    """Three places in one integer, whatever their order."""
    a, b, c = sorted(places, reverse=True)
    return (a << BITS | b) << BITS | c
