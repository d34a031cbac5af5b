"""``profiles``: what is asked of the daemon, what is shown, and that a secret stays one."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.cli.conftest import CCSCHED, Completed
from tests.integration.cli.fake_daemon import FakeDaemon, Message
from tests.integration.cli.objects import identifier
from tests.integration.cli.pseudo_terminal import PseudoTerminal
from tests.support.house import House, house

Ccsched = Callable[..., Completed]
Terminal = Callable[..., tuple[int, str]]

SECRET = "sk-ant-hunter2"


def variable(name: str, source: str = "static", value: str = "", **config: object) -> Message:
    """A variable of a profile."""
    return {"name": name, "source": source, "value": value, "config": config}


def profile(*variables: Message, **fields: Any) -> Message:
    """A profile."""
    return {
        "id": identifier(0x1000),
        "name": "work",
        "description": "",
        "env_vars": list(variables),
        "max_usd_per_day": None,
        "created_at": "2026-11-20T01:00:00.000000Z",
        "updated_at": "2026-11-20T01:00:00.000000Z",
        **fields,
    }


@pytest.fixture
def at_home(tmp_path: Path) -> Iterator[House]:
    """A house whose daemon runs."""
    with house(tmp_path) as made:
        made.start()
        yield made


def answer(done: Completed) -> Any:
    """What a command that was done answered."""
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("arguments", "method", "params"),
    [
        ("list", "profiles.list", {}),
        ("list --reveal", "profiles.list", {"reveal": True}),
        ("get p", "profiles.get", {"profile": "p"}),
        ("get p --reveal", "profiles.get", {"profile": "p", "reveal": True}),
        ("delete p --force", "profiles.delete", {"profile": "p", "force": True}),
        ("delete p -f", "profiles.delete", {"profile": "p", "force": True}),
    ],
)
def test_a_command_asks_one_thing(
    ccsched: Ccsched, daemon: FakeDaemon, arguments: str, method: str, params: object
) -> None:
    """Each command is one request, and a program gets its answer whole."""
    daemon.answers[method] = {"the": "answer"}
    assert answer(ccsched("profiles", *arguments.split())) == {"the": "answer"}
    assert daemon.requests == [(method, params)]


EACH = {
    "--static A=a=b": variable("A", "static", "a=b"),
    "--static A=": variable("A"),
    "--plain B=b": variable("B", "static", "b", plain=True),
    "--environment C": variable("C", "environment"),
    "--environment C=D": variable("C", "environment", "D"),
    "--keychain E=https://x/y/me": variable("E", "keychain", "https://x/y/me"),
    "--aws-secrets-manager F=prod/key": variable("F", "aws_secrets_manager", "prod/key"),
    "--aws-ssm G=/a/b": variable("G", "aws_ssm", "/a/b"),
    "--command H=date": variable("H", "command", "date"),
    "--unset I": variable("I", "unset"),
    "--aws-ssm J=/j --config J:region=eu-west-1 --config J:json_key=a=b": variable(
        "J", "aws_ssm", "/j", region="eu-west-1", json_key="a=b"
    ),
    "--config K:required=true --static K=": variable("K", "static", "", required=True),
}


@pytest.mark.parametrize("options", EACH)
@pytest.mark.parametrize("verb", ["create", "update"])
def test_a_variable_is_sent_as_described(ccsched: Ccsched, daemon: FakeDaemon, verb: str, options: str) -> None:
    """Each source has its option; only what was said is sent."""
    daemon.answers |= {"profiles.create": profile(), "profiles.update": profile()}
    if verb == "create":
        ccsched("profiles", "create", "--name", "n", *options.split())
        assert daemon.requests == [("profiles.create", {"name": "n", "env_vars": [EACH[options]]})]
    else:
        ccsched("profiles", "update", "p", *options.split())
        assert daemon.requests == [("profiles.update", {"profile": "p", "set": [EACH[options]]})]


def test_variables_keep_the_order_of_the_line(ccsched: Ccsched, daemon: FakeDaemon) -> None:
    """Also where options of different sources take turns."""
    daemon.answers["profiles.create"] = profile()
    options = (
        "--unset Z --plain A=1 --config A:k=v --unset Y --secret S --plain B=2 --command C=x --secret R --plain D=1"
    )
    ccsched("profiles", "create", *options.split(), "--name", "n", stdin="s\nr\n")
    [(_, params)] = daemon.requests
    assert [each["name"] for each in params["env_vars"]] == ["Z", "A", "Y", "S", "B", "C", "R", "D"]
    assert [each["value"] for each in params["env_vars"]] == ["", "1", "", "s", "2", "x", "r", "1"]


def test_an_update_sends_what_was_given(ccsched: Ccsched, daemon: FakeDaemon) -> None:
    """An empty description is one, too; what is taken out goes by its name."""
    daemon.answers["profiles.update"] = profile()
    ccsched("profiles", "update", "p", "--name", "n", "--description", "", "--remove", "A", "--remove", "B")
    assert daemon.requests == [
        ("profiles.update", {"profile": "p", "changes": {"name": "n", "description": ""}, "remove": ["A", "B"]})
    ]


@pytest.mark.parametrize(("content", "values"), [("one\ntwo\n", ["one", "two"]), ("one\r\n two ", ["one", " two "])])
def test_secrets_come_from_standard_input(
    ccsched: Ccsched, daemon: FakeDaemon, content: str, values: list[str]
) -> None:
    """A line each, in the order of the options, as it is but for the end of the line."""
    daemon.answers["profiles.update"] = profile()
    done = ccsched("profiles", "update", "p", "--secret", "A", "--secret", "B", stdin=content)
    assert done.returncode == 0
    [(_, params)] = daemon.requests
    assert params["set"] == [variable("A", value=values[0]), variable("B", value=values[1])]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "asks for 2 values, a line of standard input each, and there are 0 lines"),
        (f"{SECRET}\n", "there is 1 line"),
        (f"{SECRET}\nb\nc\n", "there are 3 lines"),
        (f"\n{SECRET}\n", "The line of standard input for A is empty"),
    ],
    ids=["none", "too few", "too many", "empty"],
)
def test_lines_that_do_not_fit_are_refused(ccsched: Ccsched, daemon: FakeDaemon, content: str, told: str) -> None:
    """A value in the wrong variable would be worse; nothing is changed, and no line is shown."""
    done = ccsched("profiles", "update", "p", "--secret", "A", "--secret", "B", stdin=content)
    assert done.returncode == 2
    assert told in " ".join(done.stderr.split())
    assert SECRET not in done.stderr
    assert daemon.requests == []


def test_secrets_that_are_no_text_are_refused(daemon: FakeDaemon, environment: dict[str, str]) -> None:
    """Bytes are not guessed at; the place is named, and nothing of the value."""
    command = [*CCSCHED, "profiles", "update", "p", "--secret", "A"]
    done = subprocess.run(
        command, env=environment, input=b"hunter2\xff", capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert b"Standard input is not UTF-8 (byte 7)" in done.stderr
    assert b"hunter2" not in done.stderr


def test_a_secret_is_typed_unseen(environment: dict[str, str], daemon: FakeDaemon) -> None:
    """On a terminal it is asked for by its name, and not echoed."""
    daemon.answers["profiles.create"] = profile(variable("TOKEN", value="•••"))
    command = [*CCSCHED, "profiles", "create", "--name", "n", "--secret", "TOKEN"]
    with PseudoTerminal(command, environment) as terminal:
        terminal.wait_for("TOKEN: ")
        terminal.type(f"{SECRET}\n")
        assert terminal.ended() == 0
    assert SECRET not in terminal.shown
    assert daemon.requests == [("profiles.create", {"name": "n", "env_vars": [variable("TOKEN", value=SECRET)]})]


def test_a_secret_is_not_asked_for_in_vain(ccsched: Ccsched) -> None:
    """Where no daemon is, that is told first."""
    assert ccsched("profiles", "create", "--name", "n", "--secret", "A").returncode == 3


def test_only_how_a_variable_is_read_is_changed(ccsched: Ccsched, daemon: FakeDaemon) -> None:
    """The variable that is there is sent whole: with its own value, which is asked for unmasked."""
    there = variable("A", "static", SECRET, required=True)
    daemon.answers |= {"profiles.get": profile(there), "profiles.update": profile()}
    done = ccsched("profiles", "update", "p", "--config", "A:note=x", "--unset", "B", "--config", "A:plain=true")
    assert SECRET not in done.stdout
    assert daemon.requests == [
        ("profiles.get", {"profile": "p", "reveal": True}),
        (
            "profiles.update",
            {
                "profile": "p",
                "set": [
                    variable("B", "unset"),
                    variable("A", "static", SECRET, required=True, note="x", plain=True),
                ],
            },
        ),
    ]


def test_a_variable_that_is_not_there_cannot_be_read_otherwise(ccsched: Ccsched, daemon: FakeDaemon) -> None:
    """The profile's own variables are named, for one of them is meant."""
    daemon.answers["profiles.get"] = profile(variable("A"), variable("B"))
    done = ccsched("profiles", "update", "p", "--config", "C:region=x")
    assert done.returncode == 1
    assert "profile work has no such variable: it has A, B" in done.stderr
    assert [method for method, _ in daemon.requests] == ["profiles.get"]


