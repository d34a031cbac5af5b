"""The property list of a launchd agent."""

import plistlib
from pathlib import Path

import pytest

from scheduler_daemon.home import Home
from scheduler_daemon.service import launchd_agent

KEYS = {
    "Label", "Disabled", "UserName", "GroupName", "inetdCompatibility", "LimitLoadToHosts", "LimitLoadFromHosts",
    "LimitLoadToSessionType", "LimitLoadToHardware", "LimitLoadFromHardware", "Program", "BundleProgram",
    "ProgramArguments", "EnableGlobbing", "EnableTransactions", "EnablePressuredExit", "OnDemand", "ServiceIPC",
    "KeepAlive", "RunAtLoad", "RootDirectory", "WorkingDirectory", "EnvironmentVariables", "Umask", "TimeOut",
    "ExitTimeOut", "ThrottleInterval", "InitGroups", "WatchPaths", "QueueDirectories", "StartOnMount",
    "StartInterval", "StartCalendarInterval", "StandardInPath", "StandardOutPath", "StandardErrorPath", "Debug",
    "WaitForDebugger", "SoftResourceLimits", "HardResourceLimits", "Nice", "ProcessType", "AbandonProcessGroup",
    "LowPriorityIO", "LowPriorityBackgroundIO", "MaterializeDatalessFiles", "LaunchOnlyOnce", "MachServices",
    "Sockets", "LaunchEvents", "HopefullyExitsLast", "HopefullyExitsFirst", "SessionCreate", "LegacyTimers",
    "AssociatedBundleIdentifiers",
}  # fmt: skip
"""Every key of launchd.plist(5)."""
LIMITS = {
    "Core", "CPU", "Data", "FileSize", "MemoryLock", "NumberOfFiles", "NumberOfProcesses", "ResidentSetSize", "Stack",
}  # fmt: skip
"""Every key of a dictionary of resource limits, there."""
HOME = Home(Path("/Users/nina/Job's <home> & more"))


def test_keys() -> None:
    """All that is said has a name that launchd knows; it passes over others in silence."""
    for graphical in (True, False):
        text = launchd_agent.text("local.ccsched", "/bin/ccschedd", HOME, {"A": "1"}, graphical=graphical)
        agent = plistlib.loads(text.encode())
        assert agent.keys() <= KEYS
        assert agent["SoftResourceLimits"].keys() | agent["HardResourceLimits"].keys() <= LIMITS
        assert agent["KeepAlive"] == {"SuccessfulExit": False}
        assert agent["ProcessType"] in {"Background", "Standard", "Adaptive", "Interactive"}
        assert agent["AbandonProcessGroup"] is agent["RunAtLoad"] is True


def test_read_back() -> None:
    """Program, home, log and variables are read back as they were given."""
    environment = {"PATH": "/opt/a & b", "GREETING": "</string> é\n"}
    agent = launchd_agent.read(
        launchd_agent.text("local.ccsched", "/it's/ccschedd", HOME, environment, graphical=True).encode()
    )
    assert agent.program == "/it's/ccschedd"
    assert agent.arguments == ("--home", str(HOME.path), "--log-file", str(HOME.daemon_log))
    assert agent.environment == environment


@pytest.mark.parametrize("text", [b"", b"<plist>", b'<plist version="1.0"><array/></plist>', b"bplist00"])
def test_no_agent(text: bytes) -> None:
    """Something else is told from an agent."""
    with pytest.raises(launchd_agent.NotAnAgent):
        launchd_agent.read(text)
