"""Jobs that become files and files that become jobs: what is asked, written and shown."""

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.cli import objects
from tests.integration.cli.conftest import Completed
from tests.integration.cli.fake_daemon import Failure, FakeDaemon, Message

Ccsched = Callable[..., Completed]
Terminal = Callable[..., tuple[int, str]]

DOCUMENT: Message = {
    "version": "2.0",
    "exported_at": "2026-11-20T01:00:00.000000Z",
    "exported_by": "ccsched 0.1",
    "jobs": [objects.job(name="größer 🎉 \udcff")],
    "tasks": [objects.task(), objects.task(0x11)],
    "profiles": [],
}


def files(folder: Path) -> set[str]:
    """What is in a test's folder beside the daemon's home."""
    return {each.name for each in folder.iterdir()} - {"home"}


@pytest.fixture
def exports(daemon: FakeDaemon) -> FakeDaemon:
    """A daemon that exports one job with two tasks."""
    daemon.answers["jobs.export"] = DOCUMENT
    return daemon


@pytest.mark.parametrize("arguments", [[], ["-o", "-"], ["--output", "table"]], ids=["plain", "dash", "table"])
def test_an_export_without_a_file_is_the_document(
    ccsched: Ccsched, exports: FakeDaemon, arguments: list[str]
) -> None:
    """On standard output, as the daemon gives it."""
    assert json.loads(ccsched("jobs", "export", "abcd", *arguments).stdout) == DOCUMENT


def test_an_export_is_written_to_a_file(ccsched: Ccsched, exports: FakeDaemon, tmp_path: Path) -> None:
    """As the daemon gives it, for its owner's eyes; a program is told where and how much."""
    done = ccsched("jobs", "export", "abcd", "-o", "my job.json", cwd=tmp_path)
    file = tmp_path / "my job.json"
    assert json.loads(file.read_bytes()) == DOCUMENT
    assert "größer 🎉" in file.read_text(encoding="utf-8")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(done.stdout) == {"file": str(file), "jobs": 1, "tasks": 2}
    assert files(tmp_path) == {"my job.json"}


def test_a_person_is_told_what_was_exported(terminal: Terminal, exports: FakeDaemon, tmp_path: Path) -> None:
    """How much, and where it is."""
    code, shown = terminal("jobs", "export", "--all", "-o", str(tmp_path / "x.json"), columns=200)
    assert (code, shown) == (0, f"Exported 1 job with 2 tasks to {tmp_path}/x.json\n")


def test_an_export_does_not_overwrite_a_file_unasked(ccsched: Ccsched, exports: FakeDaemon, tmp_path: Path) -> None:
    """The daemon is not even asked; with --force the file is replaced."""
    file = tmp_path / "x.json"
    file.write_text("mine")
    done = ccsched("jobs", "export", "abcd", "-o", str(file))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"Error: {file} exists and is no export; add --force to overwrite it.\n"
    assert file.read_text() == "mine"
    assert exports.requests == []
    assert ccsched("jobs", "export", "abcd", "-o", str(file), "--force").returncode == 0
    assert json.loads(file.read_bytes()) == DOCUMENT


def test_an_older_export_is_overwritten(ccsched: Ccsched, exports: FakeDaemon, tmp_path: Path) -> None:
    """The same command can be given again."""
    file = tmp_path / "x.json"
    file.write_text(json.dumps({"version": "2.0", "jobs": [], "tasks": []}))
    assert ccsched("jobs", "export", "abcd", "-o", str(file)).returncode == 0
    assert json.loads(file.read_bytes()) == DOCUMENT


def test_a_file_that_appears_meanwhile_is_not_overwritten(
    ccsched: Ccsched, exports: FakeDaemon, tmp_path: Path
) -> None:
    """Whoever was first keeps it; nothing is left beside it."""
    file = tmp_path / "x.json"

    def appear(_params: Message) -> Message:
        file.write_text("another's")
        return DOCUMENT

    exports.answers["jobs.export"] = appear
    done = ccsched("jobs", "export", "abcd", "-o", str(file))
    assert done.returncode == 1
    assert "exists and is no export" in done.stderr
    assert file.read_text() == "another's"
    assert files(tmp_path) == {"x.json"}


