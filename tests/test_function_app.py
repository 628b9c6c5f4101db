"""The function app as it is indexed, and how little it loads to be there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import Struct

ROOT = Path(__file__).parent.parent
# An app object can be indexed once only, so the look is a process of its own.
INDEX = """
import json, sys
import function_app
functions = function_app.app.get_functions()
bindings = {f.get_function_name(): json.loads(f.get_function_json())["bindings"] for f in functions}
print(json.dumps({"functions": bindings, "modules": sorted(sys.modules)}))
"""
HEAVY = (
    "azure.core",
    "azure.data",
    "azure.identity",
    "azure.mgmt",
    "azure.monitor",
    "aiohttp",
    "pydantic",
    "yaml",
    "scipy",
    "numpy",
    "dns",
)


class Indexed(Struct):
    """What indexing found: bindings by function, and the modules that it loaded."""

    functions: dict[str, list[dict[str, Any]]]
    modules: list[str]

    def triggers(self) -> list[dict[str, Any]]:
        """One trigger per function."""
        return [b for bindings in self.functions.values() for b in bindings if b["type"].endswith("Trigger")]


@pytest.fixture(scope="module")
def indexed() -> Indexed:
    done = subprocess.run([sys.executable, "-c", INDEX], cwd=ROOT, capture_output=True, text=True, check=True)
    return msgspec.json.decode(done.stdout, type=Indexed)


def test_indexing_loads_no_azure_sdk_and_no_pydantic(indexed: Indexed) -> None:
    assert [module for module in indexed.modules if module.startswith(HEAVY)] == []


def test_events_queue_and_timers_are_bound(indexed: Indexed) -> None:
    kinds = sorted(t["type"] for t in indexed.triggers() if t["type"] != "httpTrigger")
    assert kinds == ["eventGridTrigger", "queueTrigger", "timerTrigger", "timerTrigger", "timerTrigger"]


PEOPLE = [
    ("GET", "page"),
    ("GET", "openapi.json"),
    ("GET", "fleets"),
    ("GET", "fleets/{fleet}"),
    ("PUT", "fleets/{fleet}"),
    ("GET", "rings/{rings}"),
    ("PUT", "rings/{rings}"),
    ("GET", "fleets/{fleet}/audit"),
    ("GET", "fleets/{fleet}/scorecard"),
    ("POST", "fleets/{fleet}/readings"),
    ("GET", "fleets/{fleet}/rollouts"),
    ("POST", "fleets/{fleet}/rollouts"),
    ("GET", "fleets/{fleet}/rollouts/{rollout}"),
    ("GET", "fleets/{fleet}/rollouts/{rollout}/audit"),
    ("GET", "fleets/{fleet}/rollouts/{rollout}/scorecard"),
    ("GET", "fleets/{fleet}/rollouts/{rollout}/evidence"),
    ("POST", "fleets/{fleet}/rollouts/{rollout}/{command}"),
]
KEYED = [("POST", "events"), ("OPTIONS", "events"), ("POST", "alerts"), ("GET", "health")]
SIGNED = [("POST", "entra/events"), ("POST", "entra/alerts")]


def test_every_route_says_whether_a_key_or_a_person_opens_it(indexed: Indexed) -> None:
    found = {
        (method, trigger["route"]): trigger["authLevel"]
        for trigger in indexed.triggers()
        if trigger["type"] == "httpTrigger"
        for method in trigger["methods"]
    }
    assert found == dict.fromkeys(KEYED, "FUNCTION") | dict.fromkeys([*PEOPLE, *SIGNED], "ANONYMOUS")
