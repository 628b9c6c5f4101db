"""What becomes of the rows of a log query: samples in the order of time, and nothing that is no number."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from shared.azure import logs
from shared.errors import Refused
from shared.model import Sample
from tests.azure.test_pure import MINUTE, NOON


def table(columns: list[str], *rows: tuple[Any, ...]) -> Any:
    """A table of a log query's result."""
    return SimpleNamespace(columns=columns, rows=[dict(zip(columns, row, strict=True)) for row in rows])


def test_rows_of_a_log_query_are_samples_in_the_order_of_time() -> None:
    found = logs.samples_of(table(["value", "TimeGenerated"], (2, NOON), (None, NOON - MINUTE)))
    assert found == (Sample(at=NOON - MINUTE, value=None), Sample(at=NOON, value=2.0))


@pytest.mark.parametrize("rows", [(), ((0,),), ((1,), (3,))], ids=["empty", "one", "several"])
def test_a_log_query_without_times_is_refused_for_nobody_knows_of_when_it_speaks(rows: Any) -> None:
    """A `summarize` without `by` gives a row of 0 where there was nothing to count."""
    with pytest.raises(Refused, match="must give a column 'TimeGenerated', it gives value"):
        logs.samples_of(table(["value"], *rows))


@pytest.mark.parametrize(
    "rows",
    [table(["TimeGenerated", "count_"], (NOON, 1)), table(["TimeGenerated", "value"], (NOON, "many"))],
    ids=["no-column", "no-number"],
)
def test_a_log_query_that_gives_no_numbers_is_refused(rows: Any) -> None:
    with pytest.raises(Refused, match="value"):
        logs.samples_of(rows)


@pytest.mark.parametrize(
    "value", ["0", "0.0", "1e3", " 1 ", "nan", "inf", "", True, False, [0], {"value": 0}, 10**400], ids=repr
)
@pytest.mark.parametrize("column", ["value", "requests"])
def test_what_is_no_number_is_not_made_one_whatever_it_reads(column: str, value: Any) -> None:
    row = {"value": 1.0, "requests": 10, "TimeGenerated": NOON, column: value}
    with pytest.raises(Refused, match=f"column '{column}' must hold numbers"):
        logs.samples_of(table(list(row), tuple(row.values())))


def test_what_divides_by_nothing_keeps_its_name() -> None:
    rows = table(["value", "TimeGenerated"], *((each, NOON) for each in ("NaN", "Infinity", "-Infinity")))
    found = [each.value for each in logs.samples_of(rows)]
    assert str(found) == "[nan, inf, -inf]"


def test_only_a_missing_table_counts_as_no_data() -> None:
    def refusal(message: str) -> dict[str, Any]:
        inner = {"code": "SEM0100", "message": message}
        return {"code": "BadArgumentError", "innererror": {"code": "SemanticError", "innererror": inner}}

    assert logs.table_missing(refusal("Failed to resolve table or column expression named 'KubeEvents'"))
    assert not logs.table_missing(refusal("Failed to resolve scalar expression named 'Sucess'"))
    assert not logs.table_missing({"code": "BadArgumentError", "message": "syntax error in table"})
