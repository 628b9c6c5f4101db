"""A checker for each invariant of the design. What it calls broken is a bug, in the product or in itself."""

from tests.sim.checkers.alarms import AlertsCount, HoldsEnd
from tests.sim.checkers.base import Checker
from tests.sim.checkers.claims import AuditReplays, OneAtATime, OneEvent, PlanPinned
from tests.sim.checkers.evidence import NoPassWithoutEvidence
from tests.sim.checkers.precious import NothingPreciousDestroyed
from tests.sim.checkers.ramping import RampProven
from tests.sim.checkers.settled import SettledAgree
from tests.sim.checkers.shadows import ShadowChangesNothing
from tests.sim.checkers.signals import AppliedOnce, LatencyOnly
from tests.sim.checkers.traffic import LeversSendWell, OneChangeAtATime, RollbackPreempts
from tests.sim.checkers.waiting import FreezeLifted, NeverStuck

CHECKERS: tuple[type[Checker], ...] = (
    RollbackPreempts,
    AlertsCount,
    LeversSendWell,
    OneChangeAtATime,
    NothingPreciousDestroyed,
    SettledAgree,
    OneAtATime,
    AppliedOnce,
    LatencyOnly,
    FreezeLifted,
    NeverStuck,
    HoldsEnd,
    NoPassWithoutEvidence,
    RampProven,
    AuditReplays,
    PlanPinned,
    OneEvent,
)

SHADOWED: tuple[type[Checker], ...] = (
    ShadowChangesNothing,
    OneAtATime,
    AppliedOnce,
    LatencyOnly,
    NeverStuck,
    HoldsEnd,
    NoPassWithoutEvidence,
    AuditReplays,
    PlanPinned,
    OneEvent,
)
"""Those of a fleet in shadow: the others hold claims against a world that obeys them."""
