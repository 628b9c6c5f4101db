"""What an alert means to a rollout: whether it counts, for what, and what the hold that it causes is.

Decides by the fleet's mappings and, without one, by its severities. Refuses to know what each phase makes of
it: that is the table's (`stages.table`).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from msgspec.structs import replace

from shared.alert_rules import AlertEffect, AlertMapping, like
from shared.fleet import Fleet
from shared.model import Hold, HoldKind, Rollout, Signal

UNTOLD = "nobody may say that the alert is over"
EARLIER_MAX = 20
"""So many alerts of before a rollout remembers; whatever more there are, their own rows name them."""
OVER_MAX = 20
"""Of so many alerts it remembers that they are over, in case the news that they fired comes later."""


def mapping_of(fleet: Fleet, signal: Signal, rollout: Rollout) -> AlertMapping | None:
    """The first of the fleet's mappings that an alert meets in the rollout's stage."""
    met = (each for each in fleet.alerts.mappings if _meets(each, signal, rollout))
    return next(met, None)


def effect_of(fleet: Fleet, signal: Signal, rollout: Rollout) -> AlertEffect | None:
    """What an alert is to do; None where no mapping says and its severity does not count."""
    mapping = mapping_of(fleet, signal, rollout)
    if mapping is not None:
        return mapping.effect
    return AlertEffect.ROLLBACK if signal.severity in fleet.policy.alert_severities else None


def is_earlier(signal: Signal, rollout: Rollout) -> bool:
    """Whether an alert fired before the rollout began, by what it says itself.

    When it arrived says nothing: a webhook may be a quarter of an hour late. A rule that fires again says a
    new time, and counts: nobody can tell that nothing was well in between. `started_at` is never later than
    by the store's clock, so in doubt an alert counts.
    """
    return rollout.outcome is None and signal.fired_at is not None and signal.fired_at < rollout.started_at


def heard_over(rollout: Rollout, signal: Signal) -> Rollout:
    """The rollout with the end of an alert that holds nothing; it may be heard of before its beginning."""
    if signal.alert_id is None:
        return rollout
    known = {each: at for each, at in rollout.over_alerts.items() if each != signal.alert_id}
    newest = list(known.items())[1 - OVER_MAX :]
    return replace(rollout, over_alerts={**dict(newest), signal.alert_id: signal.at})


def over_at(signal: Signal, rollout: Rollout) -> datetime | None:
    """When a fired alert was over, if that was heard of first. A later firing of the same is not over."""
    at = rollout.over_alerts.get(signal.alert_id or "")
    fired_at = signal.fired_at
    return at if at is not None and fired_at is not None and fired_at <= at else None


def fired_since(signal: Signal, alarm: Hold) -> datetime | None:
    """When an alert that holds has fired again since the end that a signal tells; None where it has not."""
    at = alarm.fired.get(signal.alert_id or "")
    return at if at is not None and at > signal.at else None


def hold_by(fleet: Fleet, rollout: Rollout, signal: Signal, now: datetime) -> Hold:
    """The rollout's hold with this alert in it; what else held the rollout is covered until that is over.

    But for a person's hold: that covers the alert, which holds once the person goes on.
    """
    held = rollout.held
    persons = held if held is not None and held.kind is HoldKind.PERSON else None
    alarm = alarm_in(held)
    if alarm is None:
        covers = held if persons is None else None
        alarm = Hold(kind=HoldKind.ALERT, because=signal.because, since=now, covers=covers)
    alert_id = signal.alert_id
    if alert_id is not None:
        seconds = expires_seconds(fleet, signal, rollout)
        lapses = dict(alarm.lapses)
        if seconds:
            lapses[alert_id] = now + timedelta(seconds=seconds)
        alert_ids = tuple(dict.fromkeys((*alarm.alert_ids, alert_id)))
        fired = _newest(alarm.fired, alert_id, signal.fired_at)
        alarm = replace(alarm, alert_ids=alert_ids, lapses=lapses, fired=fired)
    return alarm if persons is None else replace(persons, covers=alarm)


def _newest(fired: dict[str, datetime], alert_id: str, at: datetime | None) -> dict[str, datetime]:
    return fired if at is None else {**fired, alert_id: max(at, fired.get(alert_id, at))}


def alarm_in(held: Hold | None) -> Hold | None:
    """The hold of alerts: the rollout's own, or that which a person's covers."""
    if held is not None and held.kind is HoldKind.PERSON:
        held = held.covers
    return held if held is not None and held.kind is HoldKind.ALERT else None


def beneath_person(held: Hold, alarm: Hold | None) -> Hold | None:
    """What holds with that in the place of the hold of alerts. A person's hold covers nothing else."""
    if held.kind is not HoldKind.PERSON:
        return alarm
    return replace(held, covers=alarm if alarm is not None and alarm.kind is HoldKind.ALERT else None)


