"""The way back in one line of the board."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cli.view.back import back
from shared.levers import SlotName
from stages.way_back import LeverBack, WayBack

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
LEVERS = (LeverBack(lever="aks.contoso.com", seconds=90, measured=True),)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"ready_at": NOON}, "  proven 12:00:00"),
        ({"ready_at": NOON, "unready": "blue can give 1.0 cores"}, "  blue can give 1.0 cores"),
        (
            {"ready_at": NOON, "unproven": "Azure Monitor is away"},
            "  proven 12:00:00  not proven since: Azure Monitor is away",
        ),
    ],
)
def test_the_way_back_says_how_sure_one_can_be_of_it(facts: dict[str, object], words: str) -> None:
    line = back(WayBack(safe=SlotName("blue"), possible=True, levers=LEVERS, **facts))  # type: ignore[arg-type]
    assert line is not None
    assert line.plain == f" way back blue in 1m 30s by aks.contoso.com{words}"
