"""Durations and times, as people write and read them."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from scheduler_daemon.cli import times


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine in Berlin."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Europe/Berlin")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("30m", (30, "minutes")),
        ("2h", (2, "hours")),
        ("1d", (1, "days")),
        (" 5 MIN ", (5, "minutes")),
        ("90m", (90, "minutes")),
        ("1h30m", (90, "minutes")),
        ("1d 12h", (36, "hours")),
        ("23h60m", (1, "days")),
        ("120s", (2, "minutes")),
    ],
)
def test_an_interval_is_a_number_and_a_unit(written: str, meant: tuple[int, str]) -> None:
    """Minutes, hours and days are read, as people spell them; several are summed."""
    assert times.interval(written) == meant


@pytest.mark.parametrize("written", ["", "30", "h", "-1h", "1.5h", "2 weeks", "1h30", "30 90", "1h,30m", "\u0663m"])
def test_what_is_no_interval_is_refused(written: str) -> None:
    """The refusal shows how to write one."""
    with pytest.raises(times.NotADuration, match=r"does not say how long; .* 30m, 2h, 1d or 1h30m"):
        times.interval(written)


@pytest.mark.parametrize("written", ["90s", "1h30s"])
def test_an_interval_is_whole_minutes(written: str) -> None:
    """A schedule knows nothing finer, and nothing is rounded."""
    with pytest.raises(times.NotADuration, match="no whole number of minutes"):
        times.interval(written)


@pytest.mark.parametrize("written", ["9999999999d", "1h9999999999m", "9" * 5000 + "m"])
def test_what_is_too_long_is_told_so(written: str) -> None:
    """A number that is one is not taken for none, and the message stays short."""
    for read in (times.interval, times.seconds):
        with pytest.raises(times.NotADuration, match="is too long") as refused:
            read(written)
        assert len(str(refused.value)) < 150


@pytest.mark.parametrize(
    ("written", "meant"),
    [("90", 90), ("45s", 45), ("30m", 1800), ("2h", 7200), ("1h30m", 5400), ("1h 1m 1s", 3661), ("007m", 420)],
)
def test_a_time_limit_is_seconds_or_has_units(written: str, meant: int) -> None:
    """A bare number is seconds, several parts are summed."""
    assert times.seconds(written) == meant


@pytest.mark.parametrize(
    ("amount", "typed"),
    [(0, "0s"), (45, "45s"), (60, "1m"), (5400, "1h30m"), (86400, "1d"), (90061, "1d1h1m1s")],
)
def test_whole_seconds_are_shown_as_they_are_typed(amount: int, typed: str) -> None:
    """Nothing is rounded, and what is shown may be typed again."""
    assert times.spelled(amount) == typed
    assert times.seconds(typed) == amount


def test_the_time_until_something_is_told_from_now() -> None:
    """In two units; what has come is now."""
    now = datetime.now(UTC)
    assert times.until((now + timedelta(hours=3, minutes=5, seconds=10)).isoformat()) == "in 3h 5m"
    assert times.until((now - timedelta(seconds=1)).isoformat()) == "now"


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (None, ""),
        (-1, "0.0s"),
        (4.24, "4.2s"),
        (59.96, "1m 0s"),
        (80, "1m 20s"),
        (3599.7, "1h 0m"),
        (7500, "2h 5m"),
        (86399, "1d 0h"),
        (100 * 3600, "4d 4h"),
    ],
)
def test_a_duration_is_short(amount: float | None, shown: str) -> None:
    """Two units at most, and never sixty of one."""
    assert times.duration(amount) == shown


@pytest.mark.usefixtures("berlin")
def test_times_are_local() -> None:
    """A time in UTC shows in the reader's zone, which is named where it is exact."""
    assert times.moment("2026-11-21T01:00:00.000000Z") == "2026-11-21 02:00:00"
    assert times.exact("2026-07-21T01:00:00.000000Z") == "2026-07-21 03:00:00 CEST"
    assert times.moment(None) == times.exact(None) == ""


@pytest.mark.usefixtures("berlin")
def test_times_on_both_sides_of_a_clock_change_name_both_zones() -> None:
    """A header over summer and winter times does not lie."""
    assert times.zones(["2026-07-21T01:00:00Z", None, "2026-11-21T01:00:00Z"]) == "CEST/CET"


@pytest.mark.parametrize(
    ("amount", "shown"),
    [(20.0, "$20.00"), (2.5, "$2.50"), (0.005, "$0.005"), (1e6, "$1000000.00"), (1e-7, "$0.0000001")],
)
def test_dollars_are_shown_as_they_were_set(amount: float, shown: str) -> None:
    """To the hundredth at least, and nothing rounded."""
    assert times.dollars(amount) == shown


@pytest.mark.parametrize(
    ("number", "shown"),
    [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"), (21, "21st"), (101, "101st")],
)
def test_the_how_many_th(number: int, shown: str) -> None:
    """As it is written in English."""
    assert times.ordinal(number) == shown


@pytest.mark.usefixtures("berlin")
def test_a_day_is_left_out_if_it_is_today() -> None:
    """What is told briefly is told by the reader's clock."""
    today = datetime.now().astimezone().replace(hour=12, minute=5)
    assert times.brief(today.isoformat()) == "12:05"
    assert times.brief("2031-01-02T03:04:05Z") == "2031-01-02 04:04"
