"""What the host's log looks like.

Decides form and loudness: a line says which invocation it belongs to, the storage client's and the runtime's
own chatter stays out. Azure sends every level from Information on, so `logging.info` of a function shows.
"""

import logging

from azure_functions_runtime.utils.executor import invocation_id_cv

from sandbox.host.worker import current_invocation

_FORM = "%(asctime)s %(levelname)s %(name)s%(invocation)s: %(message)s"
_QUIET = ("azure", "asyncio", "aiohttp", "urllib3")


def _with_invocation(record: logging.LogRecord) -> bool:
    # A function that isn't async runs in a thread, where only the runtime's own variable is set.
    invocation = current_invocation.get() or invocation_id_cv.get() or ""
    record.invocation = f" [{invocation}]" if invocation and not record.name.startswith("host") else ""
    return True


def log_to_stderr(level: str = "INFO") -> None:
    """Send all logs to stderr, a function's with its invocation's id; with DEBUG nothing is left out."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter(_FORM))
    handler.addFilter(_with_invocation)
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in _QUIET if level != "DEBUG" else ():
        logging.getLogger(name).setLevel(logging.WARNING)
