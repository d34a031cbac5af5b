"""What can be looked at without a record: the client does so itself where no daemon answers."""

from collections.abc import Callable, Sequence

from scheduler_daemon.examination.clock import of_clock
from scheduler_daemon.examination.disk import Place, of_disks
from scheduler_daemon.examination.finding import Check
from scheduler_daemon.examination.home_directory import of_home
from scheduler_daemon.examination.sleep import of_sleep
from scheduler_daemon.home import Home


def of_machine(home: Home, others: Callable[[], Sequence[Place]] = tuple) -> list[Check]:
    """The checks of a home and of the machine it is on; ``others`` tells where else there is to be room."""

    def places() -> list[Place]:
        return [("the home", home.path), ("logs", home.logs), *others()]

    return [*of_home(home), of_disks(places), *of_clock(), of_sleep()]
