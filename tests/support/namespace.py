"""A namespace of the test's own, in which it may mount file systems without being anybody special."""

import shutil
import subprocess
import sys

import pytest

IN_A_NAMESPACE = [
    "unshare",
    "--user",
    "--map-root-user",
    "--mount",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
    "--",
]

needs_a_namespace = pytest.mark.skipif(
    sys.platform != "linux"
    or shutil.which("unshare") is None
    or subprocess.run([*IN_A_NAMESPACE, "true"], capture_output=True, check=False).returncode != 0,
    reason="needs Linux with user namespaces, for a file system of the test's own",
)
