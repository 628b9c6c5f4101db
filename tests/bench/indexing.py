"""`indexing`: what the Functions host pays to learn the triggers, against an app with a single one."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.pairs import Figure, figure

PAIRS = 15
WARM_UP = 2

ROOT = Path(__file__).resolve().parents[2]
INDEX = "import function_app; [one.get_bindings_dict() for one in function_app.app.get_functions()]"
BARE = """
import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)


@app.route("hello")
async def hello(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("hello")
"""


def measure() -> Figure:
    """CPU of fresh processes that import the app and index it, compiled before, as a worker finds it."""
    with TemporaryDirectory() as folder, TemporaryDirectory() as compiled:
        Path(folder, "function_app.py").write_text(BARE)
        kept = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": compiled}
        pairs = []
        for n in range(WARM_UP + PAIRS):
            ours_first = n % 2 == 0
            before = index(ROOT, kept) if ours_first else 0.0
            bare = index(Path(folder), kept)
            pairs.append((before if ours_first else index(ROOT, kept), bare))
    return figure("indexing", pairs[WARM_UP:], against="an app with one function", ratio_max=1.5)


def index(folder: Path, environment: Mapping[str, str]) -> float:
    """Processor seconds of a fresh process that indexes the app in `folder`."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", INDEX], cwd=folder, env=environment, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)
