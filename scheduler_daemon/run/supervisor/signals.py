"""The signals that a supervisor heeds."""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
else:
    # All of signal but its enums, which take several milliseconds to make.
    import _signal as signal

__all__ = ["Signals", "signal"]


class Signals:
    """Whether the run is to stop, and a descriptor that becomes readable with that and with the end of a child."""

    def __init__(self) -> None:
        self.stop = False
        self.fd, writer = os.pipe()
        os.set_blocking(self.fd, False)
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGTERM, self._on_stop)
        signal.signal(signal.SIGINT, self._on_stop)
        signal.signal(signal.SIGCHLD, self._on_child)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())

    def clear(self) -> None:
        """Make the descriptor unreadable until the next signal."""
        os.read(self.fd, 4096)

    def _on_stop(self, _signum: int, _frame: object) -> None:
        self.stop = True

    def _on_child(self, _signum: int, _frame: object) -> None:
        """Only a signal that is handled writes to the descriptor."""
