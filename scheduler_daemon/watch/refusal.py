"""A watch that cannot be kept, and the field that says so."""


class WatchRefused(ValueError):
    """A watch that cannot be kept; the message says what to write instead.

    ``field`` is ``path`` or ``patterns``.
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
