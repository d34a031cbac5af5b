"""The document of the data model, taken at its word: its fields, their values, and the files that hold them."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from scheduler_daemon.model import enums
from scheduler_daemon.model.job import Job, JobWorkingDirectory
from scheduler_daemon.model.profile import EnvVar, Profile
from scheduler_daemon.model.record import Record
from scheduler_daemon.model.run import Run
from scheduler_daemon.model.task import RetryConfig, ScheduleConfig, Task
from tests.acceptance.documents import read
from tests.acceptance.documents.settable import CHOICES, WAYS, options_for
from tests.support.house import BIN, STAND_IN, House, RpcFailed, git, house, repository, until

DOCUMENT = read("data-model.md")
FIELDS = {f"{model}.{row['Field']}": row for model, rows in DOCUMENT.tables.items() for row in rows}
BLOCKS = {block.heading: block.text for block in DOCUMENT.blocks}

ONE, TWO = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
A_VARIABLE = {"name": "VARIABLE", "source": "static", "value": "text", "config": {}}
AN_INSTANT = "2031-05-17T02:00:00.000000Z"
MODELS: dict[str, tuple[type[Record], dict[str, Any]]] = {
    "Job": (Job, {"name": "text", "working_directory": {"path": "/text"}}),
    "JobWorkingDirectory": (JobWorkingDirectory, {"path": "/text"}),
    "Task": (Task, {"job_id": ONE, "name": "text", "command": "text"}),
    "ScheduleConfig": (ScheduleConfig, {}),
    "RetryConfig": (RetryConfig, {}),
    "Run": (
        Run,
        {"task_id": ONE, "task_name": "text", "job_id": TWO, "job_name": "text", "scheduled_time": AN_INSTANT},
    ),
    "Profile": (Profile, {"name": "text"}),
    "EnvVar": (EnvVar, {"name": "text"}),
}
"""The models that have a table, each with what an object of it cannot be without."""

TYPES: dict[str, tuple[object, object]] = {
    "UUID": (ONE, "text"),
    "string": ("text", 7),
    "bool": (True, "perhaps"),
    "int": (3, 1.5),
    "float": (1.5, "text"),
    "datetime": (AN_INSTANT, "2031-05-17 02:00"),
    "list[UUID]": ([ONE, TWO], ["text"]),
    "list[string]": (["one", "two"], "text"),
    "dict": ({"region": "eu-central-1"}, "text"),
    "list[EnvVar]": ([A_VARIABLE], [{"value": "a variable without a name"}]),
    "JobWorkingDirectory": ({"path": "/text"}, {}),
    "ScheduleConfig": ({"type": "interval", "interval_value": 2, "interval_type": "hours"}, {"type": "interval"}),
    "RetryConfig": ({"max_retries": 2, "retry_delay": 30}, {"max_retries": "often"}),
    "NotificationConfig": ({"on_success": True, "on_failure": True}, {"on_success": "perhaps"}),
}
"""A value of each documented type, and one that is none."""

SCHEDULES: dict[str, dict[str, object]] = {
    "manual": {},
    "interval": {"interval_value": 1, "interval_type": "hours"},
    "calendar": {"cron_expression": "0 2 29 2 *"},
    "file_watch": {"watch_path": "/text"},
    "sequential": {},
}
"""What a schedule of a type cannot be without."""
SCHEDULE_WITH = {
    "interval_value": "interval",
    "interval_type": "interval",
    "cron_expression": "calendar",
    "watch_path": "file_watch",
    "watch_patterns": "file_watch",
}
"""The type of the schedules that have a field, where it is not all of them."""


def values_of(field: str) -> list[str]:
    """The values that the document lists for a field: by its type, or in so many words."""
    row = FIELDS[field]
    if row["Type"] in DOCUMENT.values:
        return DOCUMENT.values[row["Type"]]
    listed = re.fullmatch(r"(?:.*\()?(\w+(?:, \w+)+)\)?", row["Description"])
    return listed[1].split(", ") if listed else []


def object_with(field: str, value: object) -> dict[str, Any]:
    """The dict of an object whose field has the value, and which has else only what it cannot be without."""
    model, name = field.split(".")
    needed = dict(MODELS[model][1])
    if model == "ScheduleConfig":
        kind = str(value) if name == "type" else SCHEDULE_WITH.get(name, "manual")
        needed |= {"type": kind, **SCHEDULES.get(kind, {})}
    return {**needed, name: value}


def agrees(found: object, wanted: object) -> bool:
    """Whether a value is the wanted one; of an object, whether what is wanted of it is there."""
    if isinstance(wanted, Mapping):
        return isinstance(found, Mapping) and all(agrees(found.get(name), each) for name, each in wanted.items())
    return found == wanted


@pytest.mark.parametrize("field", FIELDS)
def test_a_field_has_the_documented_type(field: str) -> None:
    """The model has it, takes every value of its type, gives it back as it was, and takes no other."""
    name = field.split(".")[1]
    model, _ = MODELS[field.split(".")[0]]
    listed: list[object] = [*values_of(field)]
    good, bad = TYPES[FIELDS[field]["Type"]] if not listed else (None, "none of them")
    values = listed or [good]
    for value in values:
        assert agrees(model.from_dict(object_with(field, value)).to_dict()[name], value)
    with pytest.raises(ValidationError) as refused:
        model.from_dict(object_with(field, bad))
    assert refused.value.errors()[0]["loc"][0] == name


@pytest.mark.parametrize("model", DOCUMENT.tables)
def test_nothing_documented_is_missing_in_the_dict_of_an_object(model: str) -> None:
    """Whether or not the object was given it."""
    of, needed = MODELS[model]
    documented = {row["Field"] for row in DOCUMENT.tables[model]}
    assert documented <= of.from_dict(needed).to_dict().keys()


@pytest.mark.parametrize("name", DOCUMENT.values)
def test_a_documented_set_of_values_is_the_whole_set(name: str) -> None:
    """No value is missing, none is there besides, and where a field lists them it lists the same."""
    assert [member.value for member in getattr(enums, name)] == DOCUMENT.values[name]
    described = [row["Description"] for row in FIELDS.values() if row["Type"] == name]
    assert all(text == ", ".join(DOCUMENT.values[name]) or "," not in text for text in described)


PARTS: dict[str, tuple[str, tuple[str | int, ...]]] = {
    "Job": ("job", ()),
    "JobWorkingDirectory": ("job", ("working_directory",)),
    "Task": ("task", ()),
    "ScheduleConfig": ("task", ("schedule",)),
    "RetryConfig": ("task", ("retry",)),
    "Profile": ("profile", ()),
    "EnvVar": ("profile", ("env_vars", 0)),
}
"""The kind of object that a model is or is a part of, and where in the object it is."""
ORDERED = "Job.task_order"
"""It is set as a whole, and only to another order of the same."""
KEPT = {
    *("Job.id", "Job.status", "Job.created_at", "Job.updated_at"),
    *("Task.id", "Task.created_at", "Task.updated_at", "Task.last_run_status"),
    *("Profile.id", "Profile.created_at", "Profile.updated_at"),
}
"""The fields of what a person creates that the daemon alone sets."""


def test_every_documented_field_is_tried() -> None:
    """Each one is set by a person, or by the daemon alone; a run is a record, and nothing of it is set."""
    of_runs = {field for field in FIELDS if field.startswith("Run.")}
    assert sorted([*WAYS, ORDERED, *KEPT, *of_runs]) == sorted(FIELDS)


def kind_of(field: str) -> str:
    """The kind of object that has a field, itself or in a part of it."""
    return PARTS[field.split(".")[0]][0]


def value_of(field: str, record: Any) -> object:
    """The value of a field in the record of an object."""
    model, name = field.split(".")
    for step in (*PARTS[model][1], name):
        record = record[step]
    return record


@dataclass(frozen=True)
class Desk:
    """A daemon, and what there is in it for a person to refer to."""

    daemon: House
    words: Mapping[str, str]

    def meant(self, thing: Any) -> Any:
        """The same, with the words in braces replaced by what they stand for."""
        if isinstance(thing, str):
            return re.sub(r"\{(\w+)\}", lambda found: self.words[found[1]], thing)
        if isinstance(thing, Mapping):
            return {name: self.meant(each) for name, each in thing.items()}
        return [self.meant(each) for each in thing] if isinstance(thing, list) else thing

    def typed(self, line: str) -> Any:
        """What a command prints into a pipe; it must go well."""
        done = self.daemon.ccsched(*map(self.meant, shlex.split(line)))
        assert done.returncode == 0, (line, done.stderr)
        return json.loads(done.stdout)

    def create(self, kind: str, name: str, options: str) -> str:
        """The id of a new object, with these options and the others that it cannot be without."""
        words = shlex.split(options)
        needed = {"--name": name}
        if kind == "job":
            needed["--working-directory"] = "{repo}"
        if kind == "task":
            needed["--job"] = "{job}"
            needed["--prompt"] = "Say hello"
        if "--command" in words:
            needed.pop("--prompt", None)
        missing = [word for option, value in needed.items() if option not in words for word in (option, value)]
        identifier: str = self.typed(f"{kind}s create {shlex.join([*missing, *words])}")["id"]
        return identifier

    def demand(self, field: str, identifier: str, value: object) -> None:
        """See that ``get`` shows a field with that value, and the JSON file soon."""
        kind, wanted = kind_of(field), self.meant(value)
        file = self.daemon.home.path / f"{kind}s.json"

        def in_file() -> bool:
            records = json.loads(file.read_text())
            return any(agrees(value_of(field, each), wanted) for each in records if each["id"] == identifier)

        found = value_of(field, self.typed(f"{kind}s get {identifier}"))
        assert agrees(found, wanted), (found, wanted)
        until(in_file, f"{file} has {wanted!r} for {field}")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One daemon for many fields: each test has objects of its own in it."""
    path = tmp_path_factory.mktemp("desk")
    repo, other_repo = (repository(path / name) for name in ("repo", "other_repo"))
    for branch in ("develop", "release"):
        git(repo, "branch", branch)
    (path / "watched").mkdir()
    with house(path) as made:
        made.start()
        shortcuts = {profile["name"]: profile["id"] for profile in made.call("profiles.list")["profiles"]}
        words = {
            "repo": str(repo),
            "other_repo": str(other_repo),
            "directory": str(path / "watched"),
            "job": made.job(repo, name="job")["id"],
            "other_job": made.job(repo, name="other")["id"],
            "profile": made.call("profiles.create", name="profile")["id"],
            "zai": shortcuts["ZAI"],
            "bedrock": shortcuts["AWS Bedrock"],
        }
        yield Desk(made, words)
        assert made.end() == 0
        assert made.processes() == []


