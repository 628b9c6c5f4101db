"""The one way in which the host refuses to start."""

from collections.abc import Iterable


class StartError(Exception):
    """The app can't be served as it is; `problems` names every reason found, one sentence each."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))
