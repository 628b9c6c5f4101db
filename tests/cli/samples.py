"""A fleet and its rollouts as the API would give them, for the tests of the CLI and its views."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from shared.decision import Decision, Seen
from shared.fleet import (
    Channel,
    Exposure,
    Fleet,
    Gate,
    Gates,
    Hosts,
    Slot,
    Source,
    StartMode,
    Target,
    VersionPolicy,
)
from shared.gates.scorecard import Told, of_rollout
from shared.levers import Record, RecordType, SlotName, SwitchKind
from shared.model import FleetState, Judgement, Outcome, Rollout, Stage, Verdict
from shared.platform import FluxConfiguration, Freeze, Provisioner
from shared.ports import AuditEntry
from shared.probes import Answer, Probe, TrafficSeen, TrafficShare
from shared.store import audit

START = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
BLUE, GREEN = SlotName("blue"), SlotName("green")
_SUBSCRIPTION = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups"
_ZONE = f"{_SUBSCRIPTION}/rg-network/providers/Microsoft.Network/dnsZones/contoso.com"


def _record(name: str, ttl_seconds: int) -> Record:
    return Record(
        kind=SwitchKind.AZURE_DNS, zone_id=_ZONE, name=name, type=RecordType.A, ttl_seconds=ttl_seconds
    )


def _slot(name: SlotName, address: str) -> Slot:
    return Slot(
        name=name,
        cluster_id=f"{_SUBSCRIPTION}/rg-aks-{name}/providers/Microsoft.ContainerService/managedClusters/aks-{name}",
        gateway_id=f"{_SUBSCRIPTION}/rg-network/providers/Microsoft.Network/applicationGateways/agw-{name}",
        host=_record(f"aks-{name}", 300),
        address=address,
    )


FLEET = Fleet(
    name="contoso-public",
    subscription_id="11111111-2222-3333-4444-555555555555",
    location="westeurope",
    exposure=Exposure.PUBLIC,
    hosts=Hosts(official="official-aks.contoso.com", cluster="aks.contoso.com"),
    live_records=(_record("aks", 300),),
    slots=(_slot(BLUE, "203.0.113.10"), _slot(GREEN, "203.0.113.20")),
    live=BLUE,
    versions=VersionPolicy(channel=Channel.STABLE, start=StartMode.AUTOMATIC),
    provisioner=Provisioner(
        template_spec_id=f"{_SUBSCRIPTION}/rg-platform/providers/Microsoft.Resources/templateSpecs/aks-cluster",
        template_version="1.4.0",
        resource_group="rg-aks-green",
    ),
    sync=(
        FluxConfiguration(
            name="apps",
            namespace="flux-system",
            url="https://git.contoso.com/apps",
            branch="main",
            kustomizations={},
        ),
    ),
    freeze=Freeze(expires_seconds=14400),
    gates=Gates(
        platform=(
            Gate(
                name="nodes_ready", source=Source.METRICS, target=Target.CLUSTER, min_value=3, max_value=None
            ),
        ),
        switch=(
            Gate(
                name="failed_requests", source=Source.METRICS, target=Target.GATEWAY, unit="%", max_value=1.0
            ),
        ),
        bake=(
            Gate(name="latency", source=Source.METRICS, target=Target.GATEWAY, unit="ms", max_value=250.0),
        ),
    ),
)

ROLLOUT = Rollout(
    id="contoso-public-0001",
    version="1.32.6",
    live=BLUE,
    candidate=GREEN,
    safe=BLUE,
    stage=Stage.PREPARE,
    step="admit",
    entered_at=START,
    started_at=START,
    started_by="version_available",
    because="version 1.32.6 was published",
    addresses={"blue": "203.0.113.10", "green": "203.0.113.20"},
)


def as_json(value: object) -> Any:
    """What a client of the API reads."""
    return msgspec.json.decode(msgspec.json.encode(value))


class Story:
    """A trail that grows as the engine's would: each `then` is one claim, `seconds` after the one before."""

    def __init__(self) -> None:
        self.now = START
        self.state = FleetState(live=BLUE)
        self.entries: list[AuditEntry] = []
        self.judgements: list[Judgement] = []
        self.epochs: list[int] = []
        self.claim(ROLLOUT, "version 1.32.6 was published", who="version_available")

    @property
    def rollout(self) -> Rollout:
        """The rollout as it stands."""
        assert self.state.rollout is not None
        return self.state.rollout

    def then(self, because: str, *, seconds: float = 60, who: str = "timer", **facts: Any) -> Story:
        """The rollout with other facts. A new `stage` or `step` is entered now."""
        self.now += timedelta(seconds=seconds)
        if "step" in facts or "stage" in facts:
            facts = {"entered_at": self.now, **facts}
        self.claim(msgspec.structs.replace(self.rollout, because=because, **facts), because, who)
        return self

    def walk(self, *steps: str, stage: Stage | None = None) -> Story:
        """Pass one step after the other, a minute each."""
        for step in steps:
            self.then(f"{self.rollout.step} is done", stage=stage or self.rollout.stage, step=step)
        return self

    def judged(self, gate: str, slot: SlotName, verdict: Verdict, **facts: Any) -> Story:
        """A verdict of now, which the next claim follows from."""
        self.epochs.append(self.state.epoch + 1)
        self.judgements.append(Judgement(gate=gate, slot=slot, verdict=verdict, at=self.now, **facts))
        return self

    def claim(
        self, rollout: Rollout, because: str, who: str = "timer", requests: dict[str, float] | None = None
    ) -> Story:
        """One claim, chained to the one before."""
        before = self.state if self.entries else None
        self.state = msgspec.structs.replace(
            self.state, epoch=self.state.epoch + 1, rollouts=1, rollout=rollout
        )
        answers: dict[Probe, Answer] = {}
        if requests:
            answers[TrafficShare(self.now)] = TrafficSeen(requests, 5)
        where = before.rollout if before is not None else rollout
        assert where is not None
        decision = Decision(
            state=self.state, because=because, who=who, stage=where.stage.value, step=where.step
        )
        previous = self.entries[-1].hash if self.entries else ""
        judged = zip(self.judgements, self.epochs, strict=True)
        led = tuple(judgement for judgement, epoch in judged if epoch == self.state.epoch)
        decision = msgspec.structs.replace(decision, judgements=led)
        self.entries.append(audit.entry(before, decision, Seen(now=self.now, answers=answers), previous))
        return self

    def fleet_body(self) -> dict[str, Any]:
        """What `GET /api/fleets/{fleet}` gives."""
        return {
            "name": FLEET.name,
            "fleet": as_json(FLEET),
            "state": as_json(self.state),
            "pending": 0,
            "now": as_json(self.now),
        }

    def rollout_body(self) -> dict[str, Any]:
        """What `GET /api/fleets/{fleet}/rollouts/{id}` gives."""
        return {
            "rollout": as_json(self.rollout),
            "judgements": as_json(self.judgements),
        }

    def evidence_page(self, after: str) -> dict[str, Any]:
        """What `GET .../evidence` gives: pages of one verdict."""
        n = int(after or 0)
        verdicts = [{"epoch": self.epochs[n], "judgement": as_json(self.judgements[n])}]
        return {"verdicts": verdicts, "next": str(n + 1) if n + 1 < len(self.judgements) else None}

    def audit_body(self) -> dict[str, Any]:
        """What `GET .../audit` gives."""
        return {"audit": as_json(self.entries)}


