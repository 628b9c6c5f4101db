"""`host.json`: the options that this host honours, with Azure's defaults and limits.

Decides what a file means; every option that isn't a field below is ignored, and the package's docstring
lists those that matter. Durations in the file are .NET time spans.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sandbox.host.errors import StartError

_TIME_SPAN = re.compile(r"(?:(\d+)\.)?(\d{1,2}):(\d{1,2})(?::(\d{1,2}(?:\.\d{1,7})?))?")


@dataclass(frozen=True, slots=True)
class QueueOptions:
    """How queue triggers poll and retry; durations in seconds."""

    polling_seconds_max: float = 60.0
    retry_seconds: float = 0.0
    batch_size: int = 16
    new_batch_threshold: int = 8
    dequeue_count_max: int = 5
    base64: bool = True


@dataclass(frozen=True, slots=True)
class HostJson:
    """The honoured part of host.json."""

    route_prefix: str = "api"
    queues: QueueOptions = QueueOptions()


def time_span(text: str) -> timedelta:
    """`[d.]hh:mm[:ss[.fffffff]]` as a duration. Raises ValueError."""
    match = _TIME_SPAN.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"'{text}' is not a duration of the form hh:mm:ss")
    days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def read_host_json(path: Path) -> HostJson:
    """Parse the file. Raises StartError with every mistake in it."""
    try:
        content = json.loads(path.read_text("utf-8-sig"))
    except (OSError, ValueError) as error:
        raise StartError([f"{path}: {error}"]) from error
    if not isinstance(content, dict) or content.get("version") != "2.0":
        raise StartError([f"{path}: 'version' must be \"2.0\""])
    extensions = _section(content, "extensions")
    problems: list[str] = []
    queues = _queues(_section(extensions, "queues"), problems)
    prefix = _section(extensions, "http").get("routePrefix", "api")
    if problems:
        raise StartError(f"{path}: {problem}" for problem in problems)
    return HostJson(route_prefix=str(prefix).strip("/"), queues=queues)


def _section(content: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = content.get(name)
    return found if isinstance(found, dict) else {}


def _queues(section: Mapping[str, Any], problems: list[str]) -> QueueOptions:
    batch_size = _number(section, "batchSize", 16, 1, 32, problems)
    threshold = _number(section, "newBatchThreshold", batch_size // 2, 0, 1000, problems)
    dequeues = _number(section, "maxDequeueCount", 5, 1, 1000, problems)
    polling = _seconds(section, "maxPollingInterval", 60.0, problems)
    if polling < 0.1:
        problems.append("extensions.queues.maxPollingInterval is below 100 ms")
    encoding = str(section.get("messageEncoding", "base64")).lower()
    if encoding not in ("base64", "none"):
        problems.append(f"extensions.queues.messageEncoding is '{encoding}', not base64 or none")
    return QueueOptions(
        polling_seconds_max=polling,
        retry_seconds=_seconds(section, "visibilityTimeout", 0.0, problems),
        batch_size=batch_size,
        new_batch_threshold=threshold,
        dequeue_count_max=dequeues,
        base64=encoding == "base64",
    )


def _number(
    section: Mapping[str, Any], name: str, default: int, low: int, high: int, problems: list[str]
) -> int:
    value = section.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        problems.append(f"extensions.queues.{name} is {value!r}, not a whole number from {low} to {high}")
        return default
    return value


def _seconds(section: Mapping[str, Any], name: str, default: float, problems: list[str]) -> float:
    if name not in section:
        return default
    try:
        return time_span(str(section[name])).total_seconds()
    except ValueError as error:
        problems.append(f"extensions.queues.{name}: {error}")
        return default
