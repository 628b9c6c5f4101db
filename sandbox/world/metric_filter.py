"""The filter text of Azure Monitor's metrics: which time series are meant, and by what they are split.

Decides the meaning of `a eq 'x' and (b eq 'y' or b eq 'z') and c eq '*'`. Refuses to know any metric.
Source: https://learn.microsoft.com/rest/api/monitor/metrics/list (parameter `$filter`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from sandbox.world.errors import ArmError

TERM = re.compile(r"^\s*([\w.]+)\s+(eq|ne|sw)\s+'([^']*)'\s*$", re.IGNORECASE)
AND = re.compile(r"\s+and\s+", re.IGNORECASE)
OR = re.compile(r"\s+or\s+", re.IGNORECASE)


class Term(NamedTuple):
    """One comparison of a dimension; names and values compare without case."""

    name: str
    operator: str
    value: str

    def holds(self, dimensions: Mapping[str, str]) -> bool:
        """Whether a time series with these dimensions meets the comparison."""
        if self.value == "*":
            return True
        found = next((v for k, v in dimensions.items() if k.lower() == self.name), "").lower()
        if self.operator == "sw":
            return found.startswith(self.value)
        return (found == self.value) is (self.operator == "eq")


class Filter(NamedTuple):
    """All clauses must hold; of each clause one term."""

    clauses: tuple[tuple[Term, ...], ...]

    def holds(self, dimensions: Mapping[str, str]) -> bool:
        """Whether a time series with these dimensions is meant."""
        return all(any(term.holds(dimensions) for term in clause) for clause in self.clauses)

    @property
    def names(self) -> frozenset[str]:
        """The dimensions that are named, in lower case: Azure splits its answer by all of them."""
        return frozenset(term.name for clause in self.clauses for term in clause)


@lru_cache(maxsize=256)
def parse_filter(text: str) -> Filter:
    """The meaning of a filter text; the empty one means everything. Raises ArmError 400 `BadRequest`."""
    if not text.strip():
        return Filter(())
    return Filter(tuple(tuple(map(_term, OR.split(_bare(clause)))) for clause in AND.split(text.strip())))


def _bare(clause: str) -> str:
    clause = clause.strip()
    return clause[1:-1] if clause.startswith("(") and clause.endswith(")") else clause


def _term(text: str) -> Term:
    found = TERM.match(text)
    if found is None:
        raise ArmError(400, "BadRequest", f"Invalid filter clause: {text.strip()}")
    return Term(found[1].lower(), found[2].lower(), found[3].lower())
