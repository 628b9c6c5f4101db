"""A child process that can't outlive its parent and whose output can be awaited.

Decides how children are stopped and what is kept of what they say. The child has to end by itself when its
standard input ends: the pipe closes even when this process is killed, on every system.
"""

import contextlib
import re
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence

TAIL_LINES = 40


class ChildFailed(Exception):
    """The child ended, or did not say in time what was awaited; the text holds its last lines."""


class Child:
    """A running child process; its standard output and error are one stream of lines."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        self._process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        self._lines: list[str] = []
        self._said = threading.Condition()
        self._silent = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def output(self) -> str:
        """All that the child has said so far."""
        with self._said:
            return "".join(self._lines)

    def wait_for(self, pattern: str, seconds_max: float) -> re.Match[str]:
        """The first line that `pattern` is found in, now or later. Raises ChildFailed."""
        deadline, seen = time.monotonic() + seconds_max, 0
        with self._said:
            while True:
                for line in self._lines[seen:]:
                    if match := re.search(pattern, line):
                        return match
                seen = len(self._lines)
                left = deadline - time.monotonic()
                if self._silent or left <= 0:
                    why = "ended" if self._silent else f"was awaited for {seconds_max:g} s"
                    tail = "".join(self._lines[-TAIL_LINES:])
                    raise ChildFailed(f"the child {why} without saying '{pattern}':\n{tail}")
                self._said.wait(left)

    def wait(self, seconds_max: float) -> int:
        """The exit code. Raises subprocess.TimeoutExpired."""
        return self._process.wait(seconds_max)

    def stop(self, seconds_max: float) -> int:
        """Ask the child to end, and end it after `seconds_max`; the exit code."""
        self._process.terminate()
        try:
            self._process.wait(seconds_max)
        except subprocess.TimeoutExpired:
            self._process.kill()
        return self._reap()

    def kill(self) -> None:
        """End it at once (SIGKILL)."""
        self._process.kill()
        self._reap()

    def _reap(self) -> int:
        code = self._process.wait()
        self._reader.join(1.0)
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        return code

    def _read(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        with contextlib.suppress(ValueError):  # closed by _reap
            for line in stream:
                with self._said:
                    self._lines.append(line)
                    self._said.notify_all()
        with self._said:
            self._silent = True
            self._said.notify_all()
