"""Has variables read in a process apart.

A keychain may wait for a person, and AWS for a network: a process can be ended whatever it waits for. And their
libraries, tens of megabytes, are gone with it. Values pass through its pipes, and nothing else.
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence

from scheduler_daemon.installed import replaced
from scheduler_daemon.model.enums import EnvVarSource
from scheduler_daemon.model.profile import EnvVar
from scheduler_daemon.profile import aws, child, keychain
from scheduler_daemon.profile.source import LONGEST, Found, SourceFailed

_MOST = 8 * LONGEST
"""Bytes that the answer for one variable may take: JSON writes a character with six bytes at the most."""

# Without -P, a package in the directory that the daemon was started in would stand in for ours.
_READER = (sys.executable, "-P", "-m", "scheduler_daemon.profile.reader")

_LATE: Mapping[EnvVarSource, str] = {
    EnvVarSource.KEYCHAIN: keychain.LATE,
    EnvVarSource.AWS_SECRETS_MANAGER: aws.LATE,
    EnvVarSource.AWS_SSM: aws.LATE,
}


def find_all(variables: Sequence[EnvVar], base: Mapping[str, str], limit: float) -> list[Found | SourceFailed]:
    """What their sources give for each of the variables, in their order.

    One process reads them all, in the environment ``base``; what it has not read after ``limit`` seconds has failed.
    """
    if not variables:
        return []
    orders = {"limit": limit, "variables": [variable.to_dict() for variable in variables]}
    late = False
    try:
        ended = child.run(_READER, base, given=json.dumps(orders).encode(), limit=limit, most=_MOST * len(variables))
        how = f"by signal {-ended.status}" if ended.status < 0 else f"with exit status {ended.status}"
        output, missing = ended.output, f"the process that reads it ended too early, {how}{replaced()}"
    except child.TookLonger as killed:
        output, missing, late = killed.output, f"it took longer than {limit:g} s; ", True
    except child.WroteMore as killed:
        output, missing = killed.output, "the process that reads it wrote more than it may"
    except OSError as error:
        output, missing = b"", f"the process that reads it could not be started: {error.strerror}"
    found = dict(_outcomes(output))
    return [
        found.get(position) or SourceFailed(missing + (_LATE[variable.source] if late else ""))
        for position, variable in enumerate(variables)
    ]


def _outcomes(output: bytes) -> Iterator[tuple[int, Found | SourceFailed]]:
    # What follows the last newline was cut off.
    for line in output.split(b"\n")[:-1]:
        answer = json.loads(line)
        failed = "failure" in answer
        yield answer["at"], SourceFailed(answer["failure"]) if failed else Found(answer["value"], secret=True)