def test_a_profile_is_shown_with_its_variables(terminal: Terminal, daemon: FakeDaemon) -> None:
    """Name, source and value; a long value is cut, and what waits for its value says so."""
    daemon.answers["profiles.get"] = profile(
        variable("TOKEN", value="•••"),
        variable("KEY", required=True),
        variable("REGION", "aws_ssm", "/p", region="eu-west-1"),
        variable("LONG", "command", "x" * 200),
    )
    _, shown = terminal("profiles", "get", "p", columns=80, NO_COLOR="1")
    lines = [line.split() for line in shown.splitlines()]
    assert ["TOKEN", "static", "•••"] in lines
    assert ["KEY", "static", "not", "filled", "in", "yet"] in lines
    assert ["REGION", "aws_ssm", "/p", "region=eu-west-1"] in lines
    [long] = [line for line in shown.splitlines() if line.startswith("LONG")]
    assert long.endswith("xxx…")
    assert len(long) <= 80
    assert "ccsched profiles update 00001000 --secret KEY" in shown


def test_what_a_profile_may_cost_is_said_and_shown(ccsched: Ccsched, daemon: FakeDaemon) -> None:
    """When it is made and later, where it can be taken away too."""
    daemon.answers |= {"profiles.create": profile(), "profiles.update": profile(max_usd_per_day=12.5)}
    ccsched("profiles", "create", "--name", "n", "--max-usd-per-day", "5")
    shown = ccsched("profiles", "update", "p", "--max-usd-per-day", "12.5", "--output", "table").stdout
    ccsched("profiles", "update", "p", "--no-max-usd-per-day")
    assert daemon.requests == [
        ("profiles.create", {"name": "n", "env_vars": [], "max_usd_per_day": 5.0}),
        ("profiles.update", {"profile": "p", "changes": {"max_usd_per_day": 12.5}}),
        ("profiles.update", {"profile": "p", "changes": {"max_usd_per_day": None}}),
    ]
    assert "spending limit  $12.50 in any 24 hours\n" in shown


