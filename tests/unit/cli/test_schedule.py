"""``ccsched schedule explain``, which needs no daemon."""

import json
from datetime import datetime
from typing import Any

import pytest
from click.testing import CliRunner, Result

from scheduler_daemon.cli.main import ccsched


def explain(*arguments: str, output: str = "json", zone: str | None = "Europe/Berlin") -> Result:
    """What the command gives where no daemon is."""
    given = ["schedule", "explain", *arguments, "--output", output]
    if zone:
        given += ["--timezone", zone]
    return CliRunner().invoke(ccsched, given, env={"CCSCHED_HOME": "/nonexistent", "TZ": "Asia/Tokyo"})


def document(*arguments: str, zone: str | None = "Europe/Berlin") -> dict[str, Any]:
    """The JSON document that the command gives."""
    result = explain(*arguments, zone=zone)
    assert (result.exit_code, result.stderr) == (0, "")
    found = json.loads(result.stdout)
    assert isinstance(found, dict)
    return found


def test_a_program_gets_one_document() -> None:
    """It says what was asked, what that means, and when it is due, with offsets."""
    assert document("0 2 * * 1-5", "--from", "2031-05-16T02:00", "-n", "2") == {
        "expression": "0 2 * * 1-5",
        "timezone": "Europe/Berlin",
        "words": "at 02:00, Monday to Friday",
        "from": "2031-05-16T02:00:00+02:00",
        "next": ["2031-05-19T02:00:00+02:00", "2031-05-20T02:00:00+02:00"],
        "more": True,
        "notes": [],
    }


def test_a_person_gets_words_and_times() -> None:
    """The weekday stands beside the date, the zone beside the words."""
    result = explain("@daily", "--from", "2031-10-25", "-n", "2", output="table")
    assert result.exit_code == 0
    assert result.stdout == (
        "at 00:00, every day (Europe/Berlin)\n\nSun 2031-10-26 00:00:00+02:00\nMon 2031-10-27 00:00:00+01:00\n"
    )


@pytest.mark.parametrize(
    ("expression", "start", "due", "note"),
    [
        ("30 2 * * *", "2031-03-30", "2031-03-30T03:00:00+02:00", "02:30 does not exist that day: {after}"),
        ("0,30 2 * * *", "2031-03-30", "2031-03-30T03:00:00+02:00", "02:00 and 02:30 do not exist that day: {once}"),
        ("0-59 2 * * *", "2031-03-30", "2031-03-30T03:00:00+02:00", "02:00 to 02:59 do not exist that day: {once}"),
        ("5 30 2 * * *", "2031-03-30", "2031-03-30T03:00:00+02:00", "02:30:05 does not exist that day: {after}"),
        ("30 2 30 3 *", "2030-04-01", "2031-03-30T03:00:00+02:00", "02:30 does not exist that day: {after}"),
        ("30 2 * * *", "2031-10-26", "2031-10-26T02:30:00+02:00", "02:30 comes twice: runs at the first"),
    ],
    ids=["skipped", "two skipped", "many skipped", "skipped second", "a year ahead", "twice"],
)
def test_a_time_that_a_zone_change_moved_is_marked(expression: str, start: str, due: str, note: str) -> None:
    """The mark names the time that clocks skip or show twice, in both outputs."""
    note = note.format(after="runs right after the gap", once="runs once, right after the gap")
    found = document(expression, "--from", start, "-n", "1")
    assert found["next"] == [due]
    assert found["notes"] == [{"at": due, "note": note}]
    table = explain(expression, "--from", start, "-n", "1", output="table").stdout
    assert table.endswith(f" {due.replace('T', ' ')}  {note}\n")


def test_a_wildcard_is_not_moved() -> None:
    """It is not due in a gap, and in both passes of what comes twice; nothing is marked."""
    spring = document("*/30 2 * * *", "--from", "2031-03-30", "-n", "1")
    autumn = document("30 */2 * * *", "--from", "2031-10-26T02:00+02:00", "-n", "2")
    assert (spring["next"], spring["notes"]) == (["2031-03-31T02:00:00+02:00"], [])
    assert autumn["next"] == ["2031-10-26T02:30:00+02:00", "2031-10-26T02:30:00+01:00"]
    assert autumn["notes"] == []


def test_five_times_are_told_if_not_said_otherwise() -> None:
    """They begin after now, in the machine's own zone."""
    before = datetime.now().astimezone()
    found = document("* * * * *", zone=None)
    times = [datetime.fromisoformat(time) for time in found["next"]]
    assert len(times) == 5
    assert found["timezone"] == "Asia/Tokyo"
    assert all(time.endswith("+09:00") for time in [found["from"], *found["next"]])
    assert before <= datetime.fromisoformat(found["from"]) < times[0]
    assert (times[0] - before).total_seconds() < 180


def test_until_a_time_all_are_told() -> None:
    """The last may be at that time itself; a number limits them, and then it is said that there are more."""
    hours = ("0 * * * *", "--from", "2031-05-17T00:00", "--until", "2031-05-17T12:00")
    assert len(document(*hours)["next"]) == 12
    assert document(*hours)["next"][-1] == "2031-05-17T12:00:00+02:00"
    assert not document(*hours)["more"]
    assert len(document(*hours, "-n", "3")["next"]) == 3
    assert document(*hours, "-n", "3")["more"]
    assert explain(*hours, "-n", "3", output="table").stdout.endswith("03:00:00+02:00\nand more\n")
    assert not document(*hours, "-n", "12")["more"]


