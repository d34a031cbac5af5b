"""How a person sets each field of the data model that is a person's to set.

In what is typed, sent and wanted, words in braces stand for what is there before; see ``Desk``.
"""

from collections.abc import Mapping
from typing import NamedTuple


class Ways(NamedTuple):
    """Three ways to set a field, each with the value it comes to: a record's is at least as what is wanted."""

    create: tuple[str, object]
    """The options of the command that creates."""
    update: tuple[str, object]
    """The options of the command that updates."""
    changes: tuple[Mapping[str, object], object]
    """The changes over the socket."""


def _variable(name: str, source: str, value: str = "", **config: object) -> dict[str, object]:
    return {"name": name, "source": source, "value": value, "config": config}


WAYS = {
    "Job.name": Ways(
        ("--name one", "one"),
        ("--name 'two words'", "two words"),
        ({"name": "three"}, "three"),
    ),
    "Job.description": Ways(
        ("--description one", "one"),
        ("--description two", "two"),
        ({"description": ""}, ""),
    ),
    "Job.profile": Ways(
        ("--zai", "{zai}"),
        ("--bedrock", "{bedrock}"),
        ({"profile": "{profile}"}, "{profile}"),
    ),
    "Job.working_directory": Ways(
        ("--use-worktree --worktree-name here", {"use_git_worktree": True, "worktree_name": "here"}),
        ("--no-worktree", {"use_git_worktree": False, "worktree_name": "here"}),
        (
            {"working_directory": {"path": "{other_repo}"}},
            {"path": "{other_repo}", "use_git_worktree": False, "worktree_name": "here", "worktree_branch": "main"},
        ),
    ),
    "JobWorkingDirectory.path": Ways(
        ("--working-directory {repo}", "{repo}"),
        ("--working-directory {directory}", "{directory}"),
        ({"working_directory": {"path": "{other_repo}"}}, "{other_repo}"),
    ),
    "JobWorkingDirectory.use_git_worktree": Ways(
        ("--use-worktree", True),
        ("--no-worktree", False),
        ({"working_directory": {"use_git_worktree": True}}, True),
    ),
    "JobWorkingDirectory.worktree_name": Ways(
        ("--use-worktree --worktree-name one", "one"),
        ("--worktree-name two", "two"),
        ({"working_directory": {"worktree_name": "three"}}, "three"),
    ),
    "JobWorkingDirectory.worktree_branch": Ways(
        ("--use-worktree --worktree-branch develop", "develop"),
        ("--worktree-branch release", "release"),
        ({"working_directory": {"worktree_branch": "main"}}, "main"),
    ),
    "Task.job_id": Ways(
        ("--job {other_job}", "{other_job}"),
        ("--job {job}", "{job}"),
        ({"job": "other"}, "{other_job}"),
    ),
    "Task.name": Ways(
        ("--name one", "one"),
        ("--name two", "two"),
        ({"name": "three"}, "three"),
    ),
    "Task.enabled": Ways(
        ("--disabled", False),
        ("--enabled", True),
        ({"enabled": False}, False),
    ),
    "Task.model": Ways(
        ("--model opus", "opus"),
        ("--model haiku", "haiku"),
        ({"model": "claude-sonnet-4-5"}, "claude-sonnet-4-5"),
    ),
    "Task.profile": Ways(
        ("--profile {profile}", "{profile}"),
        ("--bedrock", "{bedrock}"),
        ({"profile": "ZAI"}, "{zai}"),
    ),
    "Task.schedule": Ways(
        ("--every 3h", {"type": "interval", "interval_value": 3, "interval_type": "hours"}),
        ("--cron '0 2 29 2 *'", {"type": "calendar", "cron_expression": "0 2 29 2 *", "interval_value": None}),
        ({"schedule": {"type": "sequential"}}, {"type": "sequential", "cron_expression": None}),
    ),
    "Task.command_type": Ways(
        ("--command /review --command-type slash_command", "slash_command"),
        ("--command-type file", "file"),
        ({"command_type": "prompt"}, "prompt"),
    ),
    "Task.command": Ways(
        ("--prompt 'Do one'", "Do one"),
        ("--command 'Do two'", "Do two"),
        ({"command": "Do\nthree"}, "Do\nthree"),
    ),
    "Task.permissions": Ways(
        ("--permissions default", "default"),
        ("--permissions bypass", "bypass"),
        ({"permissions": "default"}, "default"),
    ),
    "Task.session_mode": Ways(
        ("--session-mode resume", "resume"),
        ("--session-mode continue", "continue"),
        ({"session_mode": "new"}, "new"),
    ),
    "Task.allowed_tools": Ways(
        ("--allowed-tool Read --allowed-tool 'Bash(git log:*)'", ["Read", "Bash(git log:*)"]),
        ("--allowed-tool Edit", ["Edit"]),
        ({"allowed_tools": ["Write", "Edit"]}, ["Write", "Edit"]),
    ),
    "Task.disallowed_tools": Ways(
        ("--disallowed-tool Bash", ["Bash"]),
        ("--disallowed-tool Write --disallowed-tool Edit", ["Write", "Edit"]),
        ({"disallowed_tools": []}, []),
    ),
    "Task.retry": Ways(
        ("--max-retries 1 --retry-delay 5m", {"max_retries": 1, "retry_delay": 300}),
        ("--max-retries 2", {"max_retries": 2, "retry_delay": 300}),
        ({"retry": {"retry_delay": 10}}, {"max_retries": 2, "retry_delay": 10}),
    ),
    "Task.notifications": Ways(
        ("--notify-on-failure", {"on_success": False, "on_failure": True}),
        ("--notify-on-success --no-notify-on-failure", {"on_success": True, "on_failure": False}),
        ({"notifications": {"on_failure": True}}, {"on_success": True, "on_failure": True}),
    ),
    "ScheduleConfig.type": Ways(
        ("--schedule sequential", "sequential"),
        ("--schedule manual", "manual"),
        ({"schedule": {"type": "file_watch", "watch_path": "{directory}"}}, "file_watch"),
    ),
    "ScheduleConfig.interval_value": Ways(
        ("--every 30m", 30),
        ("--every 45m", 45),
        ({"schedule": {"interval_value": 60}}, 60),
    ),
    "ScheduleConfig.interval_type": Ways(
        ("--every 30m", "minutes"),
        ("--every 30h", "hours"),
        ({"schedule": {"interval_type": "days"}}, "days"),
    ),
    "ScheduleConfig.cron_expression": Ways(
        ("--cron '0 2 29 2 *'", "0 2 29 2 *"),
        ("--cron '0 3 29 2 *'", "0 3 29 2 *"),
        ({"schedule": {"cron_expression": "0 4 29 2 *"}}, "0 4 29 2 *"),
    ),
    "ScheduleConfig.watch_path": Ways(
        ("--watch-path {directory}", "{directory}"),
        ("--watch-path {directory}/notes.md", "{directory}/notes.md"),
        ({"schedule": {"watch_path": "{directory}/src"}}, "{directory}/src"),
    ),
    "ScheduleConfig.watch_patterns": Ways(
        ("--watch-path {directory} --watch-pattern '*.py' --watch-pattern '!test_*'", ["*.py", "!test_*"]),
        ("--watch-pattern '*.md'", ["*.md"]),
        ({"schedule": {"watch_patterns": ["src/**"]}}, ["src/**"]),
    ),
    "ScheduleConfig.timezone": Ways(
        ("--cron '0 2 29 2 *' --timezone Europe/Berlin", "Europe/Berlin"),
        ("--timezone Asia/Tokyo", "Asia/Tokyo"),
        ({"schedule": {"timezone": "America/New_York"}}, "America/New_York"),
    ),
    "RetryConfig.max_retries": Ways(
        ("--max-retries 1", 1),
        ("--max-retries 2", 2),
        ({"retry": {"max_retries": 3}}, 3),
    ),
    "RetryConfig.retry_delay": Ways(
        ("--max-retries 1 --retry-delay 90", 90),
        ("--retry-delay 2m", 120),
        ({"retry": {"retry_delay": 5}}, 5),
    ),
    "Profile.name": Ways(
        ("--name one", "one"),
        ("--name 'two words'", "two words"),
        ({"name": "three"}, "three"),
    ),
    "Profile.description": Ways(
        ("--description one", "one"),
        ("--description two", "two"),
        ({"description": ""}, ""),
    ),
    "Profile.env_vars": Ways(
        ("--plain A=one --unset B", [_variable("A", "static", "one", plain=True), _variable("B", "unset")]),
        ("--remove A", [_variable("B", "unset")]),
        ({"env_vars": [{"name": "C", "source": "environment"}]}, [_variable("C", "environment")]),
    ),
    "EnvVar.name": Ways(
        ("--plain A=x", "A"),
        ("--remove A --plain B=x", "B"),
        ({"env_vars": [{"name": "C", "source": "unset"}]}, "C"),
    ),
    "EnvVar.source": Ways(
        ("--environment A", "environment"),
        ("--aws-ssm A=/key", "aws_ssm"),
        ({"env_vars": [{"name": "A", "source": "unset"}]}, "unset"),
    ),
    "EnvVar.value": Ways(
        ("--plain A=one", "one"),
        ("--command 'A=pass show a'", "pass show a"),
        ({"env_vars": [{"name": "A", "source": "keychain", "value": "service/account"}]}, "service/account"),
    ),
    "EnvVar.config": Ways(
        ("--aws-secrets-manager A=key --config A:region=eu-central-1", {"region": "eu-central-1"}),
        ("--config A:json_key=token", {"region": "eu-central-1", "json_key": "token"}),
        ({"env_vars": [{"name": "A", "value": "x", "config": {"plain": True}}]}, {"plain": True}),
    ),
}
"""By the field, as the document names it."""

