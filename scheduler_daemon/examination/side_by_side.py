"""Has checks done at the same time, each within its time, whatever becomes of one of them."""

import threading
import time
from collections.abc import Sequence
from queue import Empty, SimpleQueue

from scheduler_daemon.examination.finding import Check, Examined, Finding, failed

_AT_A_TIME = 16
"""Checks under way; one that has passed its time is not counted any more."""

_Answers = SimpleQueue[tuple[int, Sequence[Finding]]]


def carry_out(checks: Sequence[Check]) -> list[Examined]:
    """What the checks find, in their order. It blocks until the last has answered or has passed its time."""
    answers: _Answers = SimpleQueue()
    found: dict[int, Sequence[Finding]] = {}
    deadlines: dict[int, float] = {}
    to_begin = list(range(len(checks)))[::-1]
    while len(found) < len(checks):
        while to_begin and len(deadlines) < _AT_A_TIME:
            position = to_begin.pop()
            deadlines[position] = time.monotonic() + checks[position].limit
            # A thread of its own, for one that waits for a dead file system waits for ever. The process does not.
            look = threading.Thread(target=_look, args=(position, checks[position], answers), daemon=True)
            look.start()
        try:
            position, findings = answers.get(timeout=max(0.0, min(deadlines.values()) - time.monotonic()))
        except Empty:
            position = min(deadlines, key=lambda each: deadlines[each])
            findings = [failed(f"it has not answered within {checks[position].limit:g} seconds, and may hang")]
        if position in deadlines:  # else it comes too late
            del deadlines[position]
            found[position] = findings
    return [Examined(check, found[position]) for position, check in enumerate(checks)]


def _look(position: int, check: Check, answers: _Answers) -> None:
    try:
        findings = check.look()
    except Exception as error:
        findings = [failed(f"it cannot be looked at: {type(error).__name__}: {error}")]
    answers.put((position, findings))
