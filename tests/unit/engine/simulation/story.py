"""What has happened, to be told where something is wrong."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

_NEAR = timedelta(days=3)
_MOST = 80


class Violated(BaseException):
    """Something is not as it must be. Not an ``Exception``: the engine lets none of those end it."""


@dataclass(frozen=True)
class _Line:
    number: int
    clock: datetime
    text: str
    values: tuple[object, ...]

    def __str__(self) -> str:
        return f"  {self.clock.isoformat(sep=' ')}  {self.text.format(*self.values)}"


class Story:
    """A log of each task and one of all that concerns everybody."""

    def __init__(self, clock: Callable[[], datetime], title: str) -> None:
        self._clock = clock
        self._title = title
        self._told = 0
        self._lines: dict[UUID | None, list[_Line]] = {}

    def tell(self, task_id: UUID | None, text: str, *values: object) -> None:
        """Something has happened, to one task or to all."""
        self._told += 1
        self._lines.setdefault(task_id, []).append(_Line(self._told, self._clock(), text, values))

    def violated(self, what: str, task_id: UUID | None = None, at: datetime | None = None) -> Violated:
        """What is wrong, of which task and at which of its due times, with what led to it."""
        now = self._clock()
        at = at or now
        lines = [line for id_ in {None, task_id} for line in self._lines.get(id_, []) if abs(line.clock - at) < _NEAR]
        lines += self._lines.get(task_id, [])[:1]
        ordered = sorted(set(lines), key=lambda line: line.number)
        story = "\n".join(map(str, ordered[-_MOST:]))
        return Violated(
            f"{self._title}\n{at.isoformat(sep=' ')}, of task {task_id}: {what}\n"
            f"The clock says {now.isoformat(sep=' ')}. What happened, by the clock:\n{story}"
        )
