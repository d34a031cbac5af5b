"""How the daemon was started, and so how it is started again."""

import contextlib
import os

from scheduler_daemon.home import Home


def started_by(home: Home) -> str:
    """``service`` for a service manager, ``detached`` for ``ccsched daemon start``, ``hand`` for everything else."""
    own = str(os.getpid())
    with contextlib.suppress(OSError):
        if home.pid_file.read_text().strip() == own:
            return "detached"
    # A terminal may itself be a service, and hand its variables on: these two name the process, or are ours.
    if os.environ.get("SYSTEMD_EXEC_PID") == own or "NOTIFY_SOCKET" in os.environ:
        return "service"
    return "service" if "ccsched" in os.environ.get("XPC_SERVICE_NAME", "") else "hand"
