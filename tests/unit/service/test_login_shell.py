"""A person's login shell tells its environment, whatever their files make it do."""

import shutil
import time
from pathlib import Path

import pytest

from scheduler_daemon.service.login_shell import ShellSilent, of_login_shell

FILES = {"bash": ".bash_profile", "zsh": ".zshrc", "fish": ".config/fish/config.fish", "dash": ".profile"}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A person's home directory, and nothing in the environment that could be mistaken for the shell's."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "/callers/own:/usr/bin:/bin")
    for name in ("ZDOTDIR", "XDG_CONFIG_HOME", "ENV", "BASH_ENV"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.mark.parametrize("shell", FILES)
def test_shells(shell: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The PATH that their files set is told, and neither the caller's nor what they print."""
    path = shutil.which(shell)
    if path is None:
        pytest.skip(f"{shell} is not here")
    monkeypatch.setenv("SHELL", path)
    file = home / FILES[shell]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("echo welcome; printf '\\\\033[2J'; export PATH=/from/files:$PATH; export ODD='a\nb  =c'\n")
    told = of_login_shell()
    assert told["PATH"].split(":")[0] == "/from/files"
    assert "/callers/own" not in told["PATH"]
    assert told["ODD"] == "a\nb  =c"
    assert not any(name.startswith("CCSCHED_") for name in told)


def test_files_that_only_an_interactive_shell_reads(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Version managers put their lines there."""
    monkeypatch.setenv("SHELL", "/bin/bash")
    (home / ".bash_profile").write_text(". ~/.bashrc\n")
    (home / ".bashrc").write_text("case $- in *i*) ;; *) return ;; esac\nPATH=/nvm/bin:$PATH\nsleep 60 &\n")
    assert of_login_shell()["PATH"].startswith("/nvm/bin:")


def test_files_that_start_something_else(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where an interactive shell becomes a multiplexer, one that is not interactive is asked."""
    monkeypatch.setenv("SHELL", "/bin/bash")
    (home / ".bash_profile").write_text("PATH=/own/bin:$PATH\ncase $- in *i*) exec true ;; esac\n")
    assert of_login_shell()["PATH"].startswith("/own/bin:")


def test_files_that_wait(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell that does not come to an end is ended, with what it has started."""
    monkeypatch.setenv("SHELL", "/bin/bash")
    monkeypatch.setattr("scheduler_daemon.service.login_shell._LATEST_EXTRA", 0.0)
    (home / ".bash_profile").write_text("read answer; sleep 60\n")
    with pytest.raises(ShellSilent, match="took too long"):
        of_login_shell(0.3)


def test_files_that_never_cease_to_print(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such a shell is not listened to for longer than one that is silent."""
    monkeypatch.setenv("SHELL", "/bin/bash")
    monkeypatch.setattr("scheduler_daemon.service.login_shell._LATEST_EXTRA", 0.0)
    (home / ".bash_profile").write_text("yes\n")
    begun = time.monotonic()
    with pytest.raises(ShellSilent, match="took too long"):
        of_login_shell(0.3)
    assert time.monotonic() - begun < 5
