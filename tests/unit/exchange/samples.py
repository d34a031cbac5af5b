"""Documents and records that the tests of this folder start from."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from scheduler_daemon.model.profile import Profile

DATA = Path(__file__).parent / "data"
EARLIER = DATA / "earlier"

JOB = UUID("11111111-0000-4000-8000-000000000001")
TASK = UUID("22222222-0000-4000-8000-000000000001")
STAMP = "2030-12-01T10:00:00"

WORK = Profile(id=UUID("aaaaaaaa-0000-4000-8000-000000000001"), name="work")
SPARE = Profile(id=UUID("aaaaaaaa-0000-4000-8000-000000000002"), name="spare key")


def changed(path: Path, change: Callable[[Any], object]) -> bytes:
    """A sample with a change, indented so that each field has a line of its own."""
    value = json.loads(path.read_text())
    change(value)
    return json.dumps(value, indent=1).encode()


def line_of(content: bytes, needle: str, nth: int = 1) -> int:
    """The line in which a text stands for the ``nth`` time."""
    lines = [number for number, line in enumerate(content.decode().split("\n"), 1) if needle in line]
    return lines[nth - 1]


def earlier_task(**fields: Any) -> dict[str, Any]:
    """A task as the earlier application wrote it, with nothing in it to be noted."""
    plain = {
        "id": str(TASK),
        "job_id": str(JOB),
        "name": "weed",
        "model": "sonnet",
        "prompt": "Pull the weeds",
        "permissions": "bypass",
        "created_at": STAMP,
        "updated_at": STAMP,
    }
    return {**plain, **fields}


def earlier_job(**fields: Any) -> dict[str, Any]:
    """A job as the earlier application wrote it, with nothing in it to be noted."""
    plain = {
        "id": str(JOB),
        "name": "garden",
        "working_directory": {"path": "/"},
        "task_order": [str(TASK)],
        "created_at": STAMP,
        "updated_at": STAMP,
    }
    return {**plain, **fields}


def earlier_run(**fields: Any) -> dict[str, Any]:
    """A run as the earlier application wrote it, with nothing in it to be noted."""
    plain = {
        "id": "33333333-0000-4000-8000-000000000001",
        "task_id": str(TASK),
        "task_name": "weed",
        "status": "success",
        "scheduled_time": STAMP,
    }
    return {**plain, **fields}
