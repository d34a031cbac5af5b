"""``settings``: what is asked of the daemon, and what is shown."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.cli.conftest import Completed
from tests.integration.cli.fake_daemon import FakeDaemon, Message
from tests.support.house import House, house

Ccsched = Callable[..., Completed]
Terminal = Callable[..., tuple[int, str]]

SETTINGS: Message = {"agent_command": ["claude", "a b"], "max_concurrent_runs": 3, "stop_grace": 2.5}


@pytest.fixture
def at_home(tmp_path: Path) -> Iterator[House]:
    """A house whose daemon runs."""
    with house(tmp_path) as made:
        made.start()
        yield made


def test_all_or_one(ccsched: Ccsched, daemon: FakeDaemon) -> None:
    """A program gets the object, or the value alone; a person can type a value again as it is shown."""
    daemon.answers["settings.get"] = SETTINGS
    assert json.loads(ccsched("settings", "get").stdout) == SETTINGS
    assert json.loads(ccsched("settings", "get", "agent_command").stdout) == ["claude", "a b"]
    assert ccsched("settings", "get", "stop_grace").stdout == "2.5\n"
    assert ccsched("settings", "get", "agent_command", "--output", "table").stdout == "claude 'a b'\n"
    assert daemon.requests == [("settings.get", {})] * 4


def test_a_person_sees_a_table(terminal: Terminal, daemon: FakeDaemon) -> None:
    """A line for each setting."""
    daemon.answers["settings.get"] = SETTINGS
    _, shown = terminal("settings", "get")
    assert [line.split(maxsplit=1) for line in shown.splitlines()[1:]] == [
        ["agent_command", "claude 'a b'"],
        ["max_concurrent_runs", "3"],
        ["stop_grace", "2.5"],
    ]


def test_times_and_sizes_are_shown_as_they_are_typed(ccsched: Ccsched, daemon: FakeDaemon) -> None:
    """For a person; a program gets seconds and bytes."""
    daemon.answers["settings.get"] = {"time_limit": 5400, "stop_grace": 10.0, "log_limit": 256 * 2**20}
    shown = ccsched("settings", "get", "--output", "table").stdout
    assert [line.split()[1] for line in shown.splitlines()[1:]] == ["1h30m", "10s", "256MiB"]
    assert ccsched("settings", "get", "log_limit").stdout == "268435456\n"


def test_a_program_that_is_not_found_is_noted(ccsched: Ccsched, daemon: FakeDaemon) -> None:
    """The setting is made: it may be where the daemon looks. One that is found is not worth a word."""
    for program, noted in (("no-such-program", True), ("sh", False)):
        daemon.answers["settings.set"] = {"agent_command": [program]}
        done = ccsched("settings", "set", "agent_command", program)
        assert done.returncode == 0
        assert ("Note: there is no program no-such-program here" in done.stderr) is noted


def test_what_is_not_set_is_none(ccsched: Ccsched, daemon: FakeDaemon) -> None:
    """For a person; a program gets null, or the empty list."""
    daemon.answers["settings.get"] = {"max_usd_per_day": None, "notify_command": []}
    shown = ccsched("settings", "get", "--output", "table").stdout
    assert [line.split() for line in shown.splitlines()[1:]] == [
        ["max_usd_per_day", "none"],
        ["notify_command", "none"],
    ]
    assert ccsched("settings", "get", "notify_command").stdout == "[]\n"


def test_an_unknown_setting_is_answered_with_the_known(ccsched: Ccsched, daemon: FakeDaemon) -> None:
    """A person who guessed sees what there is."""
    daemon.answers["settings.get"] = SETTINGS
    done = ccsched("settings", "get", "agent")
    assert (done.returncode, done.stdout) == (1, "")
    assert "There is no setting 'agent'; there are agent_command, max_concurrent_runs, stop_grace." in done.stderr


@pytest.mark.parametrize(
    ("name", "value", "sent"),
    [
        ("max_concurrent_runs", "5", 5),
        ("max_concurrent_runs", "-5", -5),
        ("stop_grace", "2.5", 2.5),
        ("stop_grace", "1m", 60),
        ("time_limit", "1h30m", 5400),
        ("time_limit", "90", 90),
        ("stall_after", "10m", 600),
        ("max_limit_wait", "6h", 21600),
        ("log_limit", "65536", 65536),
        ("log_limit", "256MiB", 256 * 2**20),
        ("log_limit", "1g", 2**30),
        ("max_usd_per_day", "none", None),
        ("notify_command", "none", None),
        ("max_usd_per_day", "12.5", 12.5),
        ("notify_command", "notify --urgent 'a b'", ["notify", "--urgent", "a b"]),
        ("max_concurrent_runs", "many", "many"),
        ("max_concurrent_runs", "inf", "inf"),
        ("agent_command", "claude --x 'a b'", ["claude", "--x", "a b"]),
        ("agent_command", "7", ["7"]),
        ("agent_command", ' ["claude", "a b"]', ["claude", "a b"]),
    ],
)
def test_a_value_is_sent_as_what_it_is(
    ccsched: Ccsched, daemon: FakeDaemon, name: str, value: str, sent: object
) -> None:
    """Numbers as numbers, a command as its words; whether it may be is the daemon's to say."""
    daemon.answers["settings.set"] = SETTINGS
    assert json.loads(ccsched("settings", "set", name, "--", value).stdout) == SETTINGS
    assert daemon.requests == [("settings.set", {"changes": {name: sent}})]


def test_a_default_is_put_back(ccsched: Ccsched, daemon: FakeDaemon) -> None:
    """The daemon knows it; it is asked for by null, which is sent."""
    daemon.answers["settings.set"] = SETTINGS
    done = ccsched("settings", "set", "max_concurrent_runs", "--default", "--output", "table")
    assert done.stdout == "max_concurrent_runs is 3 now.\n"
    assert daemon.requests == [("settings.set", {"changes": {"max_concurrent_runs": None}})]


def test_a_setting_is_kept(at_home: House) -> None:
    """With the real daemon: set, seen, refused with the reason, and put back."""
    assert at_home.ccsched("settings", "set", "time_limit", "2h").returncode == 0
    assert at_home.ccsched("settings", "get", "time_limit").stdout == "7200\n"
    refused = at_home.ccsched("settings", "set", "time_limit", "0")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "time_limit: must be at least 1s, not 0s" in refused.stderr
    unknown = at_home.ccsched("settings", "set", "time_limi", "0")
    assert unknown.stderr.startswith("Error: time_limi: no such setting; did you mean time_limit?")
    assert (
        "log_limit: must be at least 64KiB, not 1KiB" in at_home.ccsched("settings", "set", "log_limit", "1k").stderr
    )
    at_home.ccsched("settings", "set", "time_limit", "--default")
    assert at_home.ccsched("settings", "get", "time_limit").stdout == "14400\n"
