"""The document of the command line, taken at its word: its commands, its defaults, and every example in it."""

import json
import os
import pty
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.documents import Block, read
from tests.support.house import BIN, PATIENCE, House, RpcFailed, git, house, repository, until
from tests.support.needed import need

DOCUMENT = read("cli-workflow.md")
BLOCKS = [block for block in DOCUMENT.blocks if block.language == "bash"]
OVERVIEW = [
    row["Command"] for part in ("Jobs", "Tasks", "Runs", "Profiles", "Utility") for row in DOCUMENT.tables[part]
]
SHORTCUTS = {row["Shortcut"]: row for row in DOCUMENT.tables["Profile Shortcuts"]}
ZAI, BEDROCK = SHORTCUTS["--zai"]["UUID"], SHORTCUTS["--bedrock"]["UUID"]
PROGRAM = "claude-code-scheduler cli "

PLACEHOLDER = re.compile(r"<[a-z][a-z -]*>|(?<=\s)\.\.\.(?=\s|$)")
CHOSEN = {
    # What the person calls the feature, the repository and the issue: the document leaves it open.
    "<name>": "search",
    "<repo>": "my-app",
    "<issue>": "login-loop",
    "<issue description>": "the loop after a login",
    # The shortcut's examples leave out the options that every task needs, and that are not what they show.
    "...": "--name shortcut --prompt 'Say hello' --job <job-id>",
}
OF_THE_DIRECTORY = {"use_worktree": "use_git_worktree", "worktree_branch": "worktree_branch"}
"""The fields of the table of a job's defaults that are fields of its working directory, by their names there."""


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[House]:
    """A house whose daemon runs, with the stand-in for the agent; no process of it is left in the end."""
    with house(tmp_path) as made:
        made.start()
        yield made
        assert made.end() == 0
        assert made.processes() == []


@pytest.fixture
def jq() -> None:
    """The program that the examples pipe what is printed to."""
    need("jq")


class Person:
    """Somebody at a terminal who types what the document says, and uses the ids that are printed."""

    def __init__(self, daemon: House) -> None:
        self.daemon = daemon
        self.directory = Path(daemon.environment["HOME"])
        self.app = repository(self.directory / "projects" / "my-app")
        self.ids: dict[str, str] = {}
        self.answer = ""
        self.commands: list[str] = []
        self.printed: list[str] = []
        self.said: list[Any] = []

    def work_through(self, block: Block) -> None:
        """Type a block's commands one after the other: an id that one of them prints is used in the next."""
        self.printed, self.said = [], []
        for command in block.text.split("\n\n"):
            self.commands.append(command)
            self._keep(self.type(self._filled_in(command)))

    def type(self, command: str) -> str:
        """What a command prints; it must go well."""
        terminal, keyboard = pty.openpty()
        try:
            os.write(terminal, self.answer.encode())
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", command],
                cwd=self.directory,
                env={**self.daemon.environment, "PATH": f"{BIN}:{self.daemon.environment['PATH']}"},
                stdin=keyboard,
                capture_output=True,
                text=True,
                timeout=PATIENCE,
            )
        finally:
            os.close(keyboard)
            os.close(terminal)
        assert done.returncode == 0, f"exit status {done.returncode} of\n{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def job(self, name: str) -> dict[str, Any]:
        """A job of that name, as it is now; of two, the older one."""
        return next(job for job in self.daemon.call("jobs.list")["jobs"] if job["name"] == name)

    def tasks(self, job: dict[str, Any]) -> list[dict[str, Any]]:
        """A job's tasks, in its order."""
        tasks: list[dict[str, Any]] = self.daemon.call("jobs.tasks", job=job["id"])
        return tasks

    def task(self, name: str) -> dict[str, Any]:
        """The task of that name, as it is now."""
        task: dict[str, Any] = self.daemon.call("tasks.get", task=name)
        return task

    def _filled_in(self, command: str) -> str:
        while found := PLACEHOLDER.search(command):
            filling = {**CHOSEN, **self.ids}.get(found[0])
            assert filling, f"nothing says what is to stand for {found[0]} in\n{command}"
            command = command[: found.start()] + filling + command[found.end() :]
        return command

    def _keep(self, printed: str) -> None:
        self.printed.append(printed)
        rest = printed.strip()
        while rest.startswith(("{", "[")):
            said, end = json.JSONDecoder().raw_decode(rest)
            self.said.append(said)
            self._note_ids(said)
            rest = rest[end:].lstrip()

    def _note_ids(self, said: Any) -> None:
        """The newest job and task there are, and of the runs that are listed the one that can be stopped."""
        if "task_order" in said:
            self.ids["<job-id>"] = said["id"]
        elif "command" in said:
            self.ids["<task-id>"] = said["id"]
        elif isinstance(said, dict) and isinstance(said.get("runs"), list):
            running = [run["id"] for run in said["runs"] if run["status"] == "running"]
            self.ids.update({"<run-id>": running[0]} if running else {})