def in_sync() -> Story:
    """A rollout in T2 sync, with a passing and an undecided gate."""
    story = (
        Story().walk("preflight", "baseline").walk("deploy", "expose", "platform_gate", stage=Stage.DEPLOY)
    )
    story.judged(
        "nodes_ready", GREEN, Verdict.PASS, because="3 is within the limit of 3", value=3.0, limit=3.0
    )
    return story.walk("freeze", "lower_ttl", "sync", stage=Stage.SYNC).then(
        "green is syncing: 1 of 2 configurations is compliant", seconds=45
    )


def rolled_back() -> Story:
    """A rollout that breached its SLO after the switch and went back."""
    story = in_sync().walk("sync_gate", "functional_tests", "load_test", "parity")
    story.walk("recheck", "shift", stage=Stage.SWITCH).then("points aks at green", shifted=True)
    story.walk("converge").then("seen", moved_at=story.now, step="observe")
    because = "6.2% is beyond the limit of 1% in 3 of 5 samples"
    story.judged("failed_requests", GREEN, Verdict.FAIL, because=because, value=6.2, limit=1.0, unit="%")
    story.then(
        because, stage=Stage.ROLLBACK, step="divert", rollback_because=because, failed_step="T3 observe"
    )
    story.then("pointed back", step="prove", diverted_at=story.now)
    return story.walk("thaw", "restore_ttl", "hold_version").then(
        "traffic is on blue", outcome="rolled_back", ended_at=story.now
    )


def scorecard_body(days: str, rollout: list[str]) -> dict[str, Any]:
    """What the API tells of a rollout's measures, or of those of some days."""
    done = Told(
        id="contoso-public-0001", outcome=Outcome.COMPLETED, ended_at=START, shifted=True, moved_at=START
    )
    card = of_rollout(done)
    told = None if rollout else int(days or 30)
    return as_json({"fleet": FLEET.name, "days": told, "rollouts": card.rollouts, "measures": card.lines})  # type: ignore[no-any-return]