def without(held: Hold, alert_ids: Collection[str]) -> Hold | None:
    """What holds once those alerts are over: the alerts that are left, else what they covered."""
    left = tuple(each for each in held.alert_ids if each not in alert_ids)
    if not left:
        return held.covers
    lapses, fired = (
        {each: at for each, at in known.items() if each not in alert_ids}
        for known in (held.lapses, held.fired)
    )
    return replace(held, alert_ids=left, lapses=lapses, fired=fired)


def lapsed(held: Hold, now: datetime) -> tuple[str, ...]:
    """The alerts in a hold that count as over by now."""
    return tuple(each for each, at in held.lapses.items() if at <= now)


def until(held: Hold) -> datetime | None:
    """When a hold ends by itself; None where one of its alerts has to be resolved."""
    endless = not held.alert_ids or any(each not in held.lapses for each in held.alert_ids)
    return None if endless else max(held.lapses.values())


def told(held: Hold) -> str:
    """Why a rollout is held, and when that ends by itself, if it does."""
    ends_at = until(held)
    because = f"held since {held.since:%H:%M}: {held.because}"
    alarm = alarm_in(held)
    if alarm is not None and alarm is not held:
        because += f"; after that because {alarm.because}"
    if ends_at is None:
        return because
    # A hold may last for days, and a time of day alone reads as today's.
    day = "" if ends_at.date() == held.since.date() else f"{ends_at:%Y-%m-%d} "
    return f"{because} ({UNTOLD}, so the hold expires at {day}{ends_at:%H:%M})"


def wake_seconds(held: Hold, poll_seconds: int, now: datetime) -> float | None:
    """When to look again at a rollout that is held: at the next poll, or before, when an alert lapses."""
    alarm = alarm_in(held)
    lapses = [(at - now).total_seconds() for at in alarm.lapses.values()] if alarm is not None else []
    return max(0.0, min((*lapses, poll_seconds))) if lapses else None


def expires_seconds(fleet: Fleet, signal: Signal, rollout: Rollout) -> int:
    """After how long an alert counts as over; 0 for one that somebody resolves."""
    mapping = mapping_of(fleet, signal, rollout)
    if mapping is not None and mapping.expire_seconds is not None:
        return mapping.expire_seconds
    return fleet.alerts.expire_seconds if signal.stateless else 0


def _meets(mapping: AlertMapping, signal: Signal, rollout: Rollout) -> bool:
    stage = not mapping.stages or rollout.stage.value in mapping.stages
    return stage and rule_meets(mapping, signal)


def rule_meets(mapping: AlertMapping, signal: Signal) -> bool:
    """Whether an alert meets a mapping in whatever stage that is for."""
    severity = not mapping.severities or signal.severity in mapping.severities
    return severity and (not mapping.rule or _names(mapping.rule.lower(), signal))


def _names(wanted: str, signal: Signal) -> bool:
    name, rule_id = signal.rule or "", signal.rule_id
    if not wanted.startswith("/"):
        return like(name, wanted)
    # Not every alert carries its rule's id; its name is the last part of that.
    return rule_id == wanted if rule_id is not None else name.lower() == wanted.rpartition("/")[2]
