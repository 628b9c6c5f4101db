"""`python -m sandbox.host`: serve an app until told to stop.

Decides the command line, the exit code and what becomes of signals. Exit code 1 means that the app can't be
served; every reason is on stderr.
"""

import argparse
import asyncio
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from sandbox.host.errors import StartError
from sandbox.host.host import Host, Options, running
from sandbox.host.logs import log_to_stderr
from sandbox.host.queues import LEASE_SECONDS


def parse(arguments: Sequence[str] | None = None) -> tuple[Options, bool]:
    """The options, and whether the end of standard input ends the host."""
    parser = argparse.ArgumentParser(
        prog="sandbox.host", description="Serve an Azure Functions app (Python v2 model)."
    )
    parser.add_argument(
        "--app", type=Path, required=True, help="the directory of function_app.py and host.json"
    )
    parser.add_argument("--port", type=int, default=7071, help="a port of 127.0.0.1; 0 takes a free one")
    parser.add_argument("--settings", type=Path, help="a local.settings.json; the environment wins over it")
    parser.add_argument("--key", help="demand this key for function and admin level (default: no keys)")
    parser.add_argument("--timer-status", type=Path, help="a file that remembers ticks, for past-due timers")
    parser.add_argument(
        "--lease-seconds",
        type=int,
        default=LEASE_SECONDS,
        help="how long a message at work stays hidden; a crashed host's messages reappear then",
    )
    parser.add_argument("--sign-in", type=Path, help="a file of tokens: play App Service Authentication")
    parser.add_argument("--log-level", choices=["DEBUG", "INFO", "WARNING"], default="INFO")
    parser.add_argument("--exit-with-stdin", action="store_true", help="stop when standard input ends")
    given = parser.parse_args(arguments)
    return Options(
        app=given.app.resolve(),
        port=given.port,
        settings=given.settings and given.settings.resolve(),
        key=given.key,
        timer_status=given.timer_status and given.timer_status.resolve(),
        lease_seconds=given.lease_seconds,
        sign_in=given.sign_in and given.sign_in.resolve(),
        log_level=given.log_level,
    ), given.exit_with_stdin


async def serve(options: Options, *, exit_with_stdin: bool) -> Host:
    """Serve until SIGTERM, SIGINT or, where wanted, the end of standard input."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):  # Windows
            loop.add_signal_handler(number, stop.set)
    if exit_with_stdin:
        threading.Thread(target=_wait_for_end_of_stdin, args=(loop, stop), daemon=True).start()
    async with running(options) as host:
        names = ", ".join(item.name + (" (disabled)" if item.disabled else "") for item in host.functions)
        print(f"host: listening on {host.url} ({len(host.functions)} functions: {names})", flush=True)
        await stop.wait()
    return host


def _wait_for_end_of_stdin(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    # Not through sys.stdin: its lock, held by a thread, would end the interpreter with a fatal error.
    while os.read(0, 4096):
        pass
    with contextlib.suppress(RuntimeError):  # the loop is closed already
        loop.call_soon_threadsafe(stop.set)


def main() -> None:
    """Serve the app in a folder until told to stop."""
    options, exit_with_stdin = parse()
    log_to_stderr(options.log_level)
    if not options.app.is_dir():
        sys.exit(f"host: {options.app} is not a directory")
    os.chdir(options.app)  # an app finds its own files relative to itself, as on Azure
    try:
        host = asyncio.run(serve(options, exit_with_stdin=exit_with_stdin))
    except StartError as error:
        for problem in error.problems:
            print(f"host: {problem}", file=sys.stderr)
        sys.exit(1)
    if host.abandoned:
        print("host: stopped while an invocation was still running", file=sys.stderr, flush=True)
        os._exit(0)  # a thread can't be cancelled, and the interpreter would wait for it


if __name__ == "__main__":
    main()
