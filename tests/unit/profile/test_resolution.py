"""A run's environment from each source, with real commands; no failure tells a value."""

import os
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest

from scheduler_daemon.model.enums import EnvVarSource
from scheduler_daemon.model.profile import EnvVar, Profile
from scheduler_daemon.profile import Finding, Resolved, Unresolved, examine, resolve

_PATH = {"PATH": os.environ["PATH"]}


def _variable(name: str, source: str, value: str = "", **config: Any) -> EnvVar:
    return EnvVar.model_validate({"name": name, "source": source, "value": value, "config": config})


def _profile(*variables: EnvVar) -> Profile:
    return Profile(name="work", env_vars=list(variables))


def _command(text: str, base: Mapping[str, str] = _PATH) -> Resolved:
    return resolve(_profile(_variable("TOKEN", "command", text)), base)


def _failure(*variables: EnvVar, limit: float = 60.0) -> Unresolved:
    with pytest.raises(Unresolved) as failure:
        resolve(_profile(*variables), _PATH, limit=limit)
    return failure.value


def _assert_end(pids: list[int]) -> None:
    """Each process is gone, or dead and waiting for a parent that is not ours."""
    deadline = time.monotonic() + 30
    for pid in pids:
        while psutil.pid_exists(pid):
            try:
                if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                    break
            except psutil.NoSuchProcess:
                break
            assert time.monotonic() < deadline, f"process {pid} is still there"
            time.sleep(0.01)


def test_without_variables_it_is_the_daemon_s_environment() -> None:
    """A profile without variables, or none, changes nothing, and the daemon's own environment stays as it is."""
    base = {"LANG": "C"}
    assert resolve(None, base).environment == base
    resolved = resolve(_profile(), base)
    assert resolved.environment == base
    assert resolved.environment is not base
    assert resolved.secrets == ()


def test_static_is_the_value_and_a_secret() -> None:
    """A static value is taken as it stands, over the daemon's own, and masked."""
    resolved = resolve(_profile(_variable("MODE", "static", " fast\n")), {"MODE": "slow", "LANG": "C"})
    assert resolved.environment == {"MODE": " fast\n", "LANG": "C"}
    assert resolved.secrets == (" fast\n",)


@pytest.mark.parametrize(("config", "secrets"), [({"plain": True}, ()), ({"plain": False}, ("quite-open",))])
def test_only_a_plain_static_value_is_no_secret(config: dict[str, bool], secrets: tuple[str, ...]) -> None:
    """A static value goes unmasked if its config says `"plain": true`."""
    assert resolve(_profile(_variable("MODE", "static", "quite-open", **config)), {}).secrets == secrets


def test_a_required_value_that_is_empty_fails_with_the_command_that_fills_it_in() -> None:
    """It names the profile by the first eight characters of its id, and the variable."""
    profile = _profile(_variable("TOKEN", "static", required=True))
    with pytest.raises(Unresolved) as failure:
        resolve(profile, _PATH)
    assert failure.value.failures == (
        "TOKEN (source static): it is not filled in yet; fill it in with: "
        f"ccsched profiles update {str(profile.id)[:8]} --secret TOKEN",
    )


def test_a_required_value_that_is_there_is_like_any_other() -> None:
    """Once it is filled in, it is a secret of the run."""
    resolved = resolve(_profile(_variable("TOKEN", "static", "s3cr3t", required=True)), {})
    assert resolved.environment == {"TOKEN": "s3cr3t"}
    assert resolved.secrets == ("s3cr3t",)


@pytest.mark.parametrize(
    ("source", "value", "allowed"),
    [
        ("static", "s3cr3t", "plain, required"),
        ("environment", "s3cr3t", "none"),
        ("command", "echo s3cr3t", "none"),
        ("unset", "", "none"),
        ("keychain", "s3cr3t/s3cr3t", "none"),
        ("aws_secrets_manager", "s3cr3t", "json_key, profile, region"),
        ("aws_ssm", "s3cr3t", "json_key, profile, region"),
    ],
)
def test_a_config_key_that_no_source_takes_is_named(source: str, value: str, allowed: str) -> None:
    """A typing error in a config fails with the key and those that the source takes."""
    (told,) = _failure(_variable("TOKEN", source, value, regoin="s3cr3t")).failures
    assert told == (
        f'TOKEN (source {source}): its config has the key "regoin", which this source does not take; '
        f"it takes: {allowed}"
    )


@pytest.mark.parametrize(
    ("source", "config", "cause"),
    [
        ("static", {"plain": "s3cr3t"}, "plain in its config is to be true or false"),
        ("static", {"required": 1}, "required in its config is to be true or false"),
        ("aws_ssm", {"region": 1}, "region in its config is to be a text that is not empty"),
        ("aws_secrets_manager", {"profile": ""}, "profile in its config is to be a text that is not empty"),
    ],
)
def test_a_config_value_of_another_kind_is_refused(source: str, config: dict[str, object], cause: str) -> None:
    """`"plain": "yes"` is neither taken for true nor for false."""
    (told,) = _failure(_variable("TOKEN", source, "s3cr3t", **config)).failures
    assert told == f"TOKEN (source {source}): {cause}"


