"""Jobs, tasks and runs as the daemon shows them."""

from typing import Any
from uuid import UUID

from tests.integration.cli.fake_daemon import Message


def identifier(number: int) -> str:
    """A UUID that begins with this number."""
    return str(UUID(f"{number:08x}-0000-4000-8000-000000000000"))


def job(number: int = 1, **fields: Any) -> Message:
    """A job."""
    return {
        "id": identifier(number),
        "name": "feature-auth",
        "description": "",
        "status": "pending",
        "profile": None,
        "working_directory": {
            "path": "/srv/app",
            "use_git_worktree": False,
            "worktree_name": None,
            "worktree_branch": "main",
        },
        "task_order": [],
        "overlap": "skip",
        "max_usd_per_day": None,
        "created_at": "2026-11-20T01:00:00.000000Z",
        "updated_at": "2026-11-20T01:00:00.000000Z",
        **fields,
    }


def task(number: int = 0x10, **fields: Any) -> Message:
    """A task."""
    schedule: Message = {
        "type": "manual",
        "interval_value": None,
        "interval_type": None,
        "cron_expression": None,
        "watch_path": None,
        "watch_patterns": [],
        "watch_recursive": None,
        "watch_debounce": None,
        "watch_max_wait": None,
        "timezone": None,
    }
    return {
        "id": identifier(number),
        "job_id": identifier(1),
        "name": "add-tests",
        "enabled": True,
        "model": "sonnet",
        "profile": None,
        "schedule": {**schedule, **fields.pop("schedule", {})},
        "command_type": "prompt",
        "command": "Add unit tests",
        "permissions": "bypass",
        "session_mode": "new",
        "allowed_tools": [],
        "disallowed_tools": [],
        "retry": {"max_retries": 0, "retry_delay": 60, "max_retry_delay": 3600},
        "notifications": {"on_success": False, "on_failure": False},
        "created_at": "2026-11-20T01:00:00.000000Z",
        "updated_at": "2026-11-20T01:00:00.000000Z",
        "last_run_status": None,
        "commit_on_success": True,
        "time_limit": None,
        "max_turns": None,
        "max_budget_usd": None,
        "verify": {"command": None, "time_limit": 900, "max_fix_rounds": 2},
        "wait_for_limit": True,
        "max_limit_wait": None,
        "stall_after": None,
        "stop_when_stalled": False,
        "run_retention_count": None,
        "missed": "run_once",
        "missed_within": 86400,
        "overlap": None,
        "jitter": 0,
        "running_hours": None,
        **fields,
    }


def run(number: int = 0x100, status: str = "success", **fields: Any) -> Message:
    """A run."""
    started, ended = status != "upcoming", status in ("success", "failed", "cancelled")
    return {
        "id": identifier(number),
        "task_id": identifier(0x10),
        "task_name": "add-tests",
        "status": status,
        "scheduled_time": "2026-11-21T02:00:00.000000Z",
        "start_time": "2026-11-21T02:00:00.100000Z" if started else None,
        "end_time": "2026-11-21T02:01:20.100000Z" if ended else None,
        "duration": 80.0 if ended else None,
        "session_id": None,
        "output": "",
        "raw_output": "",
        "errors": [],
        "exit_code": 0 if status == "success" else None,
        "job_id": identifier(1),
        "job_name": "feature-auth",
        "trigger": "task",
        "sequence_id": None,
        "sequence_position": 0,
        "restarted_from": None,
        "continues": None,
        "continued_by": None,
        "attempt": 1,
        "first_run": None,
        "first_trigger": None,
        "first_scheduled": None,
        "limit_waited": 0.0,
        "resumes": None,
        "outcome": {"success": "done", "failed": "denied", "cancelled": "stopped"}.get(status),
        "created_at": "2026-11-21T02:00:00.000000Z",
        "working_directory": "/srv/app",
        "num_turns": 2 if ended else None,
        "cost_usd": 0.0123 if ended else None,
        "model": "sonnet",
        "commit": None,
        "branch": None,
        "uncommitted": [],
        "base_commit": None,
        "verify_rounds": [],
        "leftovers": [],
        "stalled_at": None,
        "log_path": None,
        **fields,
    }
