"""The shape of what a fleet file says about alerts.

Decides keys and values one by one; which lines of a mapping can never be met is in `alert_checks`.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field

from shared.fleet_file.values import DAY_SECONDS, Part, Seconds, described, text_that

A_RULE = 'the name of an alert rule such as "checkout-*", or its ARM id'
_NAME_CHARACTERS_MAX = 260

Severity = Literal["Sev0", "Sev1", "Sev2", "Sev3", "Sev4"]
AlertStage = Literal["T0", "T1", "T2", "T3", "T4"]
Expiry = Annotated[Seconds, Field(ge=60, le=7 * DAY_SECONDS)]


# A rule's name may have blanks, unlike those of the resources that a slot declares.
_RULE_ID = re.compile(
    "/subscriptions/[0-9a-f-]{36}/resourceGroups/[^/*]{1,90}/providers/[a-z.]{1,80}/[a-z]{1,80}/[^/*]{1,260}",
    re.IGNORECASE,
)


def _is_rule(text: str) -> bool:
    if not text.isprintable() or text != text.strip():
        return False
    if text.startswith("/"):
        return _RULE_ID.fullmatch(text) is not None
    return 0 < len(text) <= _NAME_CHARACTERS_MAX


AlertRule = Annotated[str, text_that(_is_rule, A_RULE), described(A_RULE, {"type": "string", "minLength": 1})]


class AlertPart(Part):
    """One line of the mapping from alerts to what they do. A condition that is not there is always met."""

    severity: Annotated[list[Severity], Field(min_length=1, max_length=5)] | None = Field(
        default=None, description="a list of severities, such as [Sev0, Sev1]"
    )
    rule: AlertRule | None = Field(
        default=None, description="the alert rule's name, in which * stands for anything, or its ARM id"
    )
    stages: Annotated[list[AlertStage], Field(min_length=1, max_length=5)] | None = Field(
        default=None, description="a list of stages, such as [T3, T4]"
    )
    do: Literal["rollback", "hold", "note"] = Field(
        description="rollback, hold or note: what such an alert on the candidate does"
    )
    expire: Expiry | None = Field(
        default=None, description="after how long its hold ends by itself, for a rule that never resolves"
    )


class AlertsPart(Part):
    """Which alerts count, for what, and how long one holds that never says that it is over."""

    expire: Expiry = Field(
        default=3600, description="after how long a hold by an activity log alert ends by itself, such as 1h"
    )
    rules: list[AlertPart] = Field(
        default=[],
        max_length=50,
        description="a list of mappings with do; the first that is met counts",
    )