CHOICES: dict[str, dict[str, str] | str] = {
    "Task.model": "--model VALUE",
    "Task.command_type": "--command /review --command-type VALUE",
    "Task.permissions": "--permissions VALUE",
    "Task.session_mode": "--session-mode VALUE",
    "ScheduleConfig.type": {
        "manual": "--schedule manual",
        "interval": "--schedule interval --every 2h",
        "calendar": "--schedule calendar --cron '0 2 29 2 *'",
        "file_watch": "--schedule file_watch --watch-path {directory}",
        "sequential": "--schedule sequential",
    },
    "ScheduleConfig.interval_type": {
        "minutes": "--every 30m",
        "hours": "--every 2h",
        "days": "--every 1d",
    },
    "EnvVar.source": {
        "static": "--static A=value",
        "environment": "--environment A=OTHER",
        "keychain": "--keychain A=service/account",
        "aws_secrets_manager": "--aws-secrets-manager A=name",
        "aws_ssm": "--aws-ssm A=/name",
        "command": "--command 'A=pass show name'",
        "unset": "--unset A",
    },
}
"""The options that set a field to one of the values that the document lists for it."""


def options_for(field: str, value: str) -> str:
    """The options with which an object is created whose field has that value."""
    choice = CHOICES[field]
    return choice.replace("VALUE", value) if isinstance(choice, str) else choice[value]
