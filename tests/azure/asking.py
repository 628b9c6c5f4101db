"""Gates of the sources that say yes or no, as a rollout asks them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from shared.fleet import Gate, Source, Target
from shared.probes import Asking
from tests.fleets import GREEN
from tests.world.manual_clock import START, VERSION

ASKING = Asking(
    rollout="contoso-0007",
    version=VERSION,
    stage="T2",
    step="functional_tests",
    candidate=GREEN,
    started_at=START - timedelta(hours=1),
)


def gate(source: Source, check: Any, **more: Any) -> Gate:
    """A gate of that source which tolerates nothing."""
    return Gate(
        **{
            "name": "asked",
            "source": source,
            "target": Target.HOST,
            "max_value": 0,
            "min_samples": 1,
            "check": check,
            "ingestion_seconds": 0,
            **more,
        }
    )
