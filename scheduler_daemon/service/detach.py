"""Leaves the terminal for good and is another program from then on: ``python -P -m … PROGRAM ARGUMENT…``.

It is a process of its own, for it closes all files. The first line on standard error that is a number is the process
id of what stays; the program inherits standard error, so that it can say what keeps it from starting.
"""

import contextlib
import os
import signal
import sys

from daemon import DaemonContext
from daemon.daemon import DaemonError


def main() -> None:
    """Detach, then be the program of the command line."""
    program = sys.argv[1:]
    # The signals are put right below: what DaemonContext has ignored, the program and all its runs would ignore.
    # The mask of file modes stays the person's: what the runs make is theirs.
    mask = os.umask(0o077)
    context = DaemonContext(detach_process=True, umask=mask, stderr=sys.stderr, signal_map={})
    try:
        context.open()
    except (DaemonError, OSError) as problem:
        sys.exit(f"cannot detach: {problem}")
    _reset_signals()
    os.write(2, f"{os.getpid()}\n".encode())
    try:
        os.execv(program[0], program)  # noqa: S606 - the daemon, of this very installation
    except OSError as problem:
        sys.exit(f"cannot start {program[0]}: {problem.strerror}")


def _reset_signals() -> None:
    """Have none ignored or blocked: nohup and shells that start something in the background do so."""
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        with contextlib.suppress(OSError):  # the C library keeps some for itself
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


if __name__ == "__main__":
    main()