def test_a_time_in_which_nothing_is_due() -> None:
    """An empty list for a program, a sentence for a person."""
    never = ("0 0 29 2 *", "--from", "2029-01-01", "--until", "2031-12-31")
    assert document(*never)["next"] == []
    assert explain(*never, output="table").stdout == (
        "at 00:00, on the 29th of February (Europe/Berlin)\n\nNot due in that time.\n"
    )


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2031-05-17", "2031-05-17T00:00:00+02:00"),
        ("2031-05-17T02:00", "2031-05-17T02:00:00+02:00"),
        ("2031-05-17 02:00:30", "2031-05-17T02:00:30+02:00"),
        ("2031-05-17T02:00Z", "2031-05-17T04:00:00+02:00"),
        ("2031-05-17T02:00-04:00", "2031-05-17T08:00:00+02:00"),
        ("2031-10-26T02:30", "2031-10-26T02:30:00+02:00"),
        ("2031-03-30T02:30", "2031-03-30T03:30:00+02:00"),
    ],
)
def test_a_time_without_an_offset_is_the_zone_s(written: str, meant: str) -> None:
    """With one it is the same instant, shown in the zone."""
    assert document("@daily", "--from", written)["from"] == meant


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("0 25 * * *", "the hour field cannot be '25': it takes 0 to 23"),
        ("0 0 30 2 *", "is never due"),
        ("30m", "'30m' is no cron expression: write five fields"),
        ("", "'' is no cron expression"),
        ("\x1b[2J * * * *", r"'\x1b[2J'"),
        ("0 " * 4000, "is no cron expression"),
    ],
    ids=["hour", "never", "interval", "empty", "escape", "long"],
)
@pytest.mark.parametrize("output", ["json", "table"])
def test_what_a_task_could_not_have_is_refused(expression: str, reason: str, output: str) -> None:
    """The reason is one line on standard error, whatever the output is for."""
    result = explain(expression, output=output)
    assert (result.exit_code, result.stdout) == (1, "")
    assert reason in result.stderr
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
    assert len(result.stderr) < 350


def test_what_a_zone_skips_each_time_is_refused() -> None:
    """On the last Sunday in March there is no such hour, and a wildcard is not made up for."""
    result = explain("*/5 2 * 3 SUNL")
    assert result.exit_code == 1
    assert "never due in Europe/Berlin, where clocks skip it whenever it comes" in result.stderr
    assert explain("*/5 2 * 3 SUNL", zone="Asia/Tokyo").exit_code == 0
    assert explain("0-59/5 2 * 3 SUNL").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ("@daily", "--from", "yesterday"),
            "for --from: 'yesterday' is no time; write 2031-05-17,",
        ),
        (("@daily", "--from", ""), "for --from: '' is no time"),
        (("@daily", "--from", "2031-02-30"), "for --from: '2031-02-30' is no time: day is out of range for month"),
        (("@daily", "--from", "2031-13-01"), "for --from: '2031-13-01' is no time: month must be in 1..12"),
        (
            ("@daily", "--from", "9999-12-31"),
            "for --from: '9999-12-31' is no time: its year is not from 1900 to 9799",
        ),
        (("@daily", "--from", "0001-01-01T00:00+14:00"), "for --from: '0001-01-01T00:00+14:00' is no time"),
        (("@daily", "--until", "25:00"), "for --until: '25:00' is no time"),
        (("@daily", "--until", "9" * 5000), "for --until: '999"),
        (("@daily", "--until", "2000-01-01"), "for --until: 2000-01-01 00:00:00+09:00 is past; give a later time"),
        (
            ("@daily", "--from", "2031-02-01", "--until", "2031-01-01"),
            "2031-01-01 00:00:00+09:00 is not after 2031-02-01 00:00:00+09:00, the time of --from",
        ),
        (("@daily", "--timezone", "Mars/Olympus"), "for --timezone: there is no time zone 'Mars/Olympus'"),
        (("@daily", "--timezone", "berlin"), "did you mean Europe/Berlin?"),
        (("@daily", "--timezone", ""), "for --timezone: there is no time zone ''"),
        (("@daily", "-n", "0"), "for '-n': 0 is not in the range 1<=x<=10000"),
        (("@daily", "-n", "10001"), "for '-n': 10001 is not in the range 1<=x<=10000"),
        (("0", "2", "*", "*", "*"), "An expression is written in quotes: ccsched schedule explain '0 2 * * 1-5'"),
        ((), "Missing argument 'EXPRESSION'"),
    ],
)
def test_wrong_usage_says_what_to_write(arguments: tuple[str, ...], told: str) -> None:
    """The option is named, and how to write it."""
    result = explain(*arguments, zone=None)
    assert (result.exit_code, result.stdout) == (2, "")
    assert told in " ".join(result.stderr.split())
    assert len(result.stderr) < 600


def test_a_machine_without_a_clock_to_go_by_is_told_so() -> None:
    """A TZ that is no zone is not passed over; naming a zone helps."""
    unknown = CliRunner().invoke(ccsched, ["schedule", "explain", "@daily"], env={"TZ": "Mars/Olympus"})
    assert unknown.exit_code == 2
    assert "the variable TZ is 'Mars/Olympus'" in unknown.stderr
    assert "--timezone" in unknown.stderr


def test_the_end_of_the_calendar_is_the_end_of_the_list() -> None:
    """Nothing is told of the last two centuries before Python's calendar ends."""
    found = document("0 0 29 2 */7", "--from", "9750-01-01", "-n", "10000", zone="Pacific/Kiritimati")
    assert len(found["next"]) < 5
    assert found["next"][-1] < "9800"


def test_ten_thousand_times() -> None:
    """So many are told in one go."""
    assert len(document("* * * * *", "--from", "2031-05-17", "-n", "10000")["next"]) == 10_000
