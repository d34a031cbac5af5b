"""What the machines are made of: a small Debian and the wheels, made once and kept."""

import hashlib
import json
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

_HERE = platform.freedesktop_os_release() if sys.platform == "linux" else {}
SUITE = _HERE.get("VERSION_CODENAME", "") if _HERE.get("ID") == "debian" else "bookworm"
"""This machine's own where that is a Debian: for it, `make deb` makes its package."""
PACKAGES = (
    *("systemd", "systemd-sysv", "dbus", "dbus-user-session", "libpam-systemd", "polkitd"),
    *("python3", "python3-venv", "git", "ca-certificates", "procps", "man-db", "bash-completion"),
)
SETUP = """
useradd --create-home --shell /bin/bash nina
useradd --create-home --shell /bin/bash otto
rm -rf /var/cache/apt/archives/*.deb /var/lib/apt/lists/*
systemctl mask --quiet apt-daily.timer apt-daily-upgrade.timer man-db.timer e2scrub_all.timer dpkg-db-backup.timer
"""


def debian(cache: Path) -> Path:
    """A Debian tree with systemd, Python and git, and the users nina and otto; never to be written to."""

    def fill(tree: Path) -> None:
        include = f"--include={','.join(PACKAGES)}"
        subprocess.run(["debootstrap", "--variant=minbase", include, SUITE, tree, *_mirror()], check=True)
        subprocess.run(["chroot", tree, "sh", "-e", "-c", SETUP], check=True)

    return _kept(cache, "tree", [SUITE, PACKAGES, SETUP], fill)


def wheelhouse(cache: Path, requirements: Path, tree: Path) -> Path:
    """A folder with the wheels of the requirements, for the Python of the Debian tree."""
    python = (tree / "usr/bin/python3").readlink().name.removeprefix("python")

    def fill(wheels: Path) -> None:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary=:all:", "--require-hashes"]
        target = ["--python-version", python, "--dest", str(wheels), "--requirement", str(requirements)]
        subprocess.run([*pip, *target], check=True)

    return _kept(cache, "wheels", [python, requirements.read_text()], fill)


def _kept(cache: Path, what: str, made_of: object, fill: Callable[[Path], None]) -> Path:
    """A folder in the cache; filled if it is not there, and then older ones of its kind go."""
    place = cache / f"{what}-{hashlib.sha256(json.dumps(made_of).encode()).hexdigest()[:16]}"
    if not place.exists():
        unfinished = cache / f"{what}.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir()
        fill(unfinished)
        for old in cache.glob(f"{what}-*"):
            shutil.rmtree(old)
        unfinished.rename(place)
    return place


def _mirror() -> list[str]:
    """The archive that this machine takes its own packages from, if it has the suite; else debootstrap knows one."""
    if shutil.which("apt-get") is None:
        return []
    command = ["apt-get", "indextargets", "--format", "$(RELEASE) $(SITE)", "Created-By: Packages"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    targets = (line.split() for line in listed.splitlines())
    return [site for release, site in targets if release == SUITE][:1]
