"""How a run of the earlier application is said here: as history, of which nothing starts again."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from scheduler_daemon.exchange.earlier import Present, Takeover, migrate
from scheduler_daemon.model.enums import Outcome, RunStatus, Trigger
from scheduler_daemon.store.documents import Unacceptable
from tests.unit.exchange.samples import JOB, STAMP, TASK, earlier_job, earlier_run, earlier_task, line_of

RUN = "33333333-0000-4000-8000-000000000001"
GONE = "22222222-0000-4000-8000-00000000dead"


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A machine in New York, with a home of its own."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "America/New_York")
        patch.setenv("HOME", str(tmp_path / "home"))
        time.tzset()
        yield
    time.tzset()


def taken(folder: Path, *runs: dict[str, Any], present: Present | None = None) -> Takeover:
    (folder / "jobs.json").write_text(json.dumps([earlier_job()]))
    (folder / "tasks.json").write_text(json.dumps([earlier_task()]))
    (folder / "runs.json").write_text(json.dumps(list(runs), indent=1))
    return migrate(folder, present or Present())


def notes(takeover: Takeover) -> list[tuple[int | None, str, str, str]]:
    of_runs = [note for note in takeover.lines if note.file == "runs.json"]
    return [(note.line, note.object, note.result.value, note.message) for note in of_runs]


SUMMARY = (1, "runs", "taken", "runs: 1; their logs are read where they are")


def test_a_run_is_whole(tmp_path: Path) -> None:
    """Times, output and session; its job is that of its task."""
    (ours,) = taken(
        tmp_path,
        earlier_run(
            task_name="weed, as it was called",
            start_time="2030-12-01T10:00:01",
            end_time="2030-12-01T15:01:31.5+00:00",
            duration=90.5,
            session_id="44444444-0000-4000-8000-000000000001",
            output="Three weeds are gone",
            raw_output="{}\n",
            errors="a warning",
            exit_code=0,
        ),
    ).runs
    assert (str(ours.id), ours.task_id, ours.job_id, ours.job_name) == (RUN, TASK, JOB, "garden")
    assert ours.task_name == "weed, as it was called"
    # It wrote local time; an offset, where there is one, counts.
    assert ours.scheduled_time == ours.created_at == datetime(2030, 12, 1, 15, 0, tzinfo=UTC)
    assert ours.start_time == datetime(2030, 12, 1, 15, 0, 1, tzinfo=UTC)
    assert ours.end_time == datetime(2030, 12, 1, 15, 1, 31, 500_000, tzinfo=UTC)
    assert (ours.duration, ours.exit_code, ours.errors) == (90.5, 0, ["a warning"])
    assert (ours.output, ours.raw_output) == ("Three weeds are gone", "{}\n")
    assert ours.session_id == "44444444-0000-4000-8000-000000000001"
    assert (ours.trigger, ours.sequence_id, ours.commit) == (Trigger.TASK, None, None)


@pytest.mark.parametrize(
    ("given", "status", "outcome", "errors", "noted"),
    [
        pytest.param("success", RunStatus.SUCCESS, None, [], None, id="success"),
        pytest.param("failed", RunStatus.FAILED, None, [], None, id="failed"),
        pytest.param("cancelled", RunStatus.CANCELLED, Outcome.STOPPED, [], None, id="cancelled"),
        pytest.param(
            "running",
            RunStatus.FAILED,
            Outcome.INTERRUPTED,
            ["it was running when it was taken over"],
            "status: it was running when that was written, so it is failed",
            id="running",
        ),
        pytest.param(
            "upcoming",
            RunStatus.CANCELLED,
            Outcome.NOT_STARTED,
            ["it had not begun when it was taken over"],
            "status: it had not begun and will not, so it is cancelled",
            id="upcoming",
        ),
    ],
)
def test_endings(
    tmp_path: Path, given: str, status: RunStatus, outcome: Outcome | None, errors: list[str], noted: str | None
) -> None:
    """Every run has ended; why it did is not made up."""
    takeover = taken(tmp_path, earlier_run(status=given))
    (ours,) = takeover.runs
    assert (ours.status, ours.outcome, ours.errors) == (status, outcome, errors)
    assert notes(takeover) == [SUMMARY, *([(6, f"run {RUN}", "changed", noted)] if noted else [])]


def test_runs_come_oldest_first(tmp_path: Path) -> None:
    """The file has the newest first."""
    ids = [f"33333333-0000-4000-8000-00000000000{number}" for number in (3, 2, 1)]
    times = ["2030-12-03T10:00:00", "2030-12-02T10:00:00", "2030-12-01T10:00:00"]
    runs = [earlier_run(id=id_, scheduled_time=at) for id_, at in zip(ids, times, strict=True)]
    assert [str(run.id) for run in taken(tmp_path, *runs).runs] == ids[::-1]


def test_runs_of_a_task_that_is_gone_are_left_out(tmp_path: Path) -> None:
    """A run belongs to a task; one note says how many there were of each."""
    others = [earlier_run(id=f"33333333-0000-4000-8000-00000000000{number}") for number in (2, 3)]
    takeover = taken(tmp_path, earlier_run(), *({**run, "task_id": GONE, "task_name": "dig"} for run in others))
    assert [str(run.id) for run in takeover.runs] == [RUN]
    assert notes(takeover) == [SUMMARY, (9, 'task "dig"', "left_out", "runs: 2; the task they are of is not here")]


def test_a_run_that_is_here_is_left_out(tmp_path: Path) -> None:
    """It may be done again after more runs were made there."""
    new = "33333333-0000-4000-8000-000000000002"
    takeover = taken(tmp_path, earlier_run(), earlier_run(id=new), present=Present(runs={UUID(RUN)}))
    assert [str(run.id) for run in takeover.runs] == [new]
    assert notes(takeover)[1] == (1, "runs", "left_out", "runs that are here already: 1")


def test_long_output_is_cut_as_ever(tmp_path: Path) -> None:
    """The beginning of a result, the end of a log; no character is cut in two."""
    takeover = taken(tmp_path, earlier_run(output="ä" * 40_000, raw_output="x" * 5000 + "ö" * 2048))
    (ours,) = takeover.runs
    assert (ours.output, ours.raw_output) == ("ä" * 32_768, "ö" * 2048)
    assert notes(takeover)[1] == (
        1,
        "runs",
        "changed",
        "runs whose output is cut to what a record holds: 1; the whole of it stays in this file",
    )


@pytest.mark.parametrize("folder", ["logs", "home/.claude-scheduler/logs"])
def test_a_log_is_found_where_it_is(tmp_path: Path, folder: str) -> None:
    """In the directory itself or where the earlier application wrote all logs; it is not moved."""
    log = tmp_path / folder / f"run_{RUN}.log"
    log.parent.mkdir(parents=True)
    log.write_text("{}\n")
    (ours,) = taken(tmp_path, earlier_run()).runs
    assert ours.log_path == str(log)


def test_no_log_is_made_up(tmp_path: Path) -> None:
    """A run without one has none."""
    assert taken(tmp_path, earlier_run()).runs[0].log_path is None


def test_errors_may_be_a_list(tmp_path: Path) -> None:
    """As the data model documents them."""
    (ours,) = taken(tmp_path, earlier_run(errors=["one", "two"], task_name="")).runs
    assert (ours.errors, ours.task_name) == (["one", "two"], "weed")


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        pytest.param({"id": "x"}, "id", "valid UUID", id="id"),
        pytest.param({"status": "lost"}, "status", "should be 'upcoming'", id="status"),
        pytest.param({"scheduled_time": "then"}, "scheduled_time", "valid datetime", id="time"),
        pytest.param({"duration": "1:30"}, "duration", "valid number", id="duration"),
        pytest.param({"exit_code": 0.5}, "exit_code", "valid integer", id="exit-code"),
    ],
)
def test_what_is_broken_is_refused(tmp_path: Path, fields: dict[str, Any], field: str, message: str) -> None:
    """File, line and field are named."""
    with pytest.raises(Unacceptable) as failure:
        taken(tmp_path, earlier_run(**fields))
    error = failure.value
    line = line_of((tmp_path / "runs.json").read_bytes(), f'"{field}"')
    assert (error.file, error.line, error.field) == ("runs.json", line, field)
    assert message in str(error)


def test_the_same_run_twice_is_refused(tmp_path: Path) -> None:
    """One of them must be wrong."""
    with pytest.raises(Unacceptable, match="the object in line 2 has the same id"):
        taken(tmp_path, earlier_run(), earlier_run(scheduled_time=STAMP))
