"""Make ready what the boot tests need, and run them where nothing of them can stay behind.

    python -m tests.boot [PYTEST ARGUMENT]…

Their mounts and processes live in namespaces of their own and end with them, however that comes about. The Debian
tree and the wheels are kept in ``CCSCHED_CI_CACHE`` (.cache), and made anew when what they are made of changes.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.boot.cgroup import removed_afterwards
from tests.boot.tree import debian, wheelhouse

ROOT = Path(__file__).parents[2]
CACHE = Path(os.environ.get("CCSCHED_CI_CACHE") or ROOT / ".cache") / "boot"
NEEDED = {
    "debootstrap": "debootstrap",
    "systemd-nspawn": "systemd-container",
    "unshare": "util-linux",
    "setpriv": "util-linux",
    "nsenter": "util-linux",
    "mount": "mount",
}
"""Programs, and the Debian packages that have them."""
WITH_US = ["setpriv", "--pdeathsig", "KILL", "--"]
APART = ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--mount-proc", "--"]
ON_A_TMPFS = 'mount -t tmpfs -o mode=0700 none "$CCSCHED_BOOT_FOLDER" && "$@"; exit $?'
"""The shell stays, as the init of the namespace: it reaps what the machines leave, without which they never end."""


def main(arguments: Sequence[str]) -> int:
    """Run the boot tests; what pytest says is the exit status, and 2 where they cannot run."""
    # An end by request, as of a CI's time limit, cleans up as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if (reason := _why_not()) is not None:
        sys.stderr.write(f"the boot tests cannot run: {reason}\n")
        return 2
    CACHE.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="ccsched-boot-") as temporary, removed_afterwards() as cgroup:
        folder = Path(temporary) / "machines"
        folder.mkdir()
        wheels = Path(temporary) / "wheels"
        tree = debian(CACHE)
        shutil.copytree(wheelhouse(CACHE, ROOT / "requirements" / "run.txt", tree), wheels)
        _build_wheel(wheels)
        environment = {
            **os.environ,
            "CCSCHED_BOOT_TREE": str(tree),
            "CCSCHED_BOOT_WHEELS": str(wheels),
            "CCSCHED_BOOT_PACKAGES": str(_packages(Path(temporary))),
            "CCSCHED_BOOT_FOLDER": str(folder),
            "CCSCHED_BOOT_CGROUP": cgroup,
        }
        pytest = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-n", "4", "--dist", "loadfile"]
        with contextlib.suppress(KeyboardInterrupt):
            return subprocess.run(
                [*WITH_US, *APART, "sh", "-c", ON_A_TMPFS, "sh", *pytest, "tests/boot", *arguments],
                cwd=ROOT,
                env=environment,
                check=False,
            ).returncode
        return 130


def _why_not() -> str | None:
    if sys.platform != "linux":
        return "they boot a Debian with systemd-nspawn, which is there on Linux alone"
    if os.geteuid() != 0:
        return "they boot a Debian with systemd-nspawn, which is for root; run: sudo make test-boot"
    missing = [package for program, package in NEEDED.items() if shutil.which(program) is None]
    if missing:
        return f"programs are missing; run: apt-get install {' '.join(sorted(set(missing)))}"
    if not list((ROOT / "dist").glob("ccsched_*.deb")):
        return "there is no Debian package; run: make deb"
    claude = os.environ.get("CCSCHED_TEST_CLAUDE") or "claude"
    if shutil.which(claude) is None:
        return f"the agent {claude} is not there; name the real one in CCSCHED_TEST_CLAUDE"
    return None


def _build_wheel(wheels: Path) -> None:
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--wheel-dir", wheels, ROOT], check=True)


def _packages(temporary: Path) -> Path:
    """A folder with the Debian package that ``make deb`` made last."""
    folder = temporary / "packages"
    folder.mkdir()
    newest = max((ROOT / "dist").glob("ccsched_*.deb"), key=lambda path: path.stat().st_mtime)
    shutil.copy(newest, folder / "ccsched.deb")
    return folder


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
