"""Files that are no backups, and backups that cannot be restored: nothing is changed, and it is said why."""

import gzip
import io
import json
import resource
import sqlite3
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from scheduler_daemon.home import Home
from scheduler_daemon.store.archive import NoBackup
from scheduler_daemon.store.backup import back_up
from scheduler_daemon.store.connection import StoreUnavailable
from scheduler_daemon.store.migrations import LATEST
from scheduler_daemon.store.restoration import make_ready
from scheduler_daemon.store.store import Store
from tests.integration.store.conftest import a_job, a_run, a_task

LOG = "logs/run_00000001-0000-4000-8000-000000000000.log"
Members = dict[str, bytes | tarfile.TarInfo]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """A home with a job, whose files no test changes."""
    home = Home(tmp_path / "home")
    home.logs.mkdir(parents=True)
    with closing(Store(home.state_db)) as store, store.transaction():
        job = a_job()
        task = a_task(job)
        store.jobs.put(job)
        store.tasks.put(task)
        store.runs.put(a_run(job, task))
    before = home.state_db.read_bytes()
    yield home
    assert home.state_db.read_bytes() == before
    assert sorted(path.name for path in home.path.iterdir()) == ["logs", "state.db"]


@pytest.fixture
def members(home: Home, tmp_path: Path) -> Members:
    """What is in a good backup."""
    back_up(home, tmp_path / "good")
    with tarfile.open(tmp_path / "good") as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]


def packed(members: Members, path: Path) -> Path:
    """A backup with these members."""
    with tarfile.open(path, "w:gz") as tar:
        for name, content in members.items():
            if isinstance(content, tarfile.TarInfo):
                tar.addfile(content)
            else:
                member = tarfile.TarInfo(name.removesuffix(" "))
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    return path


def long_header() -> tarfile.TarInfo:
    """A member whose name alone is megabytes."""
    return tarfile.TarInfo("logs/" + "x" * 5_000_000)


