BEGIN TRANSACTION;
CREATE TABLE faces (
    name TEXT PRIMARY KEY,
    digest TEXT NOT NULL,
    previous_digest TEXT NOT NULL) STRICT;
INSERT INTO "faces" VALUES('jobs.json','0000000000000000000000000000000000000000000000000000000000000000','1111111111111111111111111111111111111111111111111111111111111111');
CREATE TABLE jobs (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    doc TEXT NOT NULL
) STRICT;
INSERT INTO "jobs" VALUES(1,'00000002-0000-4000-8000-000000000000','nightly ''quoted'' 🐈','{"id":"00000002-0000-4000-8000-000000000000","name":"nightly ''quoted'' 🐈","description":"","status":"completed","profile":"00000001-0000-4000-8000-000000000000","working_directory":{"path":"/srv/app","use_git_worktree":true,"worktree_name":null,"worktree_branch":"main"},"task_order":["00000004-0000-4000-8000-000000000000","00000003-0000-4000-8000-000000000000"],"created_at":"2025-06-01T02:00:00.000000Z","updated_at":"2025-06-01T02:00:00.000000Z"}');
CREATE TABLE limits (
    profile_id TEXT PRIMARY KEY,
    doc TEXT NOT NULL
) STRICT;
INSERT INTO "limits" VALUES('00000001-0000-4000-8000-000000000000','{"windows":[{"type":"five_hour","status":"rejected","utilization":1.0,"resets_at":"2025-06-01T05:00:00.000000Z","seen_at":"2025-06-01T02:00:00.000000Z"}],"held_until":"2025-06-01T05:00:30.000000Z","refusals":0}');
CREATE TABLE notes (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;
INSERT INTO "notes" VALUES('zone_data','Europe/Berlin 2025b');
CREATE TABLE profiles (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE,
    doc TEXT NOT NULL
) STRICT;
INSERT INTO "profiles" VALUES(1,'00000001-0000-4000-8000-000000000000','work','{"id":"00000001-0000-4000-8000-000000000000","name":"work","description":"","env_vars":[{"name":"A","source":"static","value":"x","config":{}},{"name":"B","source":"command","value":"pass b","config":{"timeout":3}}],"created_at":"2025-06-01T02:00:00.000000Z","updated_at":"2025-06-01T02:00:00.000000Z"}');
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
, seen INTEGER NOT NULL DEFAULT 0, carried TEXT) STRICT;
INSERT INTO "runs" VALUES(1,'00000005-0000-4000-8000-000000000000','00000003-0000-4000-8000-000000000000','00000002-0000-4000-8000-000000000000',NULL,'success','2025-06-01T02:00:00.000000Z','{"id":"00000005-0000-4000-8000-000000000000","task_id":"00000003-0000-4000-8000-000000000000","task_name":"lint","status":"success","scheduled_time":"2025-06-01T02:00:00.000000Z","start_time":"2025-06-01T02:00:00.000000Z","end_time":"2025-06-01T02:00:00.000000Z","duration":1.5,"session_id":"s-1","output":"done","raw_output":"","errors":[],"exit_code":0,"job_id":"00000002-0000-4000-8000-000000000000","job_name":"nightly","trigger":"schedule","sequence_id":null,"sequence_position":0,"outcome":"done","created_at":"2025-06-01T02:00:00.000000Z","working_directory":null,"num_turns":3,"cost_usd":0.25,"model":null,"commit":"abc","branch":"nightly","uncommitted":[],"log_path":null}',NULL,1,NULL);
INSERT INTO "runs" VALUES(2,'00000006-0000-4000-8000-000000000000','00000004-0000-4000-8000-000000000000','00000002-0000-4000-8000-000000000000','00000007-0000-4000-8000-000000000000','running','2025-06-01T02:00:00.000000Z','{"id":"00000006-0000-4000-8000-000000000000","task_id":"00000004-0000-4000-8000-000000000000","task_name":"types","status":"running","scheduled_time":"2025-06-01T02:00:00.000000Z","start_time":"2025-06-01T02:00:00.000000Z","end_time":null,"duration":null,"session_id":null,"output":"","raw_output":"","errors":[],"exit_code":null,"job_id":"00000002-0000-4000-8000-000000000000","job_name":"nightly","trigger":"sequence","sequence_id":"00000007-0000-4000-8000-000000000000","sequence_position":1,"outcome":null,"created_at":"2025-06-01T02:00:00.000000Z","working_directory":null,"num_turns":null,"cost_usd":null,"model":null,"commit":null,"branch":null,"uncommitted":[],"log_path":null}','{"supervisor_pid":4711,"supervisor_identity":"4711:99","directory":"/srv/app","snapshot":null,"stop_requested":false}',0,'{"before":null,"left":null}');
CREATE TABLE schedules (
    task_id TEXT PRIMARY KEY REFERENCES tasks (id) ON DELETE CASCADE,
    schedule TEXT NOT NULL,
    anchor TEXT NOT NULL,
    next_due TEXT NOT NULL,
    planned_at TEXT NOT NULL
, fires_at TEXT NOT NULL DEFAULT '') STRICT;
INSERT INTO "schedules" VALUES('00000003-0000-4000-8000-000000000000','0 2 * * * Europe/Berlin','2025-06-01T02:00:00.000000Z','2025-06-01T02:00:00.000000Z','2025-05-31T02:00:00.000000Z','2025-06-01T02:00:00.000000Z');
CREATE TABLE settings (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    doc TEXT NOT NULL
) STRICT;
INSERT INTO "settings" VALUES(1,'{"agent_command":["claude"],"max_concurrent_runs":5,"time_limit":14400,"stop_grace":10.0,"runs_in_json":1000}');
CREATE TABLE shown (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    file TEXT NOT NULL,
    id TEXT NOT NULL,
    short TEXT NOT NULL,
    previous TEXT,
    UNIQUE (file, id)
) STRICT;
INSERT INTO "shown" VALUES(1,'jobs.json','x','1','');
CREATE TABLE skipped (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    task_id TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    first_due TEXT NOT NULL,
    last_due TEXT NOT NULL,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL,
    recorded_at TEXT NOT NULL
) STRICT;
INSERT INTO "skipped" VALUES(1,'00000003-0000-4000-8000-000000000000','2025-05-29T02:00:00.000000Z','2025-05-30T02:00:00.000000Z','missed','nobody was there','2025-05-31T02:00:00.000000Z');
CREATE TABLE spent (
    run_id TEXT PRIMARY KEY,
    at TEXT NOT NULL,
    usd REAL NOT NULL,
    job_id TEXT NOT NULL,
    profile_id TEXT
) STRICT;
INSERT INTO "spent" VALUES('00000005-0000-4000-8000-000000000000','2025-06-01T02:00:00.000000Z',0.25,'00000002-0000-4000-8000-000000000000','00000001-0000-4000-8000-000000000000');
CREATE TABLE tasks (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    doc TEXT NOT NULL
) STRICT;
INSERT INTO "tasks" VALUES(1,'00000003-0000-4000-8000-000000000000','lint','00000002-0000-4000-8000-000000000000','{"id":"00000003-0000-4000-8000-000000000000","job_id":"00000002-0000-4000-8000-000000000000","name":"lint","enabled":true,"model":"sonnet","profile":null,"schedule":{"type":"calendar","interval_value":null,"interval_type":null,"cron_expression":"0 2 * * *","watch_path":null,"watch_patterns":[],"timezone":"Europe/Berlin"},"command_type":"prompt","command":"fix\nall","permissions":"bypass","session_mode":"new","allowed_tools":[],"disallowed_tools":[],"retry":{"max_retries":0,"retry_delay":60},"notifications":{"on_success":false,"on_failure":false},"created_at":"2025-06-01T02:00:00.000000Z","updated_at":"2025-06-01T02:00:00.000000Z","last_run_status":"success","commit_on_success":true,"time_limit":null}');
INSERT INTO "tasks" VALUES(2,'00000004-0000-4000-8000-000000000000','types','00000002-0000-4000-8000-000000000000','{"id":"00000004-0000-4000-8000-000000000000","job_id":"00000002-0000-4000-8000-000000000000","name":"types","enabled":false,"model":"sonnet","profile":null,"schedule":{"type":"manual","interval_value":null,"interval_type":null,"cron_expression":null,"watch_path":null,"watch_patterns":[],"timezone":null},"command_type":"slash_command","command":"/check","permissions":"bypass","session_mode":"new","allowed_tools":[],"disallowed_tools":[],"retry":{"max_retries":0,"retry_delay":60},"notifications":{"on_success":false,"on_failure":false},"created_at":"2025-06-01T02:00:00.000000Z","updated_at":"2025-06-01T02:00:00.000000Z","last_run_status":null,"commit_on_success":true,"time_limit":60}');
CREATE TABLE watches (
    task_id TEXT PRIMARY KEY REFERENCES tasks (id) ON DELETE CASCADE,
    snapshot TEXT NOT NULL,
    kept_at TEXT NOT NULL
) STRICT;
INSERT INTO "watches" VALUES('00000003-0000-4000-8000-000000000000','{}','2025-06-01T02:00:00.000000Z');
CREATE INDEX jobs_by_name ON jobs (name);
CREATE INDEX tasks_by_name ON tasks (name);
CREATE INDEX tasks_by_job ON tasks (job_id, seq);
CREATE INDEX runs_by_task ON runs (task_id, seq);
CREATE INDEX runs_by_job ON runs (job_id, seq);
CREATE INDEX runs_by_sequence ON runs (sequence_id) WHERE sequence_id IS NOT NULL;
CREATE INDEX runs_by_status ON runs (status, seq);
CREATE INDEX runs_unfinished ON runs (scheduled_time, seq) WHERE status IN ('upcoming', 'running');
CREATE INDEX schedules_by_time ON schedules (fires_at);
CREATE INDEX skipped_by_task ON skipped (task_id, last_due);
CREATE INDEX runs_by_due ON runs (task_id, scheduled_time);
CREATE INDEX runs_by_resumed ON runs (json_extract(doc, '$.resumes'))
    WHERE json_extract(doc, '$.resumes') IS NOT NULL;
CREATE INDEX runs_by_restarted ON runs (json_extract(doc, '$.restarted_from'))
    WHERE json_extract(doc, '$.restarted_from') IS NOT NULL;
CREATE INDEX runs_of_schedules ON runs (task_id, scheduled_time)
    WHERE json_extract(doc, '$.trigger') IN ('schedule', 'sequence');
CREATE INDEX runs_with_log ON runs (json_extract(doc, '$.end_time'))
    WHERE json_extract(doc, '$.log_path') IS NOT NULL AND (status <> 'failed' OR seen = 1);
CREATE INDEX spent_by_time ON spent (at);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('profiles',1);
INSERT INTO "sqlite_sequence" VALUES('jobs',1);
INSERT INTO "sqlite_sequence" VALUES('tasks',2);
INSERT INTO "sqlite_sequence" VALUES('runs',2);
INSERT INTO "sqlite_sequence" VALUES('skipped',1);
INSERT INTO "sqlite_sequence" VALUES('shown',1);
COMMIT;
PRAGMA user_version = 4;