def test_short_and_empty_values_are_not_masked() -> None:
    """Values under four characters are given to the run but are no secrets: to mask them would hide a log."""
    variables = [
        _variable("A", "static"),
        _variable("B", "static", "abc"),
        _variable("C", "static", "abcd"),
        _variable("D", "command", "echo xyz"),
    ]
    resolved = resolve(_profile(*variables), _PATH)
    assert resolved.environment == {**_PATH, "A": "", "B": "abc", "C": "abcd", "D": "xyz"}
    assert resolved.secrets == ("abcd",)


def test_secrets_come_once_and_the_longest_first() -> None:
    """Two variables of one value give one secret; a secret that holds another comes before it."""
    values = ["token", "token-and-more", "token"]
    resolved = resolve(_profile(*(_variable(f"V{n}", "static", value) for n, value in enumerate(values))), {})
    assert resolved.secrets == ("token-and-more", "token")


def test_environment_copies() -> None:
    """The source copies the variable its value names, or the one of its own name, from the daemon's."""
    base = {"WORK_TOKEN": "from-the-daemon", "LANG": "C"}
    variables = [_variable("TOKEN", "environment", "WORK_TOKEN"), _variable("LANG", "environment")]
    resolved = resolve(_profile(*variables), base)
    assert resolved.environment == {**base, "TOKEN": "from-the-daemon"}
    assert resolved.secrets == ()


def test_environment_reads_the_daemon_s_not_the_profile_s() -> None:
    """A copy is of the daemon's own value, even of a variable the profile sets or removes."""
    variables = [
        _variable("A", "static", "mine"),
        _variable("B", "environment", "A"),
        _variable("C", "unset"),
        _variable("D", "environment", "C"),
    ]
    assert resolve(_profile(*variables), {"A": "daemon's", "C": "there"}).environment == {
        "A": "mine",
        "B": "daemon's",
        "D": "there",
    }


def test_a_variable_that_is_not_there_fails() -> None:
    """A name the daemon's environment does not have is a failure that says where to set it."""
    failure = _failure(_variable("TOKEN", "environment"), _variable("OTHER", "environment", "sk-by-mistake"))
    assert len(failure.failures) == 2
    assert failure.failures[0].startswith("TOKEN (source environment): a variable of this name is not set")
    assert "sk-by-mistake" not in str(failure)


def test_unset_removes() -> None:
    """The variable is gone; one that was never there is no matter."""
    variables = [_variable("ANTHROPIC_API_KEY", "unset"), _variable("NEVER", "unset")]
    assert resolve(_profile(*variables), {"ANTHROPIC_API_KEY": "sk", "LANG": "C"}).environment == {"LANG": "C"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("echo a-token", "a-token"),
        ("printf 'a-token\\n\\n'", "a-token"),
        ("printf ' two\\nlines '", " two\nlines "),
        ("cat; echo no-input", "no-input"),
        ("echo noise >&2; echo grüße", "grüße"),
        ('echo "$GREETING"', "hello"),
        ("echo 'a'\"'\"'b\"c'", "a'b\"c"),
    ],
)
def test_a_command_s_output_is_the_value(text: str, value: str) -> None:
    """The value is what the shell command writes, in the daemon's environment, with no input, less last newlines."""
    resolved = _command(text, base={**_PATH, "GREETING": "hello"})
    assert resolved.environment["TOKEN"] == value
    assert resolved.secrets == ((value,) if len(value) >= 4 else ())


