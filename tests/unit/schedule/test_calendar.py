"""The cron rule, case by case: expressions in zones with the instants at which they are due."""

import json
from datetime import datetime
from pathlib import Path
from typing import TypedDict

import pytest

from scheduler_daemon.schedule import CronExpression, ScheduleError, find_zone


class _Case(TypedDict, total=False):
    id: str
    cron: str
    timezone: str
    start: str
    expected: list[str]
    error: str
    why: str


_CASES: list[_Case] = json.loads(Path(__file__).with_name("calendar.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in _CASES if "error" not in case])
def test_due_at_exactly_these_instants(case: _Case) -> None:
    """Each due instant follows from the one before it, to the second."""
    cron, zone = CronExpression.parse(case["cron"]), find_zone(case["timezone"])
    instant = datetime.fromisoformat(case["start"])
    for expected in case["expected"]:
        instant = cron.after(instant, zone)
        assert instant == datetime.fromisoformat(expected), case["why"]


@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in _CASES if "error" in case])
def test_refused(case: _Case) -> None:
    """What cannot be read, or would never be due, is refused, and the field is named."""
    with pytest.raises(ScheduleError) as refusal:
        CronExpression.parse(case["cron"])
    assert refusal.value.field == "schedule.cron_expression"
    assert ("never due" in str(refusal.value)) == (case["error"] == "never")
