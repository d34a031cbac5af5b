"""The closed sets of values, in the words of the data model."""

from enum import StrEnum


class JobStatus(StrEnum):
    """Where a job stands: what its newest sequence of runs came to."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"


class RunStatus(StrEnum):
    """Where a run stands; the last three are final."""

    UPCOMING = "upcoming"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to a run of this status."""
        return self in (RunStatus.SUCCESS, RunStatus.FAILED, RunStatus.CANCELLED)


class Outcome(StrEnum):
    """Why a run ended as it did; see ``agent/outcome.py`` for the rules."""

    DONE = "done"
    NO_CHANGE = "no_change"
    DENIED = "denied"
    UNVERIFIED = "unverified"
    USAGE_LIMIT = "usage_limit"
    NOT_LOGGED_IN = "not_logged_in"
    MAX_TURNS = "max_turns"
    MAX_BUDGET = "max_budget"
    TIMED_OUT = "timed_out"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"
    AGENT_ERROR = "agent_error"
    NOT_STARTED = "not_started"


class Trigger(StrEnum):
    """What asked for a run."""

    TASK = "task"
    """A person ran the task."""
    JOB = "job"
    """A person ran the job."""
    SCHEDULE = "schedule"
    """The task's own schedule was due."""
    SEQUENCE = "sequence"
    """The task before it in the job's order was due, and this one follows it."""
    RESTART = "restart"
    """A person restarted from a run."""
    RETRY = "retry"
    """The run before it failed, and the task is to be tried again."""
    LIMIT_RESET = "limit_reset"
    """The run before it was ended by a usage limit, and this one goes on when that has been reset."""


class ScheduleType(StrEnum):
    """How a task's due times come about."""

    MANUAL = "manual"
    INTERVAL = "interval"
    CALENDAR = "calendar"
    FILE_WATCH = "file_watch"
    SEQUENTIAL = "sequential"


class IntervalType(StrEnum):
    """The unit of an interval; a day is 24 hours."""

    MINUTES = "minutes"
    HOURS = "hours"
    DAYS = "days"


class Missed(StrEnum):
    """What becomes of due times that nobody was there to meet."""

    RUN_ONCE = "run_once"
    """One run, for the newest of them."""
    SKIP = "skip"


class Overlap(StrEnum):
    """What becomes of a due time that comes before the last run has ended."""

    SKIP = "skip"
    QUEUE = "queue"
    """One run waits for its turn; a second is skipped."""
    REPLACE = "replace"
    """The last run is stopped for the new one."""


class SkipReason(StrEnum):
    """Why there is no run for a due time."""

    MISSED = "missed"
    """The daemon was away, or the machine asleep."""
    OVERLAP = "overlap"
    """The run before it had not ended."""
    CHANGED = "changed"
    """The schedule was changed, or the task disabled, before it could be met."""


class CommandType(StrEnum):
    """How a task's command becomes the agent's prompt."""

    PROMPT = "prompt"
    SLASH_COMMAND = "slash_command"
    FILE = "file"


class Permissions(StrEnum):
    """What the agent may do without asking; nobody is there to be asked.

    All but the second are the agent's own words for its permission modes.
    """

    DEFAULT = "default"
    BYPASS = "bypass"
    """Everything: the agent's ``bypassPermissions``."""
    ACCEPT_EDITS = "acceptEdits"
    PLAN = "plan"
    DONT_ASK = "dontAsk"
    AUTO = "auto"


class SessionMode(StrEnum):
    """Which conversation a run takes part in."""

    NEW = "new"
    CONTINUE = "continue"
    RESUME = "resume"


class EnvVarSource(StrEnum):
    """Where the value of a profile's variable comes from."""

    STATIC = "static"
    ENVIRONMENT = "environment"
    KEYCHAIN = "keychain"
    AWS_SECRETS_MANAGER = "aws_secrets_manager"
    AWS_SSM = "aws_ssm"
    COMMAND = "command"
    UNSET = "unset"
