"""The data plane of Azure Load Testing, 2022-11-01: test runs, started and read.

Decides the wire form. Refuses to run anything: what a run measures is `sandbox.world.load_tests`'.

Source: https://learn.microsoft.com/rest/api/loadtesting/dataplane/load-test-run
"""

from __future__ import annotations

from msgspec import Struct

from sandbox.wire.routing import Call, Handler, Operation, Reply, Service, shaped
from sandbox.world.checks import run_shown
from sandbox.world.errors import ArmError
from sandbox.world.model import World
from shared.checks.load_tests import HOST_VARIABLE

VERSIONS = frozenset({"2022-11-01"})
_RUN = "/test-runs/{run}"


class _Order(Struct, frozen=True, rename="camel"):
    """What the stand-in reads of an order."""

    test_id: str
    environment_variables: dict[str, str] = {}


def operations(world: World) -> list[Operation]:
    """The two operations."""

    def get(call: Call) -> Reply:
        """The run."""
        return Reply(200, run_shown(world.load_tests.get(call.parameters["run"])))

    def start(call: Call) -> Reply:
        """201 for a new run, 200 for one that was there."""
        order, name = shaped(call.payload(), _Order), call.parameters["run"]
        try:
            return Reply(200, run_shown(world.load_tests.get(name)))
        except ArmError:
            host = order.environment_variables.get(HOST_VARIABLE, "")
            return Reply(201, run_shown(world.load_tests.start(name, order.test_id, host)))

    def operation(method: str, handler: Handler) -> Operation:
        return Operation(
            method=method,
            template=_RUN,
            handler=handler,
            versions=VERSIONS,
            service=Service.LOAD_TESTS,
            families=(),
        )

    return [operation("GET", get), operation("PATCH", start)]
