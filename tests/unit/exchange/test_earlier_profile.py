"""How a profile of the earlier application is said here, and which of two profiles stays."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from scheduler_daemon.exchange.earlier import Present, Takeover, migrate
from scheduler_daemon.model.enums import EnvVarSource
from scheduler_daemon.model.profile import EnvVar, Profile
from scheduler_daemon.profile.ready_made import ready_made
from scheduler_daemon.store.documents import Unacceptable
from tests.unit.exchange.samples import STAMP, WORK, earlier_job, earlier_task, line_of

OTHER = UUID("aaaaaaaa-0000-4000-8000-0000000000ff")


def given(*variables: dict[str, Any], **fields: Any) -> dict[str, Any]:
    plain = {"id": str(WORK.id), "name": "work", "created_at": STAMP, "updated_at": STAMP}
    return {**plain, "env_vars": list(variables), **fields}


def taken(folder: Path, *profiles: dict[str, Any], here: list[Profile] | None = None) -> Takeover:
    (folder / "profiles.json").write_text(json.dumps(list(profiles), indent=1))
    return migrate(folder, Present(profiles=here or []))


def notes(takeover: Takeover) -> list[tuple[str, str]]:
    return [(note.result.value, note.message) for note in takeover.lines]


KEY = {"name": "KEY", "source": "static", "value": "k"}
AWS = {"region": "eu-west-1", "profile": "prod"}
SECRETS, SSM, KEYCHAIN = EnvVarSource.AWS_SECRETS_MANAGER, EnvVarSource.AWS_SSM, EnvVarSource.KEYCHAIN


@pytest.mark.parametrize(
    ("variable", "ours", "noted"),
    [
        pytest.param(KEY, EnvVar(name="KEY", value="k"), None, id="static"),
        pytest.param(
            {**KEY, "source": "env", "value": "HOME"},
            EnvVar(name="KEY", source=EnvVarSource.ENVIRONMENT, value="HOME"),
            None,
            id="env",
        ),
        pytest.param(
            {**KEY, "source": "environment"},
            EnvVar(name="KEY", source=EnvVarSource.ENVIRONMENT, value="k"),
            None,
            id="environment",
        ),
        pytest.param(
            {**KEY, "source": "keychain", "value": "shed/me"},
            EnvVar(name="KEY", source=KEYCHAIN, value="shed/me"),
            None,
            id="keychain",
        ),
        pytest.param(
            {**KEY, "source": "keychain", "value": "shed"},
            EnvVar(name="KEY", source=KEYCHAIN, value="shed/shed"),
            "env_vars.0.value: a service alone was also the account, so it is service/account now",
            id="keychain-service-alone",
        ),
        pytest.param(
            {**KEY, "source": "keychain", "value": "shed/me/too"},
            EnvVar(name="KEY", source=KEYCHAIN, value="shed/me/too"),
            "env_vars.0.value: the account begins after the last slash here; it did so after the first",
            id="keychain-two-slashes",
        ),
        pytest.param(
            {**KEY, "source": "aws_sm", "config": AWS},
            EnvVar(name="KEY", source=SECRETS, value="k", config=AWS),
            None,
            id="aws_sm",
        ),
        pytest.param(
            {**KEY, "source": "aws_secrets_manager"},
            EnvVar(name="KEY", source=SECRETS, value="k"),
            None,
            id="aws_secrets_manager",
        ),
        pytest.param(
            {**KEY, "source": "aws_ssm", "config": {**AWS, "decrypt": True}},
            EnvVar(name="KEY", source=SSM, value="k", config=AWS),
            None,
            id="aws_ssm",
        ),
        pytest.param(
            {**KEY, "source": "aws_ssm", "config": {"decrypt": False, "region": ""}},
            EnvVar(name="KEY", source=SSM, value="k"),
            "env_vars.0.config.decrypt: a parameter is always decrypted",
            id="aws_ssm-not-decrypted",
        ),
        pytest.param(
            {**KEY, "source": "aws_sm", "config": {"stage": "AWSPREVIOUS"}},
            EnvVar(name="KEY", source=SECRETS, value="k"),
            "env_vars.0.config.stage: the source aws_secrets_manager takes no stage here",
            id="aws_sm-unknown-config",
        ),
        pytest.param(
            {**KEY, "source": "command", "value": "pass show k", "config": None},
            EnvVar(name="KEY", source=EnvVarSource.COMMAND, value="pass show k"),
            None,
            id="command",
        ),
        pytest.param(
            {"name": "KEY", "source": "unset"}, EnvVar(name="KEY", source=EnvVarSource.UNSET), None, id="unset"
        ),
        pytest.param(
            {**KEY, "config": {"note": "x"}},
            EnvVar(name="KEY", value="k"),
            "env_vars.0.config.note: the source static takes no note here",
            id="static-with-config",
        ),
        pytest.param(
            {**KEY, "hidden": True},
            EnvVar(name="KEY", value="k"),
            "env_vars.0.hidden: there is no such field here",
            id="unknown-field",
        ),
        pytest.param(
            {**KEY, "value": ""},
            None,
            "env_vars.0: KEY is empty, and an empty variable was not set",
            id="static-empty",
        ),
        pytest.param(
            {**KEY, "name": "MY-KEY"}, None, "env_vars.0: 'MY-KEY' is no name of a variable here", id="odd-name"
        ),
    ],
)
def test_variables(tmp_path: Path, variable: dict[str, Any], ours: EnvVar | None, noted: str | None) -> None:
    """Each source has its equivalent; a config key that none takes is noted, for here it would fail the run."""
    takeover = taken(tmp_path, given(variable))
    assert takeover.profiles[0].env_vars == ([ours] if ours else [])
    assert [message for _, message in notes(takeover)[1:]] == ([noted] if noted else [])


def test_of_a_variable_that_is_set_twice_the_last_counts(tmp_path: Path) -> None:
    """As it did."""
    takeover = taken(tmp_path, given(KEY, {**KEY, "value": "later"}))
    assert [variable.value for variable in takeover.profiles[0].env_vars] == ["later"]
    assert notes(takeover)[1:] == [
        ("left_out", "env_vars.0: KEY is set again further down, and that is what counted"),
    ]


def test_no_value_is_ever_noted(tmp_path: Path) -> None:
    """What is said of a profile may be shown to anybody."""
    variables = [
        {**KEY, "source": source, "name": f"K{at}", "value": "s3cr3t/s3cr3t/s3cr3t", "config": {"x": "s3cr3t"}}
        for at, source in enumerate(("static", "keychain", "aws_sm", "command"))
    ]
    takeover = taken(tmp_path, given(*variables, *variables))
    assert takeover.lines
    assert not [note for note in takeover.lines if "s3cr3t" in note.message]


def test_a_profile_keeps_its_id(tmp_path: Path) -> None:
    """So the jobs and tasks that refer to it find it."""
    (ours,) = taken(tmp_path, given(KEY, description=None)).profiles
    assert (ours.id, ours.name, ours.description, ours.created_at.year) == (WORK.id, "work", "", 2030)


@pytest.mark.parametrize(
    "here", [WORK, Profile(id=OTHER, name="work"), Profile(id=WORK.id, name="renamed")], ids=["both", "name", "id"]
)
def test_a_profile_that_is_here_stays(tmp_path: Path, here: Profile) -> None:
    """By id or by name; and what refers to the one there refers to the one here."""
    (tmp_path / "jobs.json").write_text(json.dumps([earlier_job(profile=str(WORK.id))]))
    (tmp_path / "tasks.json").write_text(json.dumps([earlier_task(profile=str(WORK.id))]))
    takeover = taken(tmp_path, given(KEY), here=[here])
    assert takeover.profiles == []
    assert (takeover.jobs[0].profile, takeover.tasks[0].profile) == (here.id, here.id)
    assert notes(takeover)[0] == ("left_out", f'profile "{here.name}" is here already, and is used in its place')


@pytest.mark.parametrize("ready", ready_made(), ids=lambda ready: ready.name)
@pytest.mark.parametrize("id_", ["same", "other"])
def test_a_ready_made_profile_is_filled_in(tmp_path: Path, ready: Profile, id_: str) -> None:
    """One that nobody has filled in here yet is of no use as it is, and the one there had the key in it."""
    theirs = given(KEY, id=str(ready.id if id_ == "same" else OTHER), name=ready.name, description="mine")
    (tmp_path / "tasks.json").write_text(json.dumps([earlier_task(profile=theirs["id"])]))
    takeover = taken(tmp_path, theirs, here=ready_made())
    (ours,) = takeover.profiles
    assert (ours.id, ours.name, ours.description) == (ready.id, ready.name, "mine")
    assert ours.env_vars == [EnvVar(name="KEY", value="k")]
    assert takeover.tasks[0].profile == ready.id
    assert notes(takeover)[0] == ("taken", f'it fills in profile "{ready.name}", which came with the daemon')


def test_a_ready_made_profile_that_was_filled_in_stays(tmp_path: Path) -> None:
    """A person has been at it here."""
    ready = ready_made()[0]
    filled = ready.model_copy(update={"env_vars": [EnvVar(name="ANTHROPIC_AUTH_TOKEN", value="mine")]})
    takeover = taken(tmp_path, given(KEY, id=str(ready.id), name=ready.name), here=[filled])
    assert takeover.profiles == []


def test_two_profiles_of_one_name_both_come(tmp_path: Path) -> None:
    """Names are unique here, so the second is called otherwise; each keeps its users."""
    (tmp_path / "tasks.json").write_text(json.dumps([earlier_task(profile=str(OTHER))]))
    takeover = taken(tmp_path, given(KEY), given(KEY, id=str(OTHER)))
    assert [profile.name for profile in takeover.profiles] == ["work", "work (aaaaaaaa)"]
    assert takeover.tasks[0].profile == OTHER
    assert ("changed", "name: another one has this name, so it is work (aaaaaaaa)") in notes(takeover)


def test_two_profiles_without_a_name_both_come(tmp_path: Path) -> None:
    """The name that they are given is one name, too."""
    takeover = taken(tmp_path, given(name=""), given(name=" ", id=str(OTHER)))
    assert [profile.name for profile in takeover.profiles] == ["Untitled Profile", "Untitled Profile (aaaaaaaa)"]


@pytest.mark.parametrize(
    ("fields", "field", "needle", "message"),
    [
        pytest.param(
            {"env_vars": [{**KEY, "source": "vault"}]}, "env_vars.0.source", '"vault"', "static", id="source"
        ),
        pytest.param(
            {"env_vars": [{"name": "K"}]}, "env_vars.0.source", "{", "this field is missing", id="no-source"
        ),
        pytest.param({"env_vars": [{**KEY, "value": 5}]}, "env_vars.0.value", '"value"', "valid string", id="value"),
        pytest.param(
            {"env_vars": [{**KEY, "value": "•••"}]},
            "env_vars.0.value",
            '"value"',
            "stands for a value that is not shown",
            id="masked",
        ),
        pytest.param({"env_vars": {}}, "env_vars", '"env_vars"', "valid array", id="not-a-list"),
        pytest.param({"updated_at": "x"}, "updated_at", '"updated_at"', "valid datetime", id="datetime"),
    ],
)
def test_what_is_broken_is_refused(
    tmp_path: Path, fields: dict[str, Any], field: str, needle: str, message: str
) -> None:
    """File, line and field are named, never a value."""
    with pytest.raises(Unacceptable) as failure:
        taken(tmp_path, given(**fields))
    error = failure.value
    content = (tmp_path / "profiles.json").read_bytes()
    line = line_of(content, needle, 2 if needle == "{" else 1)
    assert (error.file, error.line, error.field) == ("profiles.json", line, field)
    assert message in str(error)
