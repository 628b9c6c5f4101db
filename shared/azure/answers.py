"""The part of an answer that an adapter reads, as a value of the shape that it must have.

Decides that an answer of another shape is none: a field that is missing, null or of another type is never
taken for a fact. What an adapter does not read may be anything. Refuses to know any service.
"""

from __future__ import annotations

from typing import Any

import msgspec

from shared.errors import Retry

_WITH_A_BODY = (200, 201)


class Body[T]:
    """The body of one answer: give it to an SDK's operation as `raw_response_hook`, then read `value`.

    It runs before the SDK makes a model of the answer, so what the model would make of it does not matter.
    `value` is None until a 200 or 201 has come, which must have a body; `headers` are the last answer's.
    """

    def __init__(self, shape: type[T], what: str) -> None:
        self._shape = shape
        self._what = what
        self.value: T | None = None
        self.headers: Any = {}

    def __call__(self, response: Any) -> None:
        """Read an answer of success. Raises Retry for another shape."""
        answer = response.http_response
        self.headers = answer.headers
        if answer.status_code in _WITH_A_BODY:
            self.value = shaped(answer.internal_response.content_read, self._shape, self._what)

    def read(self) -> T:
        """The value. Raises Retry where the service answered without one."""
        if self.value is None:
            raise Retry(f"the answer on {self._what} is empty")
        return self.value


def fitted[T](value: object, shape: type[T], what: str) -> T:
    """Parsed JSON as what it must be. Raises Retry, which names the field that is not."""
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError as error:
        raise Retry(f"the answer on {what} is not of the form that is expected: {error}") from error


def shaped[T](text: str | bytes, shape: type[T], what: str) -> T:
    """JSON as what it must be. Raises Retry, which names the field that is not."""
    if not text.strip():
        raise Retry(f"the answer on {what} is empty")
    try:
        return msgspec.json.decode(text, type=shape)
    except msgspec.ValidationError as error:
        raise Retry(f"the answer on {what} is not of the form that is expected: {error}") from error
    except msgspec.DecodeError:
        raise Retry(f"the answer on {what} is not JSON") from None
