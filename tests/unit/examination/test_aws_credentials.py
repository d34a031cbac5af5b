"""Whether AWS takes credentials is asked in a process apart, which says it in a line."""

import subprocess
import sys
from pathlib import Path


def test_no_credentials_are_told_in_a_line(tmp_path: Path) -> None:
    """In our words, on standard output, and with exit status 0: whoever asks reads nothing else."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "scheduler_daemon.examination.aws_credentials"],
        env={"HOME": str(tmp_path), "AWS_EC2_METADATA_DISABLED": "true", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("the daemon finds no AWS credentials; ")
    assert done.stdout.count("\n") == 1
