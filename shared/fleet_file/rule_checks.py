"""What must agree among the rules of a gate, and where in a rollout each makes sense.

Decides which rules go together and says why others do not. Refuses to know a gate's source (`gate_checks`).
"""

from __future__ import annotations

from typing import Any

from shared.fleet_file.check_checks import YES_OR_NO
from shared.fleet_file.draft import Draft
from shared.fleet_file.tree import Path
from shared.gate_rules import BURNS, Anomaly, Objective

FIXED = ("max", "min")
RELATIVE = ("max_over_baseline", "max_over_live", "compare", "slo", "anomaly")
_TOGETHER = ("max_over_live", "compare", "slo", "anomaly")
COUNTING = ("initial_delay", "interval", "count", "consecutive_passes", "tolerance")
_WITH_A_PAST = ("logs", "app_insights", "prometheus")
_WITH_WEEKS = ("metrics", *_WITH_A_PAST)
_HOUR_SECONDS = 3600
_BESIDE_LIVE = ("max_over_live", "compare")
_LIMIT = f"at least one limit: {', '.join((*FIXED, *RELATIVE[:-1]))} or {RELATIVE[-1]}"
_WATCHED = "nothing here: users are watched until the step's own time is over, so use tolerance and interval"
_WINDOW_SECONDS = 300


def check_rules(draft: Draft, path: Path) -> None:
    """Note every contradiction among the rules of the gate at `path`."""
    _limits(draft, path)
    _between(draft, path)
    _counting(draft, path)
    _comparison(draft, path)
    _objective(draft, path)
    _anomaly(draft, path)
    _group(draft, path)


def check_scores(draft: Draft, *path: str) -> None:
    """Note scores that contradict each other."""
    passing, marginal = (number(draft.value(*path, key)) for key in ("passing", "marginal"))
    passing, marginal = (95.0 if passing is None else passing, 75.0 if marginal is None else marginal)
    if marginal > passing:
        key = "marginal" if draft.value(*path, "marginal") is not None else "passing"
        word = f"at most passing, which is {passing:g}" if key == "marginal" else f"at least {marginal:g}"
        draft.refuse((*path, key), word)


def check_places(draft: Draft, question: str) -> None:
    """Note rules that make no sense where a question is asked, and questions without evidence."""
    paths = list(draft.items("gates", question))
    for path in paths:
        if question in ("switch", "bake"):
            _with_users(draft, path)
        if question == "bake":
            for key in given(draft, path, _BESIDE_LIVE):
                draft.refuse((*path, key), "max or min: the live slot serves nobody during the bake")
        if draft.value(*path, "anomaly") is not None:
            _with_weeks(draft, path, question)
    if question in ("platform", "switch", "bake") and paths:
        _evidence(draft, question, paths)


def _with_users(draft: Draft, path: Path) -> None:
    """What makes no sense while users are watched until the step's own time is over."""
    for key in given(draft, path, ("count", "consecutive_passes")):
        draft.refuse((*path, key), _WATCHED)
    if draft.value(*path, "slo") is not None and draft.text(*path, "source") not in _WITH_A_PAST:
        expected = f"{', '.join(_WITH_A_PAST)}: the budget is that of the whole period, in shares"
        draft.refuse((*path, "source"), expected)


def _with_weeks(draft: Draft, path: Path, question: str) -> None:
    """What makes no sense beside the weeks before, which a rollout reads of the live slot."""
    if draft.text(*path, "source") not in _WITH_WEEKS:
        expected = (
            f"{', '.join(_WITH_WEEKS)}: the others tell the present, and an anomaly needs weeks before it"
        )
        draft.refuse((*path, "source"), expected)
    if draft.value(*path, "anomaly", "decides") is True and question not in ("switch", "bake"):
        expected = "false: without users on it a candidate is not like the weeks before"
        draft.refuse((*path, "anomaly", "decides"), expected)
    window = _window(draft, path)
    if window is not None and window > _HOUR_SECONDS:
        draft.refuse((*path, "window"), f"at most {_HOUR_SECONDS} s: it is held against an hour of the week")