@contextmanager
def shortcuts(person: Person) -> Iterator[None]:
    """The long and the short way to name a profile come to the same."""
    job = person.daemon.job(person.directory, name="shortcuts")
    person.ids["<job-id>"] = job["id"]  # the section stands before the one that creates the first job
    yield
    assert [task["profile"] for task in person.tasks(job)] == [ZAI, ZAI]


@contextmanager
def basic_workflow(person: Person) -> Iterator[None]:
    """A job with its worktree and three tasks in order, which run once the key is filled in that they need."""
    yield
    job = person.job("feature-auth")
    assert job["working_directory"] == {
        "path": str(person.app),
        "use_git_worktree": True,
        "worktree_name": "feature-auth",
        "worktree_branch": "main",
    }
    assert [(task["name"], task["command"], task["profile"]) for task in person.tasks(job)] == [
        ("implement-login", "Implement user login with JWT authentication", ZAI),
        ("add-tests", "Add unit tests for the login functionality", ZAI),
        ("run-pipeline", "Run make pipeline and fix any issues", ZAI),
    ]
    started = person.said[-1]["runs"]
    assert [run["task_name"] for run in started] == ["implement-login", "add-tests", "run-pipeline"]
    runs = [person.daemon.ended(run) for run in started]
    assert [(run["status"], run["outcome"]) for run in runs] == [
        ("failed", "not_started"),
        ("cancelled", "not_started"),
        ("cancelled", "not_started"),
    ]
    filling = re.search(r"ccsched profiles update 5270805b --secret ANTHROPIC_AUTH_TOKEN$", runs[0]["errors"][-1])
    assert filling, runs[0]["errors"]
    person.type(f"echo a-key-of-this-person | {filling[0]}")
    person.type(f"{PROGRAM}jobs run feature-auth --wait")
    assert git(person.app, "log", "--reverse", "--format=%s", "main..feature-auth").splitlines() == [
        "task: implement-login",
        "task: add-tests",
        "task: run-pipeline",
    ]


@contextmanager
def quick_task_creation(person: Person) -> Iterator[None]:
    """Two more tasks at the end of the job, each with the profile of its shortcut."""
    before = person.job("feature-auth")["task_order"]
    yield
    job = person.job("feature-auth")
    assert job["task_order"][:3] == before
    assert [(task["name"], task["command"], task["profile"]) for task in person.tasks(job)[3:]] == [
        ("code-review", "Review code for security issues", ZAI),
        ("refactor", "Refactor the database module", BEDROCK),
    ]


@contextmanager
def update_task_prompt(person: Person) -> Iterator[None]:
    """The task has the new prompt, and nothing else of it changes."""
    before = person.task("code-review")
    person.ids["<task-id>"] = before["id"]  # what the new prompt says is more of what this task was to do
    yield
    after = person.task("code-review")
    assert after["command"] == "Review code for security issues and performance bottlenecks"
    unchanged = before.keys() - {"command", "updated_at"}
    assert {name: after[name] for name in unchanged} == {name: before[name] for name in unchanged}


@contextmanager
def manage_task_state(person: Person) -> Iterator[None]:
    """A task is disabled, enabled, and, when the person has confirmed it, gone, from its job's order too."""
    task = person.task("code-review")
    person.ids["<task-id>"] = task["id"]  # any task will do; the next section is to export those that run
    person.answer = "y\n"
    order = person.job("feature-auth")["task_order"]
    yield
    person.answer = ""
    disabled, enabled, _ = person.said
    assert (disabled["id"], disabled["enabled"]) == (task["id"], False)
    assert (enabled["id"], enabled["enabled"]) == (task["id"], True)
    with pytest.raises(RpcFailed, match="no task has the id"):
        person.task(task["id"])
    assert person.job("feature-auth")["task_order"] == [each for each in order if each != task["id"]]


