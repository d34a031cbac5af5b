"""The variables that a person gave a service by hand: kept when it is installed once more."""

import json

from scheduler_daemon.home import Home
from scheduler_daemon.service import plan
from scheduler_daemon.service.plan import Plan, RemoveFile


def read(home: Home) -> frozenset[str]:
    """The names of the variables that were given; their values are in the service's own file."""
    try:
        return frozenset(map(str, json.loads(home.service_choices.read_text(encoding="utf-8"))["variables"]))
    except (OSError, ValueError, LookupError, TypeError):
        return frozenset()


def written(home: Home, names: frozenset[str]) -> Plan:
    """The step that keeps their names; none where they are kept, or there are none."""
    if names == read(home):
        return ()
    return plan.written(home.service_choices, json.dumps({"variables": sorted(names)}) + "\n")


def removed(home: Home) -> Plan:
    """The step that forgets them; none where there is nothing to forget."""
    return (RemoveFile(home.service_choices),) if home.service_choices.exists() else ()
