"""What waits for the thread that watches, in the order it came: news of the system, and what the daemon asks for."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

GATHERED = 0.05
"""Seconds that news are gathered before they are looked at: what comes in thousands comes close together."""
NAMES_KEPT = 20_000
"""Past that many names, everything is looked at anew instead."""

Names = dict[str, bool]
"""Entries of a directory, and whether something of that name came or went."""
Command = Callable[[], object]


@dataclass
class News:
    """What the system has told of, perhaps thousands of times."""

    hints: dict[str, Names] = field(default_factory=dict)
    """The entries that may have changed, by their directories."""
    lost: bool = False
    """Whether the hints do not tell of everything."""
    at: float = 0.0
    """The monotonic time of the last of it."""
    _names: int = 0

    def add(self, directory: str, name: str, came_or_went: bool) -> None:
        """One more hint."""
        names = self.hints.setdefault(directory, {})
        if name not in names:
            self._names += 1
        names[name] = names.get(name, False) or came_or_went
        if self._names > NAMES_KEPT:
            self.lose()

    def lose(self) -> None:
        """Everything must be looked at, so hints are not needed."""
        self.lost = True
        self.hints.clear()
        self._names = 0


class Inbox:
    """Takes letters from any thread, and gives them to one."""

    def __init__(self) -> None:
        self._letters: list[News | Command] = []
        self._came = threading.Condition()

    def put(self, directory: str, name: str, came_or_went: bool) -> None:
        """See ``Hints``."""
        with self._came:
            self._news().add(directory, name, came_or_went)

    def lost(self) -> None:
        """See ``Hints``."""
        with self._came:
            self._news().lose()

    def post(self, command: Command) -> None:
        """Have something done by the thread that watches, with regard to the news before it only."""
        with self._came:
            self._letters.append(command)
            self._came.notify()

    def take(self, timeout: float | None) -> list[News | Command]:
        """What has come, at the latest after ``timeout`` seconds."""
        with self._came:
            self._came.wait_for(lambda: self._letters, timeout)
            if self._letters:
                self._came.wait_for(self.asked, GATHERED)
            letters, self._letters = self._letters, []
        return letters

    def asked(self) -> bool:
        """Whether something is to be done."""
        return any(not isinstance(letter, News) for letter in self._letters)

    def _news(self) -> News:
        if not self._letters:
            self._came.notify()
        last = self._letters[-1] if self._letters else None
        if not isinstance(last, News):
            last = News()
            self._letters.append(last)
        last.at = time.monotonic()
        return last
