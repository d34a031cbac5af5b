"""What may start now, and what comes next: decisions from the clock and the record, done by a launcher."""


class Refused(Exception):
    """A request that cannot be met as things are; the message says what to do."""
