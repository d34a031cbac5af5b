"""The process that reads keychain and AWS for the daemon, with keychain plug-ins that behave badly."""

import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from scheduler_daemon.model.profile import Profile
from tests.integration.profile.asking import ended, failures, found, readers, variable
from tests.support.house import until

Plugin = Callable[[str], dict[str, str]]
"""From the body of ``get_password(self, service, account)`` to an environment in which that is the keychain."""


@pytest.fixture
def plugin(base: dict[str, str], tmp_path: Path) -> Plugin:
    """Makes a keychain of the test's own."""

    def make(body: str) -> dict[str, str]:
        (tmp_path / "plugin").mkdir()
        (tmp_path / "plugin" / "badly.py").write_text(
            "import os, subprocess, sys, time\n"
            "from keyring.backend import KeyringBackend\n"
            "class Keyring(KeyringBackend):\n"
            "    priority = 9\n"
            "    def set_password(self, service, account, password): ...\n"
            "    def get_password(self, service, account):\n" + textwrap.indent(textwrap.dedent(body), " " * 8)
        )
        return {
            **base,
            "PYTHONPATH": str(tmp_path / "plugin"),
            "PYTHON_KEYRING_BACKEND": "badly.Keyring",
            "TEST_FOLDER": str(tmp_path),
        }

    return make


def test_what_has_come_when_the_time_is_over_is_taken(plugin: Plugin, tmp_path: Path) -> None:
    """One entry that is waited for costs the others nothing."""
    environment = plugin("""
        if account == "slow":
            time.sleep(600)
        return "s3cr3t"
        """)
    variables = [variable("FIRST", "keychain", "x/quick"), variable("LAST", "keychain", "x/slow")]
    (told,) = failures(environment, *variables, limit=8.0)
    assert told.startswith("LAST (source keychain): it took longer than 8 s; ")
    assert readers(tmp_path / "user") == []


def test_what_it_has_started_ends_with_it(plugin: Plugin, tmp_path: Path) -> None:
    """The limit ends the whole process group."""
    environment = plugin("""
        sleep = subprocess.Popen(["sleep", "600"])
        with open(os.environ["TEST_FOLDER"] + "/pid", "w") as file:
            file.write(str(sleep.pid))
        sleep.wait()
        """)
    failures(environment, variable("TOKEN", "keychain", "x/y"), limit=6.0)
    pid = int((tmp_path / "pid").read_text())
    until(lambda: ended(pid), "the process has ended")


def test_commands_run_beside_it(plugin: Plugin, tmp_path: Path) -> None:
    """A command and a keychain that wait for each other both end."""
    os.mkfifo(tmp_path / "fifo")
    environment = plugin("""
        with open(os.environ["TEST_FOLDER"] + "/fifo", "w") as fifo:
            fifo.write("through")
        return "written"
        """)
    variables = [variable("KEY", "keychain", "x/y"), variable("READ", "command", f"cat '{tmp_path / 'fifo'}'")]
    resolved = found(environment, *variables).environment
    assert (resolved["KEY"], resolved["READ"]) == ("written", "through")


def test_a_plug_in_s_own_words_are_no_answer(plugin: Plugin) -> None:
    """Whatever a library prints goes nowhere, and there is nothing for it to read."""
    environment = plugin("""
        print('{"at": 0, "value": "s3cr3t"}', flush=True)
        os.write(1, b"s3cr3t")
        subprocess.run(["echo", "s3cr3t"])
        print("s3cr3t", file=sys.stderr, flush=True)
        return "value" + sys.stdin.read() + os.read(0, 1).decode()
        """)
    assert found(environment, variable("TOKEN", "keychain", "x/y")).environment["TOKEN"] == "value"


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        ("raise RuntimeError(f's3cr3t {account}')", "for a reason that is not foreseen (RuntimeError)"),
        ("sys.exit('s3cr3t')", "for a reason that is not foreseen (SystemExit)"),
        ("return b's3cr3t'", "for a reason that is not foreseen (TypeError)"),
        ("return b's3cr3t\\xff'.decode()", "the entry in the keychain is not UTF-8 text"),
        ("return 's3cr3t\\0'", "its value holds a zero character"),
        ("return 's3cr3t\\ud800'", "its value holds a character that is none"),
        ("return 's3cr3t' * 1_000_000", "its value is longer than the 128 KiB a variable can hold"),
        ("os._exit(3)", "the process that reads it ended too early, with exit status 3"),
        ("os.kill(os.getpid(), 9)", "the process that reads it ended too early, by signal 9"),
    ],
)
def test_what_goes_wrong_in_it_is_the_variable_s_failure(plugin: Plugin, body: str, cause: str) -> None:
    """Whatever it is, the run is told, and not in the words of the library."""
    (told,) = failures(plugin(body), variable("TOKEN", "keychain", "x/s3cr3t"))
    assert told.startswith("TOKEN (source keychain): ")
    assert cause in told


