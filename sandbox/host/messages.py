"""The messages that host and runtime exchange: plain classes in the place of the generated ones.

The runtime takes its message classes as a namespace and asks nothing of them but their names, their
keyword arguments and `WhichOneof`. This module *is* that namespace, so no gRPC and no protobuf is
needed. It knows nothing of functions or triggers. Names and field names follow Microsoft's
`FunctionRpc.proto`, odd as some are in Python, because the runtime spells them so.
"""

import sys
from types import SimpleNamespace
from typing import Any


class Message:
    """A message whose fields are whatever it was built with."""

    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)

    def __getattr__(self, name: str) -> Any:
        # Only reached for a field that wasn't set: protobuf answers with a default, never an error.
        if name.startswith("__"):
            raise AttributeError(name)
        return None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.__dict__})"


class TypedData:
    """One value of one kind (`string`, `bytes`, `json`, `http`, ...), or of none at all."""

    def __init__(self, **data: Any) -> None:
        self._data = {kind: value for kind, value in data.items() if value is not None}

    def WhichOneof(self, _group: str) -> str | None:  # noqa: N802 - protobuf's spelling
        """The kind that it has, None where it has none."""
        return next(iter(self._data), None)

    def __getattr__(self, kind: str) -> Any:
        # The runtime tells a value from a namespace of classes by asking for a name that only the latter has.
        if kind.startswith("_") or kind not in self._data:
            raise AttributeError(kind)
        return self._data[kind]

    def __repr__(self) -> str:
        return f"TypedData({self.WhichOneof('data')})"


class ParameterBinding(Message):
    """A named value on its way into or out of a function: `name`, `data`."""

    name: str
    data: TypedData | None

    def WhichOneof(self, _group: str) -> str:  # noqa: N802
        """Always the value itself, never a reference to shared memory."""
        return "data"


class RpcHttp(Message):
    """An HTTP request or response."""

    method: str
    url: str
    headers: dict[str, str]
    query: dict[str, str]
    params: dict[str, str]
    body: TypedData | None
    status_code: str
    cookies: list["RpcHttpCookie"] | None


class SameSite:
    """The values of a cookie's SameSite attribute; the word `None` can't be written as a name."""

    Lax = "Lax"
    Strict = "Strict"
    ExplicitNone = "None"


setattr(SameSite, "None", None)


class RpcHttpCookie(Message):
    """A cookie of a response; the optional attributes are nullable messages with a `value`."""

    name: str
    value: str
    same_site: str | None
    SameSite = SameSite


class StatusResult(Message):
    """How an exchange ended; `exception` is set when it failed."""

    Failure = 0
    Success = 1
    Cancelled = 2

    status: int
    exception: "RpcException | None"


class BindingInfo(Message):
    """The runtime compares directions and data types with these constants."""

    out = 1
    inout = 2
    undefined = 0


class RpcException(Message):
    """What a handler or the indexing raised."""

    message: str
    stack_trace: str


class RpcRetryOptions(Message):
    """A retry policy as the app declared it; intervals are timedeltas."""


class RpcFunctionMetadata(Message):
    """One indexed function."""

    name: str
    function_id: str
    raw_bindings: list[str]
    retry_options: RpcRetryOptions | None


class InvocationResponse(Message):
    """The end of one invocation."""

    result: StatusResult
    return_value: TypedData | None
    output_data: list[ParameterBinding] | None


class WorkerInitResponse(Message):
    """The runtime is up, or the app could not be imported."""

    result: StatusResult
    capabilities: dict[str, str]


class FunctionMetadataResponse(Message):
    """What was indexed; None where the script is missing."""

    function_metadata_results: list[RpcFunctionMetadata] | None


class FunctionLoadResponse(Message):
    """Answered by the runtime, not used by this host."""


class WorkerMetadata(Message):
    """Name and version of the runtime."""


class NullableString(Message):
    """A text that may be absent."""


class NullableBool(Message):
    """A truth value that may be absent."""


class NullableDouble(Message):
    """A number that may be absent."""


class NullableTimestamp(Message):
    """A time that may be absent."""


class Timestamp(Message):
    """Seconds since the epoch."""


def request(**content: Any) -> SimpleNamespace:
    """A request in the wrapper that the runtime unpacks: it finds these classes in `properties`."""
    return SimpleNamespace(
        request=SimpleNamespace(**content), properties={"host": "127.0.0.1", "protos": sys.modules[__name__]}
    )
