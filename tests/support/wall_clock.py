"""A wall clock that a test steps under running processes, as NTP or a suspended machine does. Linux only."""

import shlex
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

from tests.support.needed import need

SOURCE = Path(__file__).with_suffix(".c")


class WallClock:
    """What all processes in its environment take for the time of day, supervisors and agents included.

    No step moves any other clock: the monotonic one stands still while a machine is suspended.
    """

    def __init__(self, folder: Path, instant: datetime) -> None:
        """A clock that says ``instant`` and goes on from there; ``folder`` is made for what belongs to it."""
        need("cc")
        folder.mkdir()
        self._offset = folder / "offset"
        self.set(instant)
        library = folder / "wall_clock.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", library, SOURCE], check=True)
        clock = {"LD_PRELOAD": str(library), "WALL_CLOCK": str(self._offset)}
        # A supervisor inherits nothing, so its Python is one that has the clock in it.
        python = folder / "python"
        exports = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in clock.items())
        python.write_text(f'#!/bin/sh\n{exports}exec {shlex.quote(sys.executable)} "$@"\n')
        python.chmod(0o755)
        (folder / "sitecustomize.py").write_text(f"import sys\n\nsys.executable = {str(python)!r}\n")
        self.environment = {**clock, "PYTHONPATH": str(folder), "TZ": "UTC"}

    def set(self, instant: datetime) -> None:
        """Step it."""
        offset = round(instant.timestamp()) * 10**9 - time.time_ns()
        # Not in place of the file: the processes have it mapped.
        with self._offset.open("r+b" if self._offset.exists() else "wb", buffering=0) as file:
            file.write(offset.to_bytes(8, sys.byteorder, signed=True))
