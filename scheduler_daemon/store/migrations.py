"""The record's schema, as the numbered steps that lead to it.

A step is never changed once released: an old file is brought up to date by the steps it has not seen.
"""

import sqlite3

_FIRST = """
CREATE TABLE jobs (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    doc TEXT NOT NULL
) STRICT;
CREATE INDEX jobs_by_name ON jobs (name);

CREATE TABLE tasks (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    doc TEXT NOT NULL
) STRICT;
CREATE INDEX tasks_by_name ON tasks (name);
CREATE INDEX tasks_by_job ON tasks (job_id, seq);

CREATE TABLE runs (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    task_id TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    job_id TEXT NOT NULL,
    sequence_id TEXT,
    status TEXT NOT NULL,
    scheduled_time TEXT NOT NULL,
    doc TEXT NOT NULL,
    execution TEXT
) STRICT;
CREATE INDEX runs_by_task ON runs (task_id, seq);
CREATE INDEX runs_by_job ON runs (job_id, seq);
CREATE INDEX runs_by_sequence ON runs (sequence_id) WHERE sequence_id IS NOT NULL;
CREATE INDEX runs_by_status ON runs (status, seq);
CREATE INDEX runs_unfinished ON runs (scheduled_time, seq) WHERE status IN ('upcoming', 'running');

CREATE TABLE profiles (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE,
    doc TEXT NOT NULL
) STRICT;

CREATE TABLE settings (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    doc TEXT NOT NULL
) STRICT;

CREATE TABLE schedules (
    task_id TEXT PRIMARY KEY REFERENCES tasks (id) ON DELETE CASCADE,
    schedule TEXT NOT NULL,
    anchor TEXT NOT NULL,
    next_due TEXT NOT NULL,
    planned_at TEXT NOT NULL
) STRICT;
CREATE INDEX schedules_by_due ON schedules (next_due);

CREATE TABLE faces (
    name TEXT PRIMARY KEY,
    digest TEXT NOT NULL,
    base TEXT NOT NULL,
    previous_digest TEXT NOT NULL,
    previous_base TEXT NOT NULL
) STRICT;
"""

_SECOND = """
ALTER TABLE schedules ADD COLUMN fires_at TEXT NOT NULL DEFAULT '';
UPDATE schedules SET fires_at = next_due;
DROP INDEX schedules_by_due;
CREATE INDEX schedules_by_time ON schedules (fires_at);

CREATE TABLE skipped (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    task_id TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    first_due TEXT NOT NULL,
    last_due TEXT NOT NULL,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL,
    recorded_at TEXT NOT NULL
) STRICT;
CREATE INDEX skipped_by_task ON skipped (task_id, last_due);
CREATE INDEX runs_by_due ON runs (task_id, scheduled_time);

CREATE TABLE watches (
    task_id TEXT PRIMARY KEY REFERENCES tasks (id) ON DELETE CASCADE,
    snapshot TEXT NOT NULL,
    kept_at TEXT NOT NULL
) STRICT;
"""

_THIRD = """
ALTER TABLE runs ADD COLUMN seen INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN carried TEXT;
CREATE INDEX runs_by_resumed ON runs (json_extract(doc, '$.resumes'))
    WHERE json_extract(doc, '$.resumes') IS NOT NULL;
CREATE INDEX runs_by_restarted ON runs (json_extract(doc, '$.restarted_from'))
    WHERE json_extract(doc, '$.restarted_from') IS NOT NULL;
CREATE INDEX runs_of_schedules ON runs (task_id, scheduled_time)
    WHERE json_extract(doc, '$.trigger') IN ('schedule', 'sequence');
CREATE INDEX runs_with_log ON runs (json_extract(doc, '$.end_time'))
    WHERE json_extract(doc, '$.log_path') IS NOT NULL AND (status <> 'failed' OR seen = 1);

CREATE TABLE notes (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

CREATE TABLE limits (
    profile_id TEXT PRIMARY KEY,
    doc TEXT NOT NULL
) STRICT;

CREATE TABLE spent (
    run_id TEXT PRIMARY KEY,
    at TEXT NOT NULL,
    usd REAL NOT NULL,
    job_id TEXT NOT NULL,
    profile_id TEXT
) STRICT;
CREATE INDEX spent_by_time ON spent (at);
"""

_FOURTH = """
CREATE TABLE shown (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    file TEXT NOT NULL,
    id TEXT NOT NULL,
    short TEXT NOT NULL,
    previous TEXT,
    UNIQUE (file, id)
) STRICT;
INSERT INTO shown (file, id, short, previous)
    SELECT name, key, value, '' FROM faces, json_each(base);
INSERT INTO shown (file, id, short, previous)
    SELECT name, key, '', value FROM faces, json_each(previous_base) WHERE TRUE
    ON CONFLICT (file, id) DO UPDATE SET previous = excluded.previous;
UPDATE shown SET previous = NULL WHERE previous = short;
ALTER TABLE faces DROP COLUMN base;
ALTER TABLE faces DROP COLUMN previous_base;
"""

STEPS = (_FIRST, _SECOND, _THIRD, _FOURTH)
"""Step n brings a record from version n to n + 1; ``PRAGMA user_version`` says where it stands."""
LATEST = len(STEPS)
"""The version of a record that is up to date."""


class NewerRecord(Exception):
    """The record was written by a newer ccsched than this one."""

    def __init__(self, version: int) -> None:
        super().__init__(f"the record has version {version}, and this ccsched knows versions up to {LATEST}")
        self.version = version


_PASSING = frozenset(
    {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM}
)


class StepFailed(Exception):
    """A step came to nothing; the record is as it was."""

    def __init__(self, number: int | None, error: sqlite3.Error) -> None:
        which = "a step" if number is None else f"step {number}"
        super().__init__(f"{which} of {LATEST} failed: {error}")
        self.passing = getattr(error, "sqlite_errorcode", 0) & 0xFF in _PASSING
        """Whether the disk was at fault, or who else uses the record: later it may be possible."""


def version_of(connection: sqlite3.Connection) -> int:
    """Where a record stands.

    Raises:
        NewerRecord: when it has seen steps this version does not know.
    """
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > LATEST:
        raise NewerRecord(version)
    return version


def migrate(connection: sqlite3.Connection) -> int:
    """Bring the record up to date, by all the steps it has not seen or by none; returns how many were taken.

    Raises:
        NewerRecord: when it has seen steps this version does not know.
        StepFailed: when one of them failed.
    """
    version = version_of(connection)
    if version == LATEST:
        return 0
    steps = [f"{STEPS[number]} PRAGMA user_version = {number + 1};" for number in range(version, LATEST)]
    try:
        # One transaction: an older ccsched can still use a record that a step has failed on.
        connection.executescript(f"BEGIN IMMEDIATE; {' '.join(steps)} COMMIT;")
    except sqlite3.Error as error:
        failed = None
        if connection.in_transaction:  # after some errors SQLite has rolled back by itself
            failed = int(connection.execute("PRAGMA user_version").fetchone()[0]) + 1
            connection.execute("ROLLBACK")
        raise StepFailed(failed, error) from error
    return LATEST - version
