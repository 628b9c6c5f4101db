"""What it costs to import the adapters: none of the SDKs."""

from __future__ import annotations

import subprocess
import sys


def test_importing_every_adapter_loads_no_sdk() -> None:
    lines = [
        "import pkgutil, sys, importlib, shared.azure",
        "for each in pkgutil.iter_modules(shared.azure.__path__):",
        "    if each.name not in ('retries', 'transport'):",
        "        importlib.import_module('shared.azure.' + each.name)",
        "heavy = ('azure', 'aiohttp', 'dns', 'msal', 'pydantic')",
        "print([m for m in sys.modules if m.split('.')[0] in heavy])",
    ]
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