@pytest.mark.parametrize(
    "value", ["🔑" * 32_000, "\x01" * 131_000, " \n\t ", ""], ids=["wide", "odd", "blank", "empty"]
)
def test_any_value_comes_through_whole(plugin: Plugin, value: str) -> None:
    """Up to what a process can be given, nothing is cut off, and nothing changed."""
    environment = plugin(f"return {value[:1]!r} * {len(value)}" if len(value) > 10 else f"return {value!r}")
    assert found(environment, variable("TOKEN", "keychain", "x/y")).environment["TOKEN"] == value


def test_nothing_of_a_variable_is_on_its_command_line_or_in_its_environment(plugin: Plugin, tmp_path: Path) -> None:
    """Others on the machine can see those."""
    environment = plugin("time.sleep(600)")
    asked = variable("TOKEN", "keychain", "x/s3cr3t-name")
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(failures, environment, asked)
        until(lambda: readers(tmp_path / "user"), "it reads")
        (reader,) = readers(tmp_path / "user")
        seen = [*reader.cmdline(), *reader.environ().values()]
        reader.kill()
        asking.result()
    assert seen
    assert not any("s3cr3t" in each for each in seen)


def test_it_is_not_what_the_current_directory_says(
    plugin: Plugin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A daemon may be started in a repository whose files have the names of ours."""
    environment = plugin("return 's3cr3t'")
    (tmp_path / "scheduler_daemon").mkdir()
    for name in ("scheduler_daemon/__init__.py", "json.py", "keyring.py"):
        (tmp_path / name).write_text("raise SystemExit('not this one')\n")
    monkeypatch.chdir(tmp_path)
    assert found(environment, variable("TOKEN", "keychain", "x/y")).environment["TOKEN"] == "s3cr3t"


_RESOLVE = """\
import json, os, sys
from scheduler_daemon.model.profile import Profile
from scheduler_daemon.profile import resolve
orders = json.load(sys.stdin)
resolved = resolve(Profile.from_dict(orders["profile"]), orders["base"], limit=orders["limit"])
print(json.dumps([name for name in sys.modules if name.partition(".")[0] in ("boto3", "botocore", "keyring")]))
"""


def _asking_elsewhere(environment: dict[str, str], limit: float) -> "subprocess.Popen[str]":
    """A daemon's part in it, in a process of its own."""
    profile = Profile(name="work", env_vars=[variable("TOKEN", "keychain", "x/y")])
    orders = {"profile": profile.to_dict(), "base": environment, "limit": limit}
    process = subprocess.Popen(
        [sys.executable, "-c", _RESOLVE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    with process.stdin as stdin:
        stdin.write(json.dumps(orders))
    return process


def test_the_daemon_loads_none_of_the_libraries(plugin: Plugin) -> None:
    """They take tens of megabytes, and are gone with the process that needs them."""
    with _asking_elsewhere(plugin("return 's3cr3t'"), limit=60.0) as asking:
        assert asking.stdout is not None
        assert json.loads(asking.stdout.read()) == []


def test_it_ends_when_the_daemon_is_gone(plugin: Plugin, tmp_path: Path) -> None:
    """A daemon that is killed ends nobody, so it ends itself soon after the limit."""
    environment = plugin("time.sleep(600)")
    with _asking_elsewhere(environment, limit=1.5) as asking:
        until(lambda: readers(tmp_path / "user"), "it reads")
        asking.send_signal(signal.SIGKILL)
    assert readers(tmp_path / "user")
    until(lambda: not readers(tmp_path / "user"), "it has ended")
