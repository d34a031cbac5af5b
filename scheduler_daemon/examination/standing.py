"""How the daemon's own affairs stand: its home, its runs, money, and who is told of them."""

import os
import shutil
import sys
from collections.abc import Sequence

from scheduler_daemon.engine import accounts
from scheduler_daemon.examination.finding import Check, Finding, failed, ok, skipped, warning
from scheduler_daemon.examination.permissions import refused_to_root
from scheduler_daemon.examination.subject import Subject
from scheduler_daemon.holder import holder
from scheduler_daemon.run.notification import desktop_command
from scheduler_daemon.run.process import identity
from scheduler_daemon.schedule.local import local_text
from scheduler_daemon.store.store import Store

GROUP = "runs"
ROOT = "root"
"""What the check is about that says which tasks the agent refuses to root."""
_NAMED = 3


def of_standing(subject: Subject, spending: Sequence[Finding]) -> list[Check]:
    """The checks of it; ``spending`` is what was found in the record, see ``spent``."""
    return [
        Check("home", "lock", lambda: [_lock(subject)]),
        Check(GROUP, "live runs", lambda: _live(subject)),
        Check(GROUP, "permissions", lambda: [_root(subject)], about=ROOT),
        Check(GROUP, "spending", lambda: spending),
        Check(GROUP, "notifications", lambda: [_notified(subject)]),
    ]


def spent(store: Store, subject: Subject) -> list[Finding]:
    """Which of what may be spent in a day has been spent; called in the thread that uses the store."""
    since = subject.now - accounts.DAY
    limits = [
        (store.spending.since(since, subject.now), subject.settings.max_usd_per_day, "all runs", "settings get"),
        *(
            (
                store.spending.since(since, subject.now, job_id=job.id),
                job.max_usd_per_day,
                f"the runs of job {job.name}",
                f"jobs get {str(job.id)[:8]}",
            )
            for job in subject.jobs.values()
            if job.max_usd_per_day is not None
        ),
        *(
            (
                store.spending.since(since, subject.now, profile_id=profile.id),
                profile.max_usd_per_day,
                f"the runs with profile {profile.name}",
                f"profiles get {str(profile.id)[:8]}",
            )
            for profile in subject.profiles.values()
            if profile.max_usd_per_day is not None
        ),
    ]
    found = [
        warning(
            f"{whose} have cost in a day what they may; new ones wait until {local_text(until)}", f"ccsched {see}"
        )
        for entries, limit, whose, see in limits
        if limit is not None and (until := accounts.below(entries, limit))
    ]
    if not any(limit is not None for _, limit, _, _ in limits):
        return [skipped("no limit is set")]
    return found or [ok("no limit of a day is reached")]


def _lock(subject: Subject) -> Finding:
    other = holder(subject.home)
    if other is None:
        # It holds the file that it opened, which is no longer the one of this name.
        told = f"another daemon could start on this home, for {subject.home.lock} is not the file that this one holds"
        return failed(told, "ccsched service restart")
    if other != os.getpid():
        told = f"the home is held by process {other}, and the socket is served by {os.getpid()}"
        return failed(told, f"ps -p {other},{os.getpid()} -o pid,user,lstart,args")
    return ok(f"held by this daemon alone, process {os.getpid()}")


def _live(subject: Subject) -> list[Finding]:
    found = []
    for run, execution in subject.running.values():
        short = str(run.id)[:8]
        whose = f"run {short} of {run.job_name}/{run.task_name}"
        alive = execution and identity(execution.supervisor_pid) == execution.supervisor_identity
        if run.id not in subject.attended and not alive:
            found.append(failed(f"{whose} is running on record, and nothing of it lives", "ccsched service restart"))
        elif run.stalled_at:
            silent = f"{whose} has not said a word since {local_text(run.stalled_at)}"
            found.append(warning(silent, f"ccsched runs logs {short}"))
    count = len(subject.running)
    return found or [ok("none" if not count else "1, alive" if count == 1 else f"{count}, all alive")]


def _root(subject: Subject) -> Finding:
    if os.geteuid() != 0:
        return skipped("the daemon does not run as root")
    refused = [task for task in subject.enabled() if refused_to_root(subject, task)]
    if not refused:
        return ok("the daemon runs as root, and no task asks for what the agent refuses to root")
    names = ", ".join(subject.named(task) for task in refused[:_NAMED]) + (", …" if len(refused) > _NAMED else "")
    many = "1 task bypasses" if len(refused) == 1 else f"{len(refused)} tasks bypass"
    return failed(
        f"the daemon runs as root, to whom the agent refuses to bypass permissions, and {many} them",
        f"ccsched tasks update {str(refused[0].id)[:8]} --permissions acceptEdits",
        f"It concerns {names}. Or run the daemon as a user of its own; or, in a container that is there for it, "
        "with IS_SANDBOX=1.",
    )


def _notified(subject: Subject) -> Finding:
    wanted = [task for task in subject.enabled() if task.notifications.on_failure or task.notifications.on_success]
    if not wanted:
        return skipped("no task notifies anybody")
    program = (subject.settings.notify_command or desktop_command(sys.platform, "", ""))[0]
    if shutil.which(program) is None:
        return failed(
            f"{subject.named(wanted[0])} notifies, and there is no program {program!r} on the daemon's PATH",
            "ccsched settings set notify_command '/the/full/path/of/a/program'",
        )
    return ok(f"by {program}")