@contextmanager
def export_and_import(person: Person) -> Iterator[None]:
    """The file is there, and what was imported from it is the same under other ids."""
    job = person.job("feature-auth")
    tasks = person.tasks(job)
    yield
    exported = json.loads((person.directory / "my-job.json").read_text())
    assert [each["id"] for each in exported["jobs"]] == [job["id"]]
    assert [each["id"] for each in exported["tasks"]] == job["task_order"]
    (imported,) = person.said[-1]["jobs"]
    assert imported == person.daemon.call("jobs.get", job=imported["id"])
    assert (imported["name"], imported["working_directory"]) == (job["name"], job["working_directory"])
    own = ("id", "job_id", "created_at", "updated_at", "last_run_status")
    copies = person.tasks(imported)
    assert [{**copy, **{name: task[name] for name in own}} for copy, task in zip(copies, tasks, strict=True)] == tasks
    assert {copy["job_id"] for copy in copies} == {imported["id"]}
    ids = {each["id"] for each in (job, imported, *tasks, *copies)}
    assert len(ids) == 2 + 2 * len(tasks)


@contextmanager
def monitor_runs(person: Person) -> Iterator[None]:
    """The run is listed, shown and stopped, and no process of it is left."""
    job = person.daemon.job(person.app, name="watch")
    # No task of the document runs as long as it takes to stop it.
    run = person.daemon.call("tasks.run", task=person.daemon.task(job, "long", "bash sleep 60")["id"])
    until(person.daemon.claim(run).exists, "the agent is started")
    yield
    listed, got, stopped = person.said
    assert listed["runs"][0]["id"] == got["id"] == stopped["id"] == run["id"]
    assert got["status"] == "running"
    assert (stopped["status"], stopped["outcome"]) == ("cancelled", "stopped")
    assert len(person.daemon.processes()) == 1


@contextmanager
def cleanup(person: Person) -> Iterator[None]:
    """The one job goes with its tasks, runs and logs, and then all others do."""
    job = person.job("feature-auth")
    assert person.ids["<job-id>"] == job["id"]
    others = [each["id"] for each in person.daemon.call("jobs.list")["jobs"] if each["id"] != job["id"]]
    assert len(others) == 3, "shortcuts, watch and the imported job"
    yield
    assert [each["job_id"] for each in person.said] == [job["id"], *others]
    assert (person.said[0]["tasks"], person.said[0]["runs"]) == (4, 6)
    for noun in ("jobs", "tasks", "runs"):
        assert person.daemon.call(f"{noun}.list") == {noun: []}
    assert list(person.daemon.home.logs.iterdir()) == []


@contextmanager
def feature_development(person: Person) -> Iterator[None]:
    """A job that is to work in a worktree from main, and no task yet."""
    yield
    job = person.job("feature-search")
    assert job["working_directory"] == {
        "path": str(person.app),
        "use_git_worktree": True,
        "worktree_name": "feature-search",
        "worktree_branch": "main",
    }
    assert job["task_order"] == []


@contextmanager
def bug_fix(person: Person) -> Iterator[None]:
    """A job that works in the repository itself, with one task."""
    yield
    job = person.job("fix-login-loop")
    assert job["working_directory"]["path"] == str(person.app)
    assert job["working_directory"]["use_git_worktree"] is False
    assert [(task["name"], task["command"], task["profile"]) for task in person.tasks(job)] == [
        ("fix-and-test", "Fix the loop after a login. Run tests to verify.", ZAI)
    ]


@contextmanager
def batch_operations(person: Person) -> Iterator[None]:
    """The ids of a job's tasks in their order, a line each; and each of the tasks is disabled."""
    job = person.job("fix-login-loop")
    assert person.ids["<job-id>"] == job["id"]
    person.daemon.task(job, "one more", "Say hello")
    tasks = person.tasks(job)
    yield
    assert person.printed[0].splitlines() == [task["id"] for task in tasks]
    assert [task["id"] for task in person.said] == [task["id"] for task in tasks]
    assert [task["enabled"] for task in person.tasks(job)] == [False, False]