def nothing() -> bytes:
    """An SQLite file with nothing in it."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("VACUUM")
        content: Any = connection.serialize()
    return bytes(content)


def special(name: str, kind: bytes, link: str = "") -> tarfile.TarInfo:
    """A member that is no file."""
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, link
    return member


def with_manifest(members: Members, **fields: object) -> Members:
    """Members whose manifest says something else."""
    manifest = json.loads(members["manifest.json"])  # type: ignore[arg-type]
    return {**members, "manifest.json": json.dumps({**manifest, **fields}).encode()}


def with_record(members: Members, tmp_path: Path, *statements: str) -> Members:
    """Members whose record was changed."""
    path = tmp_path / "changed.db"
    path.write_bytes(members["state.db"])  # type: ignore[arg-type]
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)
    return {**members, "state.db": path.read_bytes()}


CONTENTS: dict[str, tuple[Callable[[Members, Path], Members], str]] = {
    "a way out": (lambda good, _: {**good, "../evil": b""}, "there is '../evil' in it"),
    "an absolute path": (lambda good, _: {**good, "/tmp/evil": b""}, "there is '/tmp/evil' in it"),
    "a way out among the logs": (lambda good, _: {**good, "logs/../../evil.log": b""}, "in it"),
    "a log of nothing": (lambda good, _: {**good, "logs/run_1.log": b""}, "there is 'logs/run_1.log' in it"),
    "a link": (lambda good, _: {**good, LOG: special(LOG, tarfile.SYMTYPE, "/etc/passwd")}, "not what it should be"),
    "a hard link": (
        lambda good, _: {**good, LOG: special(LOG, tarfile.LNKTYPE, "state.db")},
        "not what it should be",
    ),
    "a device": (lambda good, _: {**good, LOG: special(LOG, tarfile.CHRTYPE)}, "not what it should be"),
    "a pipe for a record": (
        lambda good, _: {"manifest.json": good["manifest.json"], "state.db": special("state.db", tarfile.FIFOTYPE)},
        "not what it should be",
    ),
    "two records": (lambda good, _: {**good, "state.db ": b""}, "not what it should be"),
    "a header of megabytes": (lambda good, _: {**good, "long": long_header()}, "a header in it is too long"),
    "no manifest": (lambda good, _: {"state.db": good["state.db"]}, "does not begin with manifest.json"),
    "a huge manifest": (lambda good, _: {**good, "manifest.json": b" " * 100_000}, "does not begin with"),
    "a manifest that is none": (lambda good, _: {**good, "manifest.json": b"[]"}, "manifest.json"),
    "no record": (lambda good, _: {"manifest.json": good["manifest.json"]}, "there is no state.db in it"),
    "a newer form": (
        lambda good, _: with_manifest(good, format=2, ccsched="9.1"),
        "written by ccsched 9.1 in a form that this version cannot read; install that",
    ),
    "a newer record": (
        lambda good, path: with_record(
            with_manifest(good, ccsched="9.1"), path, f"PRAGMA user_version = {LATEST + 1}"
        ),
        f"made by ccsched 9.1 for a newer version of ccsched: the record has version {LATEST + 1}",
    ),
    "an empty record": (lambda good, _: {**good, "state.db": nothing()}, "no record of ccsched"),
    "a record of something else": (lambda good, path: with_record(good, path, "DROP TABLE notes"), "no record of cc"),
    "a record with a trigger": (
        lambda good, path: with_record(
            good, path, "CREATE TRIGGER t AFTER UPDATE ON tasks BEGIN UPDATE tasks SET doc = 'x'; END"
        ),
        "no record of ccsched",
    ),
    "a task of no job": (
        lambda good, path: with_record(good, path, "PRAGMA foreign_keys = OFF", "DELETE FROM jobs"),
        "a row of tasks belongs to nothing",
    ),
    "a run that says nothing": (
        lambda good, path: with_record(good, path, "UPDATE runs SET doc = '{}'"),
        "a run in it cannot be read: task_id: Field required",
    ),
    "settings out of range": (
        lambda good, path: with_record(good, path, """INSERT INTO settings VALUES (1, '{"reserve": 700}')"""),
        "a settings in it cannot be read: reserve",
    ),
}


@pytest.mark.parametrize("what", CONTENTS)
def test_a_backup_with_something_wrong_in_it(home: Home, members: Members, tmp_path: Path, what: str) -> None:
    """The file is named, and what is wrong with it."""
    made, said = CONTENTS[what]
    file = packed(made(members, tmp_path), tmp_path / "bad")
    with pytest.raises(NoBackup) as refused:
        make_ready(home, file)
    assert str(refused.value).startswith(str(file))
    assert said in str(refused.value)
    assert not (tmp_path / "evil").exists()


def test_a_disk_without_room(home: Home, members: Members, tmp_path: Path) -> None:
    """A backup that cannot be made leaves no file, and one that cannot be unpacked changes nothing."""
    file = packed(members, tmp_path / "good backup")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (65536, hard))
    try:
        with pytest.raises(StoreUnavailable, match="cannot be copied"):
            back_up(home, tmp_path / "no backup")
        with pytest.raises(OSError, match="File too large"):
            make_ready(home, file)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not list(tmp_path.glob("*no backup*"))


def torn(content: bytes, at: int) -> bytes:
    """A file with one byte changed."""
    return content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :]


FILES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "a text": lambda _: b"hello\n",
    "gzip of a text": lambda _: gzip.compress(b"hello\n" * 1000),
    "cut off": lambda good: good[: len(good) // 2],
    "without its last byte": lambda good: good[:-1],
    "changed in the middle": lambda good: torn(good, len(good) // 2),
    "changed in its checksum": lambda good: torn(good, len(good) - 6),
    "with more behind it": lambda good: good + gzip.compress(b"\0" * 3_000_000),
    "a database of something": lambda _: sqlite3_file(),
    "a damaged database": lambda _: torn(sqlite3_file(), 100),
}


def sqlite3_file() -> bytes:
    """An SQLite file that is no record."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript("CREATE TABLE t (x); PRAGMA user_version = 3;")
        content: Any = connection.serialize()
    return bytes(content)


@pytest.mark.parametrize("what", FILES)
def test_a_file_that_is_no_backup(home: Home, tmp_path: Path, what: str) -> None:
    """Whatever it holds, it is refused by its name."""
    back_up(home, tmp_path / "good")
    file = tmp_path / "bad"
    file.write_bytes(FILES[what]((tmp_path / "good").read_bytes()))
    with pytest.raises(NoBackup, match=str(file)):
        make_ready(home, file)
