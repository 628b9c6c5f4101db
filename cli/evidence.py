"""Reads the verdicts of a rollout, page by page. Refuses to know what they are for."""

from __future__ import annotations

from typing import Any

from cli.client import Api


def verdicts_of(api: Api, path: tuple[str, ...]) -> list[Any]:
    """Every verdict of the rollout at `path`, oldest first, each `{"epoch", "judgement"}`. Raises Problem."""
    verdicts: list[Any] = []
    after: str | None = ""
    while after is not None:
        page = api.get(*path, "evidence", **({"after": after} if after else {})).body
        verdicts += page["verdicts"]
        after = page["next"]
    return verdicts
