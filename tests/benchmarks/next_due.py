"""How many next due times of a calendar task are found in a second, measured against croniter.

The peer walks the same calendar in plain wall-clock time, without a time zone: what no cron library does for less.
"""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from croniter import croniter

from scheduler_daemon.model.task import ScheduleConfig
from scheduler_daemon.schedule.due import next_due

LIMIT = 5000
"""Due times a second."""
COUNT = 2000
ROUNDS = 5
"""The best counts: what else the machine does makes both slower."""
START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Case:
    """A schedule that people write."""

    expression: str
    timezone: str

    def ours(self) -> None:
        """Go from due time to due time, as the scheduler does."""
        schedule = ScheduleConfig.model_validate(
            {"type": "calendar", "cron_expression": self.expression, "timezone": self.timezone}
        )
        due = START
        for _ in range(COUNT):
            following = next_due(schedule, START, due)
            assert following is not None
            due = following

    def peer(self) -> None:
        """The same without a zone."""
        walker = croniter(self.expression, START.replace(tzinfo=None))
        for _ in range(COUNT):
            walker.get_next(datetime)


CASES = [
    Case("0 2 * * 1-5", "Europe/Berlin"),
    Case("*/5 * * * *", "America/New_York"),
    Case("30 9 1,15 * *", "Australia/Lord_Howe"),
    Case("0 0 L * *", "UTC"),
    Case("0 9 * * FRI#2", "Europe/Berlin"),
]


def a_second(work: Callable[[], None]) -> float:
    """How many due times it finds in a second of this process: nothing in it waits."""
    taken = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        work()
        taken.append(time.process_time() - begun)
    return COUNT / min(taken)


def main() -> bool:
    """Measure and tell; True if the limit is kept."""
    kept = True
    for case in CASES:
        ours, peer = a_second(case.ours), a_second(case.peer)
        kept = kept and ours >= LIMIT
        figures = {
            "benchmark": f"next due of {case.expression}, {case.timezone}",
            "a_second": round(ours),
            "croniter_a_second": round(peer),
            "ratio_to_croniter": round(ours / peer, 2),
        }
        print(json.dumps(figures))  # noqa: T201
    return kept


if __name__ == "__main__":
    sys.exit(not main())
