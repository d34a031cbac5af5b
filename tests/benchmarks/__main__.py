"""All benchmarks, one after another: ``python -m tests.benchmarks``, or ``make bench``."""

import importlib
import sys

BENCHMARKS = (
    "client_start",
    "at_rest",
    "start_latency",
    "log_throughput",
    "kill_tree",
    "next_due",
    "file_watch",
    "many_jobs",
    "many_runs",
    "many_tasks",
)


def main() -> bool:
    """Run them all; True if every limit is kept."""
    kept = [importlib.import_module(f"tests.benchmarks.{name}").main() for name in BENCHMARKS]
    return all(kept)


if __name__ == "__main__":
    sys.exit(not main())