SCENES: dict[str, Callable[[Person], AbstractContextManager[None]]] = {
    "Profile Shortcuts": shortcuts,
    "1. Basic Workflow: Create Job with Tasks": basic_workflow,
    "2. Quick Task Creation": quick_task_creation,
    "3. Update Task Prompt": update_task_prompt,
    "4. Manage Task State": manage_task_state,
    "5. Export/Import Jobs": export_and_import,
    "6. Monitor Runs": monitor_runs,
    "7. Cleanup": cleanup,
    "Pattern 1: Feature Development Job": feature_development,
    "Pattern 2: Bug Fix Job": bug_fix,
    "Pattern 3: Batch Operations": batch_operations,
}
"""What is there before a block is typed, and what has come of it after, by the heading it stands under."""


@pytest.mark.usefixtures("jq")
def test_every_example_does_what_it_is_for(daemon: House) -> None:
    """One person types them all, from the first to the last, for each builds on those before it."""
    person = Person(daemon)
    for block in BLOCKS:
        with SCENES[block.heading](person):
            person.work_through(block)
    assert "\n\n".join(person.commands) == "\n\n".join(block.text for block in BLOCKS)


def test_no_example_is_passed_over() -> None:
    """As many blocks, and commands in them, as a plain count of the document's text has."""
    assert [block.heading for block in BLOCKS] == list(SCENES)
    assert len(BLOCKS) == DOCUMENT.text.count("```bash\n") == DOCUMENT.text.count("```") / 2
    assert sum(block.text.count(PROGRAM) for block in BLOCKS) == DOCUMENT.text.count(PROGRAM)


@pytest.mark.parametrize("program", ["ccsched", "claude-code-scheduler cli"], ids=["short", "long"])
@pytest.mark.parametrize("row", OVERVIEW, ids=lambda row: re.sub(r" <.*", "", row).replace(" ", "-"))
def test_every_command_of_the_overview_is_there(row: str, program: str) -> None:
    """Under both names, with an argument where the document has one, and with help that needs no daemon."""
    command, _, argument = row.partition(" <")
    name, *words = f"{program} {command}".split()
    done = subprocess.run([BIN / name, *words, "--help"], capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stderr) == (0, "")
    usage = done.stdout.splitlines()[0]
    wanted = rf"Usage: {program} {command} \[OPTIONS\]" + (r" \[?[A-Z]+.*" if argument else "")
    assert re.fullmatch(wanted, usage), usage


def test_a_task_has_the_documented_defaults(daemon: House, tmp_path: Path) -> None:
    """One that is created with nothing but what every task needs."""
    daemon.job(tmp_path)
    done = daemon.ccsched("tasks", "create", "--job", "job", "--name", "t", "--prompt", "Say hello")
    task = json.loads(done.stdout)
    rows = DOCUMENT.tables["Task Defaults"]
    assert {row["Field"]: task[row["Field"]] for row in rows} == {row["Field"]: default_of(row) for row in rows}


def test_a_job_has_the_documented_defaults(daemon: House, tmp_path: Path) -> None:
    """One that is created with nothing but what every job needs."""
    job = json.loads(daemon.ccsched("jobs", "create", "--name", "j", "--working-directory", tmp_path).stdout)
    flat = {**job, **{name: job["working_directory"][own] for name, own in OF_THE_DIRECTORY.items()}}
    rows = DOCUMENT.tables["Job Defaults"]
    assert {row["Field"]: flat[row["Field"]] for row in rows} == {row["Field"]: default_of(row) for row in rows}


def default_of(row: dict[str, str]) -> object:
    """The value that the table's text means."""
    return {"true": True, "false": False}.get(row["Default"], row["Default"])


@pytest.mark.parametrize("shortcut", SHORTCUTS)
def test_a_shortcut_is_a_profile_that_is_there_from_the_first_start(
    daemon: House, tmp_path: Path, shortcut: str
) -> None:
    """Under the id that the document gives, for tasks and jobs alike."""
    row = SHORTCUTS[shortcut]
    profile = json.loads(daemon.ccsched("profiles", "get", row["UUID"]).stdout)
    assert profile["id"] == row["UUID"]
    assert row["Profile"].startswith(profile["name"])
    create = ("jobs", "create", "--name", "j", "--working-directory", tmp_path, shortcut)
    job = json.loads(daemon.ccsched(*create).stdout)
    assert job["profile"] == row["UUID"]
    done = daemon.ccsched("tasks", "create", "--job", "j", "--name", "t", "--prompt", "Say hello", shortcut)
    assert json.loads(done.stdout)["profile"] == row["UUID"]