@pytest.mark.parametrize("verb", ["create --name n", "update p"])
def test_a_check_is_suggested(terminal: Terminal, daemon: FakeDaemon, verb: str) -> None:
    """Whether the sources answer is best seen at once, not at night."""
    daemon.answers |= {"profiles.create": profile(), "profiles.update": profile()}
    _, shown = terminal("profiles", *verb.split(), "--unset", "A")
    assert "ccsched profiles check 00001000" in shown


def test_a_check_that_fails_exits_with_1(ccsched: Ccsched, daemon: FakeDaemon) -> None:
    """Each variable has a line; a program gets the answer whole."""
    good = {"name": "A", "source": "command", "ok": True, "problem": None}
    bad = {"name": "LONG_ONE", "source": "aws_ssm", "ok": False, "problem": "there is no\nsuch parameter"}
    daemon.answers["profiles.check"] = {"profile_id": identifier(1), "name": "work", "variables": [good, bad]}
    done = ccsched("profiles", "check", "p", "--output", "table")
    assert done.returncode == 1
    assert done.stdout == "✓ A         command\n✗ LONG_ONE  aws_ssm: there is no\\nsuch parameter\n"
    done = ccsched("profiles", "check", "p")
    assert (done.returncode, json.loads(done.stdout)) == (1, daemon.answers["profiles.check"])


