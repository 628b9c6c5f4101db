"""Compares Kubernetes versions. Knows nothing but numbers with dots."""

from __future__ import annotations


def newer(version: str, than: str) -> bool:
    """True if `version` is greater than `than`: `newer("1.32.6", "1.31.9")`."""
    return _numbers(version) > _numbers(than)


def _numbers(version: str) -> tuple[int, ...]:
    parts = version.removeprefix("v").split("-", 1)[0].split(".")
    return tuple(int(part) if part.isdigit() else -1 for part in parts)
