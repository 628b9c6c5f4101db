"""What a webhook is asked, and what its answer means.

The contract is that of lifecycle hooks of Amazon ECS: the hook answers with a JSON object whose `hookStatus`
is `SUCCEEDED`, `FAILED` or `IN_PROGRESS`, and with the last of them may say in `callBackDelay` after how many
seconds it wants to be asked again. Until when that is, is a receipt of the rollout: every worker keeps to it.
Anything else is no answer, and an answer that is none never passes.

Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-lifecycle-hooks.html
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from shared.errors import Retry
from shared.fleet import Fleet
from shared.model import Sample
from shared.probes import GateReading, Reading

DELAY_SECONDS = 30.0
"""Where a hook says none."""

DELAY_SECONDS_MAX = 3_600.0
_WORD_CHARACTERS_MAX = 20
_GOOD, _BAD = 0.0, 1.0
_VALUES = {"SUCCEEDED": _GOOD, "FAILED": _BAD}


class HookAnswer(Struct, frozen=True, rename={"status": "hookStatus", "delay_seconds": "callBackDelay"}):
    """What a hook answers; it may answer more, which nobody reads."""

    status: str
    delay_seconds: float | None = None


def question_id(fleet: Fleet, probe: GateReading) -> str:
    """The same for the same question, however often it is asked: 32 hexadecimal digits."""
    rollout = probe.asking.rollout if probe.asking is not None else ""
    since = probe.since.isoformat() if probe.since is not None else ""
    parts = (fleet.name, rollout, probe.gate.name, probe.slot, since)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def question(fleet: Fleet, probe: GateReading) -> dict[str, Any]:
    """The body of the request: which question of which rollout this is."""
    asking = probe.asking
    return {
        "id": question_id(fleet, probe),
        "fleet": fleet.name,
        "rollout": asking.rollout if asking is not None else "",
        "version": asking.version if asking is not None else "",
        "stage": asking.stage if asking is not None else "",
        "step": asking.step if asking is not None else "",
        "gate": probe.gate.name,
        "slot": probe.slot,
        "host": fleet.slot(probe.slot).host.fqdn,
    }


def at_work(question_of: str, until: datetime, url: str, now: datetime) -> Reading:
    """What is said of a hook that is at work on a question, and is asked again no earlier than then."""
    left = (until - now).total_seconds()
    because = f"the hook is at work, and is asked again in {left:g} s"
    receipts = (f"{question_of} {until.isoformat()}",)
    return Reading((), f"POST {url}", now, now, because=because, again_seconds=left, receipts=receipts)


def promised(question_of: str, probe: GateReading) -> datetime | None:
    """Until when the rollout has promised to leave a hook alone that is at work on this question."""
    for receipt in probe.asking.receipts if probe.asking is not None else ():
        about, _, until = receipt.partition(" ")
        if about == question_of:
            return datetime.fromisoformat(until)
    return None


def heard(answer: HookAnswer, question_of: str, url: str, now: datetime) -> Reading:
    """The reading of an answer: 0 for a success, 1 for a failure, none yet. Raises Retry for no answer."""
    who = f"the hook at {urlsplit(url).hostname}"
    if answer.status == "IN_PROGRESS":
        delay = DELAY_SECONDS if answer.delay_seconds is None else answer.delay_seconds
        if not 0 <= delay <= DELAY_SECONDS_MAX:
            allowed = f"0 to {DELAY_SECONDS_MAX:g}"
            raise Retry(f"{who} wants to be asked again in {delay:g} s, and not in {allowed}")
        return at_work(question_of, now + timedelta(seconds=delay), url, now)
    if answer.status not in _VALUES:
        raise Retry(f"{who} says {_named(answer.status)}, and not SUCCEEDED, FAILED or IN_PROGRESS")
    sample = Sample(at=now, value=_VALUES[answer.status], because=f"the hook says {answer.status}")
    return Reading((sample,), f"POST {url}", now, now, receipts=())


def _named(word: str) -> str:
    """A word that nobody knows; one that may be more than a word is not repeated."""
    plain = word.replace("_", "")
    shown = len(word) <= _WORD_CHARACTERS_MAX and (not plain or (plain.isascii() and plain.isalpha()))
    return repr(word) if shown else "another word"
