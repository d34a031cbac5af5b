"""The doctor looks at what keeps the daemon."""

import json
from typing import Any

from tests.integration.service.conftest import Person
from tests.support.house import STAND_IN as AGENT


def examined(person: Person) -> dict[str, dict[str, Any]]:
    """What the doctor finds of daemon and service, by check."""
    answer = json.loads(person.ccsched("doctor", "--output", "json").stdout)
    return {check["check"]: check for check in answer["checks"] if check["group"] in ("daemon", "service")}


def test_what_keeps_the_daemon(person: Person) -> None:
    """A service that lingers is green; each thing that is not so has its command, be there a daemon or not."""
    person.settings(agent_command=["python3", str(AGENT)])
    before = examined(person)
    assert (before["answers"]["status"], before["answers"]["fix"]) == ("failed", "ccsched service install")
    assert (before["service"]["status"], before["service"]["fix"]) == ("warning", "ccsched service install --linger")

    person.service("install")
    installed = examined(person)
    assert installed["service"]["status"] == installed["answers"]["status"] == "ok", installed
    assert (installed["linger"]["status"], installed["linger"]["fix"]) == (
        "warning",
        "ccsched service install --linger",
    )
    assert installed["PATH"]["status"] in ("ok", "warning")
    (person.managers / "lingers").touch()
    assert examined(person)["linger"]["status"] == "ok"

    person.service("stop")
    stopped = examined(person)
    assert (stopped["answers"]["fix"], stopped["service"]["fix"]) == ("ccsched service start",) * 2
    assert stopped["service"]["status"] == "failed"

    person.start()
    by_hand = examined(person)
    assert by_hand["service"]["status"] == "failed"
    assert by_hand["answers"]["status"] == "ok"