@pytest.mark.parametrize("field", WAYS)
def test_a_person_sets_a_field_and_sees_it(desk: Desk, field: str) -> None:
    """When it is created, when it is updated and over the socket; ``get`` and the file show what it is."""
    (create, created), (update, updated), (changes, changed) = WAYS[field]
    kind = kind_of(field)
    identifier = desk.create(kind, f"with {field}", create)

    def now() -> object:
        return value_of(field, desk.daemon.call(f"{kind}s.get", **{kind: identifier}))

    assert agrees(now(), desk.meant(created)), (now(), created)
    desk.typed(f"{kind}s update {identifier} {update}")
    assert agrees(now(), desk.meant(updated)), (now(), updated)
    desk.daemon.call(f"{kind}s.update", **{kind: identifier, "changes": desk.meant(changes)})
    desk.demand(field, identifier, changed)


def test_every_listed_value_is_tried() -> None:
    """Of every field that a person can set, and that has a list of its values."""
    assert {field for field in WAYS if values_of(field)} == set(CHOICES)


@pytest.mark.parametrize(("field", "value"), [(field, value) for field in CHOICES for value in values_of(field)])
def test_every_listed_value_can_be_set(desk: Desk, field: str, value: str) -> None:
    """From the command line, and ``get`` and the file show it in the document's word."""
    identifier = desk.create(kind_of(field), f"with {field} {value}", options_for(field, value))
    desk.demand(field, identifier, value)