def given(draft: Draft, path: Path, keys: tuple[str, ...]) -> list[str]:
    """Which of the keys the gate has."""
    return [key for key in keys if draft.value(*path, key) is not None]


def number(value: Any) -> float | None:
    """A plain number, None for anything else."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _evidence(draft: Draft, question: str, paths: list[Path]) -> None:
    # What an anomaly needs may be missing, and is of a slot that will be stopped: it stands beside others.
    advise = [
        p for p in paths if draft.value(*p, "dry_run") is True or draft.value(*p, "anomaly") is not None
    ]
    if len(advise) == len(paths):
        expected = "one gate at least that decides without a past: a dry run and an anomaly are no evidence"
        draft.refuse(("gates", question), expected, "gates that only advise, or need weeks before")
    elif question == "switch" and all(p in advise or given(draft, p, _BESIDE_LIVE) for p in paths):
        expected = (
            "one gate at least that needs no live slot beside it: with all users moved it serves nobody"
        )
        draft.refuse(("gates", question), expected, "gates beside the live slot only")


def _limits(draft: Draft, path: Path) -> None:
    fixed, relative = given(draft, path, FIXED), given(draft, path, RELATIVE)
    own = draft.text(*path, "source") in YES_OR_NO
    if not fixed and not relative and not own:
        draft.refuse(path, _LIMIT, "no limit")
    if own:
        for key in relative:
            draft.refuse(
                (*path, key), "max in its place: a source that says yes or no has nothing to compare"
            )
        return
    for key in relative:
        if fixed or len(relative) > 1:
            draft.refuse((*path, key), "it alone: a gate has this limit or fixed ones")
    low, high = (number(draft.value(*path, key)) for key in ("min", "max"))
    if low is not None and high is not None and low > high:
        draft.refuse((*path, "min"), f"at most max, which is {high:g}")


def _between(draft: Draft, path: Path) -> None:
    for key, outer, word, sign in (("pass_max", "max", "at most", 1), ("pass_min", "min", "at least", -1)):
        if draft.value(*path, key) is None:
            continue
        limit, inner = number(draft.value(*path, outer)), number(draft.value(*path, key))
        if draft.value(*path, outer) is None:
            draft.refuse(
                (*path, key), f"{outer} beside it: beyond {key} a value does not pass, beyond it fails"
            )
        elif limit is not None and inner is not None and sign * inner > sign * limit:
            draft.refuse((*path, key), f"{word} {outer}, which is {limit:g}")
    low, high = (number(draft.value(*path, key)) for key in ("pass_min", "pass_max"))
    if low is not None and high is not None and low > high:
        draft.refuse((*path, "pass_min"), f"at most pass_max, which is {high:g}: else nothing passes")


def _counting(draft: Draft, path: Path) -> None:
    counting = given(draft, path, COUNTING)
    if not counting:
        return
    for key in given(draft, path, _TOGETHER):
        expected = f"no {' and no '.join(counting)}: {key} judges the window as a whole"
        draft.refuse((*path, key), expected)
    if draft.count(*path, "breaches_max"):
        expected = f"tolerance.failures in its place: with {counting[0]} measurements are counted one by one"
        draft.refuse((*path, "breaches_max"), expected)
    count, samples = draft.count(*path, "count"), draft.count(*path, "min_samples")
    if count is not None and samples is not None and samples > count:
        draft.refuse((*path, "min_samples"), f"at most count, which is {count}")
    wanted = draft.count(*path, "consecutive_passes")
    if count is not None and wanted is not None and wanted > count:
        draft.refuse((*path, "consecutive_passes"), f"at most count, which is {count}")
    failures, of = draft.count(*path, "tolerance", "failures") or 0, draft.count(*path, "tolerance", "of")
    in_a_row = draft.value(*path, "tolerance", "consecutive_failures")
    # With either of them only passes fill a place, so that count bounds no failures.
    if count is not None and of is None and in_a_row is None and failures > count:
        expected = f"at most count, which is {count}: so many measurements never come, and it could not fail"
        draft.refuse((*path, "tolerance", "failures"), expected)
    if of is not None and failures >= of:
        draft.refuse(
            (*path, "tolerance", "of"), f"more than failures, which is {failures}: it could never fail"
        )


def _comparison(draft: Draft, path: Path) -> None:
    if not draft.keys(*path, "compare") or draft.text(*path, "source") != "metrics":
        return
    needed = draft.count(*path, "compare", "min_samples") or 20
    window = _window(draft, path)
    if window is not None and window < 60 * needed:
        at = (*path, "window") if draft.value(*path, "window") is not None else (*path, "compare")
        draft.refuse(at, f"a window of at least {60 * needed} s for {needed} samples, one a minute")


def _objective(draft: Draft, path: Path) -> None:
    if draft.value(*path, "slo") is None:
        return
    window = _window(draft, path)
    period = draft.seconds(*path, "slo", "period") or Objective(objective=0).period_seconds
    least = min(burn.long_seconds for burn in BURNS)
    if draft.value(*path, "slo", "burns") is None and window is not None and window < least:
        at = (*path, "window") if draft.value(*path, "window") is not None else (*path, "slo")
        draft.refuse(at, f"a window of at least {least} s, the shortest of the workbook's long windows")
    _burns_at_all(draft, path)
    for burn in draft.items(*path, "slo", "burns"):
        long, short = draft.seconds(*burn, "long"), draft.seconds(*burn, "short")
        if long is not None and short is not None and short >= long:
            draft.refuse((*burn, "short"), "shorter than long")
        if long is not None and long > period:
            draft.refuse((*burn, "long"), f"at most the objective's period, which is {period} s")
    _seen_at_each_look(draft, path, window)


def _seen_at_each_look(draft: Draft, path: Path, window: int | None) -> None:
    """Longer windows than the gate's are looked at now and then: one alert must not be."""
    longs = [(draft.seconds(*burn, "long"), burn) for burn in draft.items(*path, "slo", "burns")]
    known = [(long, burn) for long, burn in longs if long is not None]
    if window is None or not known or len(known) < len(longs):
        return
    shortest, burn = min(known)
    if shortest > window:
        expected = f"at most the gate's window, which is {window} s, for one alert at least"
        draft.refuse((*burn, "long"), expected)


