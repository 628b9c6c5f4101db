"""A fake API on loopback, and the CLI run against it as a person would run it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from cli.main import run
from tests.cli.fake_api import FakeApi


class Ran(NamedTuple):
    """One finished command line."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its stdout as one JSON document."""
        return json.loads(self.out)


Cli = Callable[..., Ran]


def squeezed(line: str) -> str:
    """A line without its alignment."""
    return " ".join(line.split())


@pytest.fixture
def api() -> Iterator[FakeApi]:
    """The fake API."""
    fake = FakeApi()
    yield fake
    fake.close()


@pytest.fixture
def cli(api: FakeApi, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Run `switchyard` with these words against the fake."""
    monkeypatch.setenv("SWITCHYARD_URL", api.url)
    monkeypatch.delenv("SWITCHYARD_TOKEN", raising=False)
    monkeypatch.delenv("SWITCHYARD_AUDIENCE", raising=False)
    monkeypatch.setenv("COLUMNS", "100")

    def call(*words: str) -> Ran:
        code = run(words)
        out, err = capsys.readouterr()
        return Ran(code, out, err)

    return call


@pytest.fixture
def judged(cli: Cli, tmp_path: Path) -> Any:
    """Write the files, and judge them."""

    def call(gate: object, samples: object, *words: str, **files: object) -> Ran:
        paths = {}
        for name, body in {"gate": gate, "samples": samples, **files}.items():
            paths[name] = tmp_path / f"{name}.json"
            paths[name].write_text(body if isinstance(body, str) else json.dumps(body))
        options = [word for name, path in paths.items() for word in (f"--{name}", str(path))]
        return cli("gates", "judge", *options, *words)

    return call