@pytest.mark.parametrize("field", sorted(KEPT | {ORDERED}))
def test_what_the_daemon_keeps_is_not_changed_like_the_rest(desk: Desk, field: str) -> None:
    """Not even to what it is."""
    kind, name = kind_of(field), field.split(".")[1]
    identifier = desk.create(kind, f"with {field}", "")
    before = desk.daemon.call(f"{kind}s.get", **{kind: identifier})
    with pytest.raises(RpcFailed, match=rf"changes\.{name}: no such field"):
        desk.daemon.call(f"{kind}s.update", **{kind: identifier, "changes": {name: before[name]}})


def test_the_order_of_a_jobs_tasks_is_set_as_a_whole(desk: Desk) -> None:
    """From the command line and over the socket; ``get`` and the file show it."""
    job = desk.create("job", "with an order", "")
    one, two, three = (desk.create("task", name, f"--job {job}") for name in ("one", "two", "three"))
    desk.demand(ORDERED, job, [one, two, three])
    desk.typed(f"jobs set-order {job} {three} {one} {two}")
    desk.demand(ORDERED, job, [three, one, two])
    desk.daemon.call("jobs.set_order", job=job, tasks=[two, three, one])
    desk.demand(ORDERED, job, [two, three, one])


def test_a_secret_is_in_the_file_and_shown_only_when_asked_for(desk: Desk) -> None:
    """A static value, unless it is said to be plain."""
    profile = desk.create("profile", "with a secret", "--static A=a-secret")
    assert desk.typed(f"profiles get {profile}")["env_vars"][0]["value"] == "•••"
    (shown,) = desk.typed(f"profiles get {profile} --reveal")["env_vars"]
    assert shown == {**A_VARIABLE, "name": "A", "value": "a-secret"}
    file = desk.daemon.home.path / "profiles.json"
    until(
        lambda: shown in [each for record in json.loads(file.read_text()) for each in record["env_vars"]], str(file)
    )


