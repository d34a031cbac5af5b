"""Steps of a run at which a test can have a process wait, to end it just there. Without a test nothing happens here.

A test makes two named pipes in a folder, STEP and STEP.go. Whoever comes to that step writes its process id into the
first and waits for the second.
"""

import os

_folder = ""


def enable(folder: str) -> None:
    """Have this process wait at the steps for which there are pipes in a folder; none if it is empty."""
    global _folder
    _folder = folder


def folder() -> str:
    """Where the pipes are."""
    return _folder


def step(name: str) -> None:
    """This step has been taken, and the next has not."""
    if not _folder:
        return
    path = f"{_folder}/{name}"
    try:
        pipe = os.open(path, os.O_WRONLY)
    except FileNotFoundError:
        return
    os.write(pipe, str(os.getpid()).encode())
    os.close(pipe)
    pipe = os.open(f"{path}.go", os.O_RDONLY)
    os.read(pipe, 1)
    os.close(pipe)
