"""Indexing and invoking an app through Microsoft's own `azure-functions-runtime`.

Decides nothing about when a function runs; it only turns a trigger's data into a call and the call's end into
an outcome, and writes the one log line of every invocation. The runtime keeps its state in module globals,
so a process serves one app, once.
"""

import asyncio
import logging
import os
import secrets
import sys
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import azure_functions_runtime as runtime
from azure.core.exceptions import AzureError

from sandbox.host.errors import StartError
from sandbox.host.inventory import Binding, Function
from sandbox.host.messages import (
    FunctionMetadataResponse,
    InvocationResponse,
    ParameterBinding,
    RpcFunctionMetadata,
    StatusResult,
    TypedData,
    WorkerInitResponse,
    request,
)

log = logging.getLogger("host.invocation")
current_invocation: ContextVar[str] = ContextVar("current_invocation", default="")

Emit = Callable[[Binding, TypedData], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Attempt:
    """Which attempt of a retried invocation this is; `number` is 0 for the first."""

    number: int = 0
    count_max: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an invocation ended. `error` is None on success."""

    error: str | None = None
    returned: TypedData | None = None


@dataclass(slots=True)
class _Progress:
    running: int = 0
    idle: asyncio.Event = field(default_factory=asyncio.Event)


async def index(app: Path) -> list[RpcFunctionMetadata]:
    """Import the app in `app` and list its functions. Raises StartError; may be called once in a process."""
    script = os.environ.get("PYTHON_SCRIPT_FILE_NAME", "function_app.py")
    if not (app / script).is_file():
        raise StartError([f"{app}: there is no {script}"])
    module = Path(script).stem
    if module in sys.modules:
        raise StartError([f"a module named '{module}' is already imported: a process serves one app, once"])
    packages = app / ".python_packages" / "lib" / "site-packages"
    sys.path[:0] = [str(app)] + ([str(packages)] if packages.is_dir() else [])
    runtime.start_threadpool_executor()
    init: WorkerInitResponse = await runtime.worker_init_request(
        request(worker_init_request=SimpleNamespace(capabilities={}, function_app_directory=str(app)))
    )
    if init.result.status != StatusResult.Success:
        raise StartError([_failure(init.result, "the app can't be indexed")])
    if "HttpUri" in init.capabilities:
        raise StartError(
            ["the app streams HTTP (azurefunctions-extensions-http), which this host doesn't serve"]
        )
    answer: FunctionMetadataResponse = await runtime.functions_metadata_request(
        request(functions_metadata_request=SimpleNamespace())
    )
    if not answer.function_metadata_results:
        raise StartError([f"{app / script}: the app declares no functions"])
    return answer.function_metadata_results


def _failure(result: StatusResult, default: str) -> str:
    if result.exception is None:
        return default
    return f"{result.exception.message}\n{result.exception.stack_trace}".rstrip()


class Worker:
    """Invokes indexed functions. `emit` sends what a function puts into its output bindings."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._progress = _Progress()
        self._progress.idle.set()

    @property
    def running(self) -> int:
        """How many invocations have begun and not ended."""
        return self._progress.running

    async def drained(self, seconds_max: float) -> bool:
        """Wait until nothing runs; False where something still does after `seconds_max`."""
        try:
            await asyncio.wait_for(self._progress.idle.wait(), seconds_max)
        except TimeoutError:
            return False
        return True

    async def invoke(
        self,
        function: Function,
        data: TypedData,
        *,
        trace_parent: str = "",
        metadata: Mapping[str, TypedData] | None = None,
        attempt: Attempt = Attempt(),
    ) -> Outcome:
        """Run `function` once with its trigger's `data`. Never raises for what the function does."""
        invocation = str(uuid.uuid4())
        current_invocation.set(f"{function.name} {invocation}")
        self._begin()
        begin = time.perf_counter()
        ended = "cancelled"
        try:
            outcome = await self._run(function, invocation, data, trace_parent, metadata or {}, attempt)
            ended = "succeeded" if outcome.error is None else "failed"
            if outcome.error is not None:
                log.error("%s %s: %s", function.name, invocation, outcome.error)
            return outcome
        finally:
            log.info(
                "%s %s %.0f ms %s", function.name, invocation, (time.perf_counter() - begin) * 1000, ended
            )
            self._end()

    async def _run(
        self,
        function: Function,
        invocation: str,
        data: TypedData,
        trace_parent: str,
        metadata: Mapping[str, TypedData],
        attempt: Attempt,
    ) -> Outcome:
        answer: InvocationResponse = await runtime.invocation_request(
            request(
                invocation_request=SimpleNamespace(
                    invocation_id=invocation,
                    function_id=function.id,
                    input_data=[ParameterBinding(name=function.trigger.name, data=data)],
                    trigger_metadata=dict(metadata),
                    trace_context=SimpleNamespace(
                        trace_parent=trace_parent or f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01",
                        trace_state="",
                        attributes={},
                    ),
                    retry_context=SimpleNamespace(
                        retry_count=attempt.number, max_retry_count=attempt.count_max, exception=None
                    ),
                )
            )
        )
        if answer.result.status != StatusResult.Success:
            return Outcome(_failure(answer.result, "the invocation failed"))
        try:
            await self._send_outputs(function, answer)
        except (AzureError, TypeError, ValueError) as error:
            return Outcome(f"an output could not be sent: {type(error).__name__}: {error}")
        return Outcome(returned=answer.return_value)

    async def _send_outputs(self, function: Function, answer: InvocationResponse) -> None:
        values = {item.name: item.data for item in answer.output_data or ()}
        values["$return"] = answer.return_value
        for binding in function.outputs:
            value = values.get(binding.name)
            if binding.kind == "queue" and value is not None:
                await self._emit(binding, value)

    def _begin(self) -> None:
        self._progress.running += 1
        self._progress.idle.clear()

    def _end(self) -> None:
        self._progress.running -= 1
        if not self._progress.running:
            self._progress.idle.set()


def stop_runtime() -> None:
    """End the runtime's threads; only when nothing runs any more, since it waits for them."""
    runtime.stop_threadpool_executor()
