"""host.json as the host reads it: the defaults, and what keeps it from starting."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sandbox.host.errors import StartError
from sandbox.host.host_json import HostJson, QueueOptions, read_host_json, time_span


def written(folder: Path, content: Any) -> Path:
    path = folder / "host.json"
    path.write_text(json.dumps(content), "utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("00:00:02", timedelta(seconds=2)),
        ("00:00:00.25", timedelta(milliseconds=250)),
        ("01:30", timedelta(hours=1, minutes=30)),
        ("7.00:00:00", timedelta(days=7)),
    ],
)
def test_reads_a_time_span(text: str, expected: timedelta) -> None:
    assert time_span(text) == expected


def test_has_the_defaults_of_azure(tmp_path: Path) -> None:
    assert read_host_json(written(tmp_path, {"version": "2.0"})) == HostJson(
        "api", QueueOptions(60.0, 0.0, 16, 8, 5, base64=True)
    )


def test_half_a_batch_is_the_default_threshold(tmp_path: Path) -> None:
    content = {"version": "2.0", "extensions": {"queues": {"batchSize": 4, "messageEncoding": "none"}}}
    queues = read_host_json(written(tmp_path, content)).queues
    assert (queues.batch_size, queues.new_batch_threshold, queues.base64) == (4, 2, False)


def test_reports_every_mistake_at_once(tmp_path: Path) -> None:
    queues = {"batchSize": 33, "maxDequeueCount": True, "messageEncoding": "hex", "maxPollingInterval": "2s"}
    with pytest.raises(StartError) as refusal:
        read_host_json(written(tmp_path, {"version": "2.0", "extensions": {"queues": queues}}))
    assert len(refusal.value.problems) == 4


@pytest.mark.parametrize("content", [{}, {"version": "1.0"}, []])
def test_refuses_another_version(tmp_path: Path, content: Any) -> None:
    with pytest.raises(StartError, match="version"):
        read_host_json(written(tmp_path, content))


def test_refuses_an_app_without_one(tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"host\.json"):
        read_host_json(tmp_path / "host.json")
