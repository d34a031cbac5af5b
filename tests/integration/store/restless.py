"""A process to be killed: for each home it is told, a child that changes the record without end.

Reads ``home seed`` lines; forks for each, so that the imports are paid for once, writes the child's process
id, and the next line when the child has ended.
"""

import os
import random
import sys
import threading
from pathlib import Path

from scheduler_daemon.home import Home
from scheduler_daemon.model.profile import Profile
from scheduler_daemon.store.store import Store
from tests.integration.store.conftest import Desk, a_job, a_run, a_task


def change(desk: Desk, chance: random.Random) -> None:
    """One change, as a daemon makes them."""
    store = desk.store
    jobs, tasks = store.jobs.all(), store.tasks.all()
    match chance.randrange(6):
        case 0:
            desk.put(a_job("j" * chance.randrange(1, 400)))
        case 1 | 2 if jobs:
            job = chance.choice(jobs)
            task = a_task(job, command="c" * chance.randrange(1, 100_000))
            desk.put(job.model_copy(update={"task_order": [*job.task_order, task.id]}), task)
        case 3 if len(jobs) > 4:
            with store.transaction():
                store.jobs.delete(chance.choice(jobs).id)
        case 4 if tasks:
            desk.put(chance.choice(tasks).model_copy(update={"name": str(chance.random())}))
            with store.transaction():
                store.profiles.put(Profile(name=str(chance.random())))
        case _ if tasks:
            task = chance.choice(tasks)
            desk.put(a_run(a_job(id=task.job_id), task, output="o" * chance.randrange(5000)))


def live(path: Path, seed: int) -> None:
    """Take over the home and change it until killed."""
    chance = random.Random(seed)
    home = Home(path)
    desk = Desk(home, Store(home.state_db))
    intake = desk.face.start()
    if intake.taken or intake.rejected:
        os._exit(3)
    while True:
        change(desk, chance)
        if chance.random() < 0.7 and (pending := desk.face.render()):
            writer = threading.Thread(target=desk.face.write, args=[pending])
            writer.start()
            if chance.random() < 0.5:
                change(desk, chance)
            writer.join()
        if chance.random() < 0.3:
            desk.face.edited()


for line in sys.stdin:
    path, seed = line.rsplit(maxsplit=1)
    child = os.fork()
    if not child:
        live(Path(path), int(seed))
    sys.stdout.write(f"{child}\n")
    sys.stdout.flush()
    sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n")
    sys.stdout.flush()