def test_a_symbolic_link_stays_one(ccsched: Ccsched, exports: FakeDaemon, tmp_path: Path) -> None:
    """With --force what it leads to is replaced; without, it is in the way, even if it leads nowhere."""
    (tmp_path / "link").symlink_to("real")
    assert "exists and is no export" in ccsched("jobs", "export", "abcd", "-o", str(tmp_path / "link")).stderr
    assert ccsched("jobs", "export", "abcd", "-o", str(tmp_path / "link"), "-f").returncode == 0
    assert (tmp_path / "link").is_symlink()
    assert json.loads((tmp_path / "real").read_bytes()) == DOCUMENT


@pytest.mark.parametrize(
    ("file", "told"),
    [
        ("pipe", "pipe is not a file; leave out -o"),
        ("home", "home is a directory; name a file in it"),
        ("nowhere/x.json", "nowhere/x.json cannot be written: No such file or directory"),
        ("home/daemon.sock/x.json", "x.json cannot be written: Not a directory"),
    ],
    ids=["pipe", "directory", "nowhere", "no directory"],
)
def test_a_place_that_is_no_place_for_a_file_is_refused(
    ccsched: Ccsched, exports: FakeDaemon, tmp_path: Path, file: str, told: str
) -> None:
    """Whatever --force says: a pipe or a device is not replaced by a file."""
    os.mkfifo(tmp_path / "pipe")
    done = ccsched("jobs", "export", "abcd", "-o", file, "--force", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert told in done.stderr
    assert (tmp_path / "pipe").is_fifo()


def test_a_refused_export_leaves_no_file(ccsched: Ccsched, daemon: FakeDaemon, tmp_path: Path) -> None:
    """Neither whole nor in part."""
    daemon.answers["jobs.export"] = Failure(-32001, "no job has that id")
    assert ccsched("jobs", "export", "abcd", "-o", str(tmp_path / "x.json")).returncode == 1
    assert files(tmp_path) == set()


MADE: Message = {
    "dry_run": False,
    "jobs": [objects.job(), objects.job(2, name="other")],
    "tasks": [
        objects.task(0x11, job_id=objects.identifier(2)),
        objects.task(schedule={"type": "calendar", "cron_expression": "0 2 * * *"}),
    ],
    "notes": ["the session of task 'x' is left out\x1b[2J"],
}


def test_an_import_sends_what_the_file_holds(ccsched: Ccsched, daemon: FakeDaemon, tmp_path: Path) -> None:
    """As text, with the name a refusal can name; a program gets the daemon's answer."""
    daemon.answers["jobs.import"] = MADE
    (tmp_path / "x.json").write_bytes(b'\xef\xbb\xbf{"version": "\xc3\xbc"}')
    done = ccsched("jobs", "import", "x.json", cwd=tmp_path)
    assert json.loads(done.stdout) == MADE
    assert daemon.requests == [("jobs.import", {"content": '{"version": "ü"}', "file": "x.json"})]


def test_an_import_reads_standard_input(ccsched: Ccsched, daemon: FakeDaemon, tmp_path: Path) -> None:
    """And sends a directory absolute, as when a job is created."""
    daemon.answers["jobs.import"] = MADE
    ccsched("jobs", "import", "-", "--dry-run", "--working-directory", "app", stdin="{}", cwd=tmp_path)
    sent = {"content": "{}", "file": "standard input", "dry_run": True, "working_directory": f"{tmp_path}/app"}
    assert daemon.requests == [("jobs.import", sent)]


def test_an_import_that_is_no_text_is_told_by_its_line(ccsched: Ccsched, daemon: FakeDaemon, tmp_path: Path) -> None:
    """Nothing is guessed at, and the daemon is not asked."""
    (tmp_path / "x.json").write_bytes(b'{\n"a": "\xff"}')
    done = ccsched("jobs", "import", "x.json", cwd=tmp_path)
    assert done.returncode == 2
    assert "x.json, line 2: this is not UTF-8" in done.stderr
    assert daemon.requests == []


def test_a_refused_import_says_where(ccsched: Ccsched, daemon: FakeDaemon) -> None:
    """File, line and field are in the daemon's words."""
    daemon.answers["jobs.import"] = Failure(-32602, "standard input, line 3, jobs.0.name: must be given")
    done = ccsched("jobs", "import", "-", stdin="{}")
    assert (done.returncode, done.stdout) == (1, "")
    assert "standard input, line 3, jobs.0.name: must be given" in done.stderr


def test_an_import_shows_the_jobs_with_their_tasks(terminal: Terminal, daemon: FakeDaemon, tmp_path: Path) -> None:
    """Each task below its job, then the notes, then how much it was."""
    daemon.answers["jobs.import"] = MADE
    (tmp_path / "x.json").write_text("{}")
    _, shown = terminal("jobs", "import", str(tmp_path / "x.json"), NO_COLOR="1")
    assert [line.split() for line in shown.splitlines()[:5]] == [
        ["ID", "JOB,", "TASK", "DIRECTORY,", "SCHEDULE"],
        ["00000001", "feature-auth", "/srv/app"],
        ["00000010", "add-tests", "0", "2", "*", "*", "*"],
        ["00000002", "other", "/srv/app"],
        ["00000011", "add-tests", "manual"],
    ]
    assert "Note: the session of task 'x' is left out\nMade 2 jobs with 2 tasks.\n" in shown
    assert "ccsched jobs get 00000001" in shown


def test_a_dry_import_shows_no_ids(terminal: Terminal, daemon: FakeDaemon, tmp_path: Path) -> None:
    """For nothing has them; it says that nothing was made."""
    daemon.answers["jobs.import"] = {**MADE, "dry_run": True}
    (tmp_path / "x.json").write_text("{}")
    _, shown = terminal("jobs", "import", str(tmp_path / "x.json"), "--dry-run", NO_COLOR="1")
    assert "00000001" not in shown
    assert shown.endswith("It would make 2 jobs with 2 tasks. Nothing was made: this was a dry run.\n")


MIGRATED: Message = {
    "dry_run": False,
    "lines": [
        {"file": "jobs.json", "line": 2, "object": 'job "nightly"', "result": "taken", "message": ""},
        {"file": "tasks.json", "line": 7, "object": 'task "a\nb"', "result": "changed", "message": "fork is new"},
        {"file": "settings.json", "line": None, "object": "settings", "result": "left_out", "message": "no theme"},
    ],
    "created": {"jobs": 1, "tasks": 2, "runs": 0, "profiles": 3},
}


def test_a_migration_has_a_line_for_each_thing(ccsched: Ccsched, daemon: FakeDaemon) -> None:
    """What became of it, what it is, where it was, and why; then the counts."""
    daemon.answers["daemon.migrate"] = MIGRATED
    assert ccsched("migrate", "/srv/old", "--output", "table").stdout.splitlines() == [
        'taken     job "nightly" (jobs.json, line 2)',
        'changed   task "a\\nb" (tasks.json, line 7): fork is new',
        "left out  settings (settings.json): no theme",
        "Took over 1 job, 2 tasks, 0 runs and 3 profiles.",
    ]
    daemon.answers["daemon.migrate"] = {**MIGRATED, "dry_run": True, "lines": []}
    assert ccsched("migrate", "/srv/old", "--dry-run", "--output", "table").stdout == (
        "It would take over 1 job, 2 tasks, 0 runs and 3 profiles. Nothing was taken over: this was a dry run.\n"
    )


def test_a_migration_names_its_directory_absolute(ccsched: Ccsched, daemon: FakeDaemon, tmp_path: Path) -> None:
    """The daemon runs elsewhere."""
    daemon.answers["daemon.migrate"] = MIGRATED
    done = ccsched("migrate", "old", cwd=tmp_path)
    assert json.loads(done.stdout) == MIGRATED
    assert daemon.requests == [("daemon.migrate", {"directory": f"{tmp_path}/old"})]
