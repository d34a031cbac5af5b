"""All benchmarks, one after another: ``make bench``, or ``python -m tests.benchmarks``, with names for only some."""

import importlib
import sys

BENCHMARKS = (
    "client_start",
    "at_rest",
    "start_latency",
    "log_throughput",
    "long_logs",
    "kill_tree",
    "next_due",
    "file_watch",
    "many_jobs",
    "many_runs",
    "many_tasks",
    "backup",
)


def main() -> bool:
    """Run those that are named, or all; True if every limit is kept."""
    names = sys.argv[1:] or BENCHMARKS
    kept = [importlib.import_module(f"tests.benchmarks.{name}").main() for name in names]
    return all(kept)


if __name__ == "__main__":
    sys.exit(not main())
