"""One supervisor, from its first instruction to its last."""

import os

from . import fault
from .descendants import Descendants
from .orders import NotOrders, Orders
from .prctl import adopt_orphans
from .record import claim, write_record
from .run import Run
from .signals import Signals

RECORDED = 0
"""The exit record is written, or nobody waits for it any more: its folder is gone."""
NO_ORDERS = 2
CLAIMED = 3
"""Another supervisor has this run."""
NOT_CLAIMED = 4
"""The claim could not be made."""


def main() -> int:
    """Do as the orders on stdin say; the exit status, one of the above.

    When it is not RECORDED, no agent was started. An exception ends the run, and leaves no record of its end.
    """
    os.closerange(3, max(int(name) for name in os.listdir("/dev/fd")) + 1)  # noqa: PTH208 - pathlib takes long to import
    signals = Signals()
    if os.getpgrp() != os.getpid():  # the leader of a group is mostly that of its session, and cannot change it
        os.setsid()
    descendants = Descendants(os.getpid(), adopts=adopt_orphans())
    try:
        orders = Orders(_stdin())
    except NotOrders:
        return NO_ORDERS
    try:
        folder = os.open(orders.folder, os.O_RDONLY | os.O_DIRECTORY)
        claim(folder)
        fault.enable(orders.faults)
        fault.step("claimed")
    except FileExistsError:
        return CLAIMED
    except OSError:
        return NOT_CLAIMED
    run = Run(orders, signals, descendants)
    try:
        run.go(folder)
    except BaseException:
        # Nothing of a run may go on unsupervised.
        descendants.kill(descendants.running())
        raise
    write_record(folder, run.record())
    fault.step("exit-recorded")
    return RECORDED


def _stdin() -> bytes:
    blocks = []
    while block := os.read(0, 1 << 20):
        blocks.append(block)
    return b"".join(blocks)
