"""The demo as its users run it: a process, its exit code, and what it prints."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.demo.rehearsal import REPOSITORY
from sandbox.demo.scenarios import SCENARIOS
from sandbox.demo.secrecy import LOOKS_SECRET

SECONDS_MAX = 150
WRITES = frozenset({"PUT", "PATCH", "DELETE"})


def demo(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the demo to its end."""
    return subprocess.run(
        [sys.executable, "-m", "sandbox.demo", *words],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )


def test_a_broken_cluster_is_stopped_before_traffic_moves_and_the_record_shows_no_such_write(
    tmp_path: Path,
) -> None:
    record = tmp_path / "wire.jsonl"
    ran = demo("--scenario", "bad-green", "--debug", "--record", str(record))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert_nothing_secret(ran.stdout, ran.stderr, record.read_text())
    assert "platform_gate → rollback" in ran.stdout
    assert "✓ no live record ever moved" in ran.stdout
    assert "requests through DNS, 0 failed, 0 sessions lost" in ran.stdout
    exchanges = [json.loads(line) for line in record.read_text().splitlines()]
    writes = [each["url"].partition("?")[0] for each in exchanges if each["method"] in WRITES]
    assert any("/Microsoft.Resources/deployments/" in url for url in writes)
    assert not any(url.endswith("/A/aks") for url in writes)


@pytest.mark.slow
@pytest.mark.parametrize("scenario", sorted(SCENARIOS.keys() - {"bad-green"}))
def test_every_scenario_ends_as_it_should(scenario: str) -> None:
    ran = demo("--scenario", scenario, "--debug")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert_nothing_secret(ran.stdout, ran.stderr)
    assert "✗ expected" not in ran.stdout


def assert_nothing_secret(stdout: str, *others: str) -> None:
    """The demo looked through the logs of its hosts and through every row, and says nothing secret itself."""
    assert "✓ no secret is in a log or in a table" in stdout
    assert [
        line for text in (stdout, *others) for line in text.splitlines() if LOOKS_SECRET.search(line)
    ] == []


def test_an_interrupted_demo_leaves_no_process_behind() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox.demo"], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        next(line for line in process.stdout if "is applied" in line)
        children = list(_descendants(process.pid))
        process.send_signal(signal.SIGTERM)
        rest, _ = process.communicate(timeout=30)
    finally:
        process.kill()
    assert len(children) >= 2
    assert not [pid for pid in children if _alive(pid)]
    assert process.returncode == 130
    assert "everything that the demo had started is ended" in rest


def test_an_unknown_scenario_is_a_wrong_command_line() -> None:
    ran = demo("--scenario", "lucky")
    assert ran.returncode == 2
    assert "slow-burn" in ran.stderr


def _descendants(pid: int) -> Iterator[int]:
    for line in _ps("-A", "-o", "pid=,ppid="):
        child, parent = map(int, line.split())
        if parent == pid:
            yield child
            yield from _descendants(child)


def _alive(pid: int) -> bool:
    states = _ps("-o", "stat=", "-p", str(pid))
    return bool(states) and not states[0].startswith("Z")


def _ps(*words: str) -> list[str]:
    ran = subprocess.run(["ps", *words], capture_output=True, text=True, check=False)
    return ran.stdout.strip().splitlines()