def test_commands_run_side_by_side(tmp_path: Path) -> None:
    """Two commands that wait for each other both end."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    variables = [
        _variable("WRITER", "command", f"echo through > '{fifo}'; echo written"),
        _variable("READER", "command", f"cat '{fifo}'"),
    ]
    environment = resolve(_profile(*variables), _PATH).environment
    assert (environment["WRITER"], environment["READER"]) == ("written", "through")


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("echo s3cr3t-out; echo s3cr3t-err >&2; exit 3 # s3cr3t-text", "exit status 3"),
        ("s3cr3t-program-that-is-not-there", "exit status 127"),
        ("echo s3cr3t-out; kill -9 $$", "signal 9"),
        ("printf 's3cr3t-\\377'", "not UTF-8"),
        ("printf 's3cr3t-\\000'", "zero character"),
        ("echo s3cr3t-out; sleep 600", "longer than 2 s"),
        ("yes s3cr3t-out", "more than 128 KiB"),
        ("head -c 131070 /dev/zero | tr '\\0' s; exit 0 # s3cr3t", "longer than the 128 KiB"),
        ("echo s3cr3t-\0", "no command can hold"),
        ("echo s3cr3t-\ud800", "no command can hold"),
        (" \n", "there is no command"),
    ],
)
def test_a_failing_command_is_told_without_its_words(text: str, cause: str) -> None:
    """The failure names variable, source and cause; neither the command nor its output is in it or behind it."""
    failure = _failure(_variable("TOKEN", "command", text), limit=2.0 if "sleep" in text else 60.0)
    (told,) = failure.failures
    assert told.startswith("TOKEN (source command): ")
    assert cause in told
    everything = told + str(failure) + repr(failure) + "".join(traceback.format_exception(failure))
    assert "s3cr3t" not in everything


def test_a_time_out_leaves_no_process(tmp_path: Path) -> None:
    """The whole process group ends with the time-out: the shell, what it waits for, what it left behind."""
    pids = tmp_path / "pids"
    text = f"echo $$ > '{pids}'; sleep 600 & echo $! >> '{pids}'; (sleep 600 & echo $! >> '{pids}'; wait); echo late"
    failure = _failure(_variable("TOKEN", "command", text), limit=3.0)
    assert "longer than 3 s" in failure.failures[0]
    written = [int(line) for line in pids.read_text().split()]
    assert len(written) == 3
    _assert_end(written)


def test_a_background_process_that_keeps_the_output_open_is_ended(tmp_path: Path) -> None:
    """A shell that is done does not save what holds its output: the value would never be whole."""
    pids = tmp_path / "pids"
    failure = _failure(_variable("TOKEN", "command", f"sleep 600 & echo $! > '{pids}'; echo value"), limit=2.0)
    assert "longer than 2 s" in failure.failures[0]
    _assert_end([int(pids.read_text())])


def test_a_command_that_closes_its_output_and_stays_is_ended(tmp_path: Path) -> None:
    """The time limit holds for the command's end, not only for its output."""
    pids = tmp_path / "pids"
    text = f"echo $$ > '{pids}'; echo value; exec >&-; sleep 600; true"
    failure = _failure(_variable("TOKEN", "command", text), limit=2.0)
    assert "longer than 2 s" in failure.failures[0]
    _assert_end([int(pids.read_text())])


def test_endless_output_is_cut_off(tmp_path: Path) -> None:
    """A command that never stops writing is ended long before its time limit, and held in little memory."""
    pids = tmp_path / "pids"
    failure = _failure(_variable("TOKEN", "command", f"echo $$ > '{pids}'; yes"), limit=250.0)
    assert "more than 128 KiB" in failure.failures[0]
    _assert_end([int(pids.read_text())])


@pytest.mark.parametrize(
    ("value", "cause"),
    [
        ("s3cr3t\0", "zero character"),
        ("s3cr3t\ud800", "a character that is none"),
        ("s3cr3t" * 22_000, "longer than the 128 KiB"),
    ],
)
def test_a_value_no_process_can_be_given_fails(value: str, cause: str) -> None:
    """What could not be handed over when the run starts is refused by name before it."""
    failure = _failure(_variable("TOKEN", "static", value))
    assert cause in failure.failures[0]
    assert "s3cr3t" not in "".join(traceback.format_exception(failure))


def test_the_longest_value_can_be_handed_over() -> None:
    """A value that is let through is one that a process really takes."""
    value = "x" * (128 * 1024 - len("TOKEN=") - 1)
    resolved = resolve(_profile(_variable("TOKEN", "static", value), _variable("LENGTH", "static", "1")), _PATH)
    length = _command('printf %s "${#TOKEN}"', resolved.environment).environment["TOKEN"]
    assert int(length) == len(value)


def test_every_failure_is_told() -> None:
    """All the variables that failed are named at once, in the profile's order."""
    failure = _failure(
        _variable("A", "command", "exit 1"),
        _variable("B", "static", "fine"),
        _variable("C", "environment", "NOT_THERE"),
        _variable("D", "command", "exit 2"),
    )
    assert [told.split()[0] for told in failure.failures] == ["A", "C", "D"]


def test_a_resolved_environment_does_not_print_itself() -> None:
    """The result's text form, which a log or a debugger may show, holds no value."""
    assert "s3cr3t" not in repr(resolve(_profile(_variable("TOKEN", "static", "s3cr3t")), {"OTHER": "s3cr3t"}))


def test_an_examination_finds_what_a_run_would_and_shows_no_value() -> None:
    """Each variable is in it, in the profile's order, with the reason why it has no value, if it has none."""
    findings = examine(
        _profile(
            _variable("A", "command", "echo s3cr3t; exit 3"),
            _variable("B", "static", "s3cr3t"),
            _variable("C", "keychain", "s3cr3t"),
            _variable("D", "unset"),
        ),
        _PATH,
    )
    assert findings == [
        Finding("A", EnvVarSource.COMMAND, "the command ended with exit status 3; run it in a terminal to see why"),
        Finding("B", EnvVarSource.STATIC, None),
        Finding("C", EnvVarSource.KEYCHAIN, 'its value is not of the form "service/account"'),
        Finding("D", EnvVarSource.UNSET, None),
    ]
    assert "s3cr3t" not in repr(findings)
