"""Everything that is looked at, and in which order it is told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scheduler_daemon.examination.accounts import Environments, of_accounts
from scheduler_daemon.examination.coming import Night
from scheduler_daemon.examination.directories import of_directories, of_identities, repositories
from scheduler_daemon.examination.disk import Place
from scheduler_daemon.examination.finding import Check, Examined, Finding
from scheduler_daemon.examination.machine import of_machine
from scheduler_daemon.examination.permissions import refused_to_root
from scheduler_daemon.examination.programs import AGENT, GIT, of_programs
from scheduler_daemon.examination.rehearsal import of_night
from scheduler_daemon.examination.shell_command import first_word
from scheduler_daemon.examination.side_by_side import carry_out
from scheduler_daemon.examination.standing import ROOT, of_standing
from scheduler_daemon.examination.subject import Subject
from scheduler_daemon.examination.usage import of_limits
from scheduler_daemon.examination.watched import of_watches
from scheduler_daemon.model.enums import EnvVarSource

_WITH_THE_SHELL = ("git", "node")
"""Programs that are to be the same for the daemon and in a shell, beside those that are on record."""


@dataclass(frozen=True)
class Examination:
    """What was found."""

    examined: Sequence[Examined]
    rehearsed: Sequence[Sequence[Examined]]
    """For each task that is to come, in their order: what was found that concerns it."""


def examine(subject: Subject, spending: Sequence[Finding], night: Night, *, rehearse: bool) -> Examination:
    """Look at everything; it blocks for as long as the slowest check may take.

    ``spending`` is what was found of it in the record. With ``rehearse``, each task of the night is looked at, too.
    """
    environments: Environments = {}
    examined = carry_out(_checks(subject, spending, night, environments))
    if not rehearse:
        return Examination(examined, [])
    by_subject = {each.check.about: each for each in examined}
    rehearsed = []
    for coming, own in zip(night.coming, carry_out(of_night(subject, night, environments)), strict=True):
        about = [AGENT, ("account", subject.profile_of(coming.task)), ("job", coming.job.id)]
        about += [ROOT] if refused_to_root(subject, coming.task) else []
        about += [GIT] if coming.task.commit_on_success or coming.job.working_directory.use_git_worktree else []
        rehearsed.append([own, *(by_subject[each] for each in about if each in by_subject)])
    return Examination(examined, rehearsed)


def _checks(subject: Subject, spending: Sequence[Finding], night: Night, environments: Environments) -> list[Check]:
    def places() -> list[Place]:
        return [("repositories", path) for path in repositories(subject)]

    return [
        *of_programs(subject.settings.agent_command),
        of_identities(subject),
        *of_accounts(subject, night.profiles(subject), environments),
        of_limits(subject),
        *of_directories(subject),
        *of_standing(subject, spending),
        *of_machine(subject.home, places),
        *of_watches(subject),
    ]


def programs(subject: Subject) -> list[str]:
    """The programs that runs need, as far as that is known: whether a shell finds the same is for others to see."""
    commands = [
        *(task.verify.command for task in subject.enabled() if task.verify.command),
        *(
            variable.value
            for profile in subject.profiles.values()
            for variable in profile.env_vars
            if variable.source is EnvVarSource.COMMAND
        ),
    ]
    words = [subject.settings.agent_command[0], *subject.settings.notify_command[:1], *map(first_word, commands)]
    named = {word for word in words if word and "/" not in word}
    return sorted({*_WITH_THE_SHELL, *named})


def documents(examined: Sequence[Examined]) -> list[dict[str, str | None]]:
    """All findings as the control socket tells of them."""
    return [document for each in examined for document in each.documents()]


def concerning(found: Sequence[Examined]) -> list[Mapping[str, str | None]]:
    """What somebody should look at."""
    return [document for document in documents(found) if document["status"] in ("warning", "failed")]
