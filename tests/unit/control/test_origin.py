"""How the daemon was started is how it is started again."""

import os
from pathlib import Path

import pytest

from scheduler_daemon.control.origin import started_by
from scheduler_daemon.home import Home

OWN, OTHER = "our process id", "another process id"


@pytest.mark.parametrize(
    ("environment", "pid_file", "said"),
    [
        ({}, None, "hand"),
        ({}, OWN, "detached"),
        ({}, OTHER, "hand"),
        ({"NOTIFY_SOCKET": "/run/notify"}, None, "service"),
        ({"SYSTEMD_EXEC_PID": OWN}, OTHER, "service"),
        # Of the terminal that it was typed in.
        ({"SYSTEMD_EXEC_PID": OTHER, "INVOCATION_ID": "1"}, None, "hand"),
        ({"XPC_SERVICE_NAME": "local.ccsched"}, None, "service"),
        ({"XPC_SERVICE_NAME": "application.com.apple.Terminal"}, None, "hand"),
    ],
)
def test_who_started_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], pid_file: str | None, said: str
) -> None:
    """What is inherited from a terminal, or left from another process, is not taken for our own."""
    meant = {OWN: str(os.getpid()), OTHER: str(os.getppid())}
    for name in ("NOTIFY_SOCKET", "SYSTEMD_EXEC_PID", "XPC_SERVICE_NAME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, meant.get(value, value))
    home = Home(tmp_path)
    if pid_file:
        home.pid_file.write_text(f"{meant[pid_file]}\n")
    assert started_by(home) == said
