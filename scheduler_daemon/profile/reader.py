"""Reads the variables that come from a keychain or from AWS, in a process apart: see ``apart.py``.

Standard input holds one JSON document, ``{"limit": seconds, "variables": [EnvVar, …]}``. Standard output gets a line
for each variable as soon as it is known: ``{"at": position, "value": text}``, or ``failure`` in place of ``value``.
"""

import json
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

from scheduler_daemon.model.enums import EnvVarSource
from scheduler_daemon.model.profile import EnvVar
from scheduler_daemon.profile import aws_secrets_manager, aws_ssm, keychain
from scheduler_daemon.profile.aws import Lookup
from scheduler_daemon.profile.source import Found, Source, SourceFailed, ask

_MOST_THREADS = 16

_GRACE = 5.0
"""Seconds over the limit; by then a daemon that lives has ended this process."""


def main() -> None:
    """Do as standard input says."""
    orders = json.load(sys.stdin.buffer)
    limit = float(orders["limit"])
    # A keychain may wait for ever, and a daemon that has died ends nobody.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, limit + _GRACE)
    with os.fdopen(_take_standard_output(), "w", encoding="ascii") as answers:
        variables = [EnvVar.from_dict(variable) for variable in orders["variables"]]
        for position, outcome in _read(variables, limit):
            answer = {"failure": str(outcome)} if isinstance(outcome, SourceFailed) else {"value": outcome.value}
            print(json.dumps({"at": position, **answer}), file=answers, flush=True)
    # Nothing is left that anybody would want to wait for.
    os._exit(0)


def _take_standard_output() -> int:
    """Standard output for the answers alone: a keychain's plug-in may print, a credentials' process inherits it."""
    answers = os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    return answers


def _read(variables: Sequence[EnvVar], limit: float) -> Iterator[tuple[int, Found | SourceFailed]]:
    """Each variable's position and outcome, as they come to be known."""
    sources = {
        EnvVarSource.KEYCHAIN: keychain.find,
        EnvVarSource.AWS_SECRETS_MANAGER: Lookup(aws_secrets_manager.SERVICE, limit).find,
        EnvVarSource.AWS_SSM: Lookup(aws_ssm.SERVICE, limit).find,
    }
    known: SimpleQueue[tuple[int, Found | SourceFailed]] = SimpleQueue()

    def read_in_turn(positions: Sequence[int]) -> None:
        for position in positions:
            known.put((position, _ask(sources, variables[position])))

    # A person is asked one thing at a time, and a keychain that they unlock is unlocked for what follows.
    turns = [[at for at, variable in enumerate(variables) if variable.source is EnvVarSource.KEYCHAIN]]
    turns += [[at] for at in range(len(variables)) if at not in turns[0]]
    pool = ThreadPoolExecutor(_MOST_THREADS)
    for turn in turns:
        pool.submit(read_in_turn, turn)
    for _ in variables:
        yield known.get()


def _ask(sources: Mapping[EnvVarSource, Source], variable: EnvVar) -> Found | SourceFailed:
    try:
        return ask(sources[variable.source], variable)
    except BaseException as error:
        # Libraries of others, with plug-ins of others still: whatever it is, it is this variable's alone. The error's
        # own text may hold anything.
        return SourceFailed(f"it cannot be read, for a reason that is not foreseen ({type(error).__name__})")


if __name__ == "__main__":
    main()