def _anomaly(draft: Draft, path: Path) -> None:
    if draft.value(*path, "anomaly") is None:
        return
    weeks = draft.count(*path, "anomaly", "weeks") or Anomaly().weeks
    least = draft.count(*path, "anomaly", "weeks_min") or Anomaly().weeks_min
    if least > weeks:
        key = "weeks_min" if draft.value(*path, "anomaly", "weeks_min") is not None else "weeks"
        word = (
            f"at most weeks, which is {weeks}" if key == "weeks_min" else f"at least {least}, the weeks_min"
        )
        draft.refuse((*path, "anomaly", key), word)


def _burns_at_all(draft: Draft, path: Path) -> None:
    """An alert that not even 100 % of bad events could fire would leave its gate without a verdict."""
    objective = draft.share(*path, "slo", "objective")
    if objective is None or not 0 < objective < 1:
        return
    most = 1 / (1 - objective)
    if draft.value(*path, "slo", "burns") is None and max(each.rate for each in BURNS) >= most:
        most_of_all = f"the workbook's {BURNS[0].rate:g} is more than all events"
        draft.refuse((*path, "slo", "burns"), f"burns of rates below {most:g}: {most_of_all}", "nothing")
    for burn in draft.items(*path, "slo", "burns"):
        rate = number(draft.value(*burn, "rate"))
        if rate is not None and rate >= most:
            draft.refuse((*burn, "rate"), f"below {most:g}: with all events bad the budget burns no faster")


def _window(draft: Draft, path: Path) -> int | None:
    return draft.seconds(*path, "window") if draft.value(*path, "window") is not None else _WINDOW_SECONDS


def _group(draft: Draft, path: Path) -> None:
    if draft.value(*path, "group") is None:
        for key in given(draft, path, ("weight", "critical")):
            draft.refuse((*path, key), "a group beside it: alone every gate must pass")
