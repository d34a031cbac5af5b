"""What has changed in the files that a task watches?"""

from scheduler_daemon.watch.refusal import WatchRefused
from scheduler_daemon.watch.snapshot import Snapshot, SnapshotData
from scheduler_daemon.watch.watch import Changes, Status, Watch
from scheduler_daemon.watch.watcher import Watcher

__all__ = ["Changes", "Snapshot", "SnapshotData", "Status", "Watch", "WatchRefused", "Watcher"]
