"""Source ``command``: the value is what a shell command writes."""

from collections.abc import Mapping

from scheduler_daemon.model.profile import EnvVar
from scheduler_daemon.profile import child
from scheduler_daemon.profile.source import LONGEST, Found, SourceFailed, config_of


def find(variable: EnvVar, base: Mapping[str, str], limit: float) -> Found:
    """The command's standard output without the newlines at its end, as ``$(…)`` takes it.

    The command runs through ``/bin/sh`` in the daemon's environment, with nothing on its standard input and
    its standard error thrown away. If it takes longer than ``limit``, in seconds, its whole process group is killed.
    """
    config_of(variable, str)
    if not variable.value.strip():
        raise SourceFailed("there is no command; write one as the variable's value")
    output = _run(variable.value, base, limit)
    try:
        return Found(output.decode().rstrip("\n"), secret=True)
    except UnicodeDecodeError:
        # Not chained: the error holds the output.
        raise SourceFailed("the command's output is not UTF-8 text") from None


def _run(command: str, base: Mapping[str, str], limit: float) -> bytes:
    try:
        ended = child.run(["/bin/sh", "-c", command], base, limit=limit, most=LONGEST)
    except child.TookLonger:
        raise SourceFailed(
            f"the command took longer than {limit:g} s; it was given no input, so see that it asks for none"
        ) from None
    except child.WroteMore:
        raise SourceFailed(f"the command wrote more than {LONGEST // 1024} KiB") from None
    except OSError as error:
        raise SourceFailed(f"/bin/sh could not be started: {error.strerror}") from None
    except ValueError:
        raise SourceFailed("the command holds a character that no command can hold") from None
    if ended.status < 0:
        raise SourceFailed(f"the command was ended by signal {-ended.status}")
    if ended.status > 0:
        raise SourceFailed(f"the command ended with exit status {ended.status}; run it in a terminal to see why")
    return ended.output
