"""A schedule that cannot be kept, and the field that says so."""


class ScheduleError(ValueError):
    """A schedule that cannot be kept; the message says what to write instead.

    ``field`` is where the person wrote it, such as ``schedule.cron_expression``.
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def shown(text: str) -> str:
    """What a person wrote, quoted, and short enough for one line."""
    return repr(text if len(text) <= 60 else f"{text[:57]}...")