@pytest.mark.parametrize("good", [[], [{"name": "A", "source": "command", "ok": True, "problem": None}]])
def test_a_check_that_succeeds_exits_with_0(ccsched: Ccsched, daemon: FakeDaemon, good: list[Message]) -> None:
    """So does that of a profile without variables."""
    daemon.answers["profiles.check"] = {"profile_id": identifier(1), "name": "work", "variables": good}
    done = ccsched("profiles", "check", "p", "--output", "table")
    assert done.returncode == 0
    assert ("has no variables" in done.stdout) is not bool(good)


def test_an_unasked_deletion_needs_force(ccsched: Ccsched, daemon: FakeDaemon) -> None:
    """Where nobody can confirm, nothing is deleted."""
    daemon.answers["profiles.get"] = profile()
    done = ccsched("profiles", "delete", "p")
    assert done.returncode == 1
    assert "Add --force" in done.stderr
    assert [method for method, _ in daemon.requests] == ["profiles.get"]


@pytest.mark.parametrize(("typed", "deleted"), [("y\n", True), ("n\n", False)])
def test_a_person_is_asked(terminal: Terminal, daemon: FakeDaemon, typed: str, deleted: bool) -> None:
    """A yes is a yes to that profile alone: no force, so one in use is still refused."""
    daemon.answers |= {
        "profiles.get": profile(variable("A")),
        "profiles.delete": {"profile_id": identifier(0x1000), "detached": []},
    }
    code, shown = terminal("profiles", "delete", "p", typed=typed)
    assert "Delete profile work with 1 variable?" in shown
    assert (code == 0) is deleted
    asked = [("profiles.delete", {"profile": identifier(0x1000)})] if deleted else []
    assert daemon.requests[1:] == asked


def test_a_profile_from_its_creation_to_its_end(at_home: House, tmp_path: Path) -> None:
    """With the real daemon: masked unless revealed, changed in place, refused while in use."""
    ccsched = at_home.ccsched
    created = answer(ccsched("profiles", "create", "--name", "w", "--secret", "A", "--unset", "B", stdin=SECRET))
    assert [each["value"] for each in created["env_vars"]] == ["•••", ""]
    updated = answer(ccsched("profiles", "update", "w", "--plain", "C=1", "--static", "A=other", "--remove", "B"))
    assert [(each["name"], each["value"]) for each in updated["env_vars"]] == [("A", "•••"), ("C", "1")]
    revealed = answer(ccsched("profiles", "get", "w", "--reveal"))
    assert [each["value"] for each in revealed["env_vars"]] == ["other", "1"]
    job = at_home.call(
        "jobs.create", name="nightly", profile=created["id"], working_directory={"path": str(tmp_path)}
    )
    refused = ccsched("profiles", "delete", created["id"])
    assert (refused.returncode, "Add --force" in refused.stderr) == (1, True)
    done = ccsched("profiles", "delete", "w", "--force", "--output", "table")
    assert done.stdout.splitlines() == [
        f"Deleted profile w ({created['id'][:8]}).",
        f"Without a profile now: job nightly ({job['id'][:8]})",
    ]
    assert created["id"] not in [each["id"] for each in answer(ccsched("profiles", "list"))["profiles"]]


def test_a_profile_in_use_is_not_deleted_by_a_yes(at_home: House, tmp_path: Path) -> None:
    """The daemon says who uses it, and how to delete it all the same."""
    created = at_home.call("profiles.create", name="w")
    at_home.call("jobs.create", name="nightly", profile="w", working_directory={"path": str(tmp_path)})
    command = [*CCSCHED, "profiles", "delete", "w"]
    with PseudoTerminal(command, {**at_home.environment, "PYTHONPATH": str(Path(__file__).parents[3])}) as terminal:
        terminal.wait_for("[y/N]: ")
        terminal.type("y\n")
        assert terminal.ended() == 1
    assert "nightly" in terminal.shown
    assert "--force" in terminal.shown
    assert at_home.call("profiles.get", profile="w") == created


def test_a_real_check_names_what_is_missing(at_home: House) -> None:
    """Without a value of its own being shown."""
    at_home.call(
        "profiles.create",
        name="w",
        env_vars=[
            {"name": "A", "source": "static", "value": SECRET},
            {"name": "B", "source": "environment", "value": "NOT_THERE"},
        ],
    )
    done = at_home.ccsched("profiles", "check", "w", "--output", "table")
    assert done.returncode == 1
    first, second = done.stdout.splitlines()
    assert first == "✓ A  static"
    assert second.startswith("✗ B  environment: ")
    assert SECRET not in done.stdout
