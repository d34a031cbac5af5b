"""Checks are done side by side, and none of them keeps the others waiting."""

import threading
import time

from scheduler_daemon.examination.finding import Check, Finding, Status, ok
from scheduler_daemon.examination.side_by_side import carry_out


def test_each_has_a_limit_of_its_own() -> None:
    """One that hangs is said to, those beside it and after it are answered, and what breaks is its own finding."""
    never = threading.Event()

    def hang() -> list[Finding]:
        never.wait()
        return []

    def fail() -> list[Finding]:
        raise OSError(5, "Input/output error", "/mnt/dead")

    checks = [
        *(Check("a", f"hang {number}", hang, limit=0.2) for number in range(20)),
        Check("a", "fail", fail),
        *(Check("a", f"well {number}", lambda: [ok("yes"), ok("and yes")]) for number in range(20)),
    ]
    began = time.monotonic()
    examined = carry_out(checks)
    assert time.monotonic() - began < 5
    assert [each.check.name for each in examined] == [check.name for check in checks]
    hung, broken, well = examined[:20], examined[20], examined[21:]
    assert {finding.summary for each in hung for finding in each.findings} == {
        "it has not answered within 0.2 seconds, and may hang"
    }
    assert broken.findings[0].status is Status.FAILED
    assert "Input/output error" in broken.findings[0].summary
    assert all(len(each.findings) == 2 for each in well)
    never.set()