def test_a_run_is_on_record_with_every_documented_field(desk: Desk) -> None:
    """``get`` and the file say what happened, in these names, and so do the task and the job."""
    job = desk.create("job", "with a run", "--working-directory {other_repo}")
    task = desk.create("task", "does something", f"--job {job} --command 'write a.txt: a'")
    run = desk.typed(f"tasks run {task} --wait")
    assert desk.typed(f"runs get {run['id']}") == run
    assert {row["Field"] for row in DOCUMENT.tables["Run"]} <= run.keys()
    assert (run["task_id"], run["task_name"]) == (task, "does something")
    assert (run["status"], run["exit_code"], run["errors"]) == ("success", 0, [])
    assert run["scheduled_time"] <= run["start_time"] < run["end_time"]
    whole = Run.from_dict(run)
    assert whole.start_time and whole.end_time
    # The agent's own time, by a clock that nobody sets; the run is on record as begun a moment before.
    assert 0 < run["duration"] <= (whole.end_time - whole.start_time).total_seconds() + 0.1
    assert run["output"] == "Done."
    assert run["raw_output"] in (desk.daemon.home.logs / f"run_{run['id']}.log").read_text()
    assert f'"session_id": "{run["session_id"]}"' in run["raw_output"]
    file = desk.daemon.home.path / "runs.json"
    until(lambda: run in json.loads(file.read_text()), "runs.json shows the run as it ended")
    desk.demand("Task.last_run_status", task, "success")
    desk.demand("Job.status", job, "completed")


def test_the_files_are_those_of_the_document(tmp_path: Path) -> None:
    """In ``~/.claude-scheduler`` if nothing else is said; beside them only what the daemon works with itself."""
    place, *tree = BLOCKS["Data Storage"].splitlines()
    documented, folder = set[str](), ""
    for line in tree:
        entry = re.fullmatch(r"(?P<indent> *)[├└]── (?P<name>\S+) *(?:#.*)?", line)
        assert entry, line
        if entry["name"].endswith("/"):
            folder = entry["name"]
        else:
            documented.add((folder if entry["indent"] else "") + entry["name"])
    assert place == "~/.claude-scheduler/"
    user = tmp_path / "user"
    user.mkdir()
    made = House(user / ".claude-scheduler", {"HOME": str(user)})
    made.settings(agent_command=[sys.executable, "-I", str(STAND_IN)])
    del made.environment["CCSCHED_HOME"]
    try:
        with made.log.open("wb") as log:
            made.daemon = subprocess.Popen([BIN / "ccschedd"], env=made.environment, stdout=log, stderr=log)
        until(lambda: made.ccsched("health").returncode == 0, "the client finds the daemon with no word of where")
        job = made.job(repository(tmp_path / "repo"))
        made.ended(made.call("tasks.run", task=made.task(job, "t", "Say hello")["id"]))

        def files() -> set[str]:
            found = (path.relative_to(made.home.path) for path in made.home.path.rglob("*") if not path.is_dir())
            own = r"state\.db(-\w+)?|daemon\.(lock|sock)|(live|locks|program)/.*"
            names = {re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "<uuid>", str(path)) for path in found}
            return {name for name in names if not re.fullmatch(own, name)}

        until(lambda: files() >= documented, f"all of {documented} are there")
        assert made.end() == 0
        assert files() == documented
    finally:
        made.close()


def test_the_example_of_serialization_runs_as_it_is_written() -> None:
    """Given a job, it comes to the same job."""
    job = Job.from_dict(MODELS["Job"][1])
    given = {"job": job, "Job": Job, "json": json}
    exec(BLOCKS["Serialization"], given)
    assert given["job"] == job
    assert given["job"] is not job
