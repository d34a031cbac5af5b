"""When the daemon dies: at any of its steps, as by SIGKILL."""


class Death(BaseException):
    """The daemon is killed. Not an ``Exception``: nothing in it can do anything about it."""


class Fate:
    """Counts the steps the daemon takes: looks at the clock, commits, words to the launcher, events."""

    def __init__(self) -> None:
        self._left: int | None = None

    def decree(self, steps: int) -> None:
        """The daemon is to die at that step from now on."""
        self._left = steps

    def spare(self) -> None:
        """It is not to die."""
        self._left = None

    def step(self) -> None:
        """One more.

        Raises:
            Death: it was the last.
        """
        if self._left is not None:
            self._left -= 1
            if self._left <= 0:
                self._left = None
                raise Death
