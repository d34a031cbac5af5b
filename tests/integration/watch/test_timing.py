"""When changes are told: after a moment of rest, or after the longest wait."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.integration.watch.watching import Watching, no_native


@contextmanager
def _busy(work: Callable[[int], object]) -> Iterator[None]:
    """Somebody who changes something all the time."""
    done = threading.Event()

    def go_on() -> None:
        number = 0
        while not done.wait(0.02):
            number += 1
            work(number)

    somebody = threading.Thread(target=go_on)
    somebody.start()
    try:
        yield
    finally:
        done.set()
        somebody.join()


def test_a_burst_is_one_firing(watching: Watching) -> None:
    """Many changes in a row are told at once, counted in full and named in part, in the order of their names."""
    watching.watch(".", debounce=0.5)
    for number in range(300):
        watching.write(f"{number % 7}/{number:03}")
    _, changes = watching.firing()
    assert changes.count == 300
    names = sorted(str(watching.folder / f"{number % 7}/{number:03}") for number in range(300))
    assert changes.paths == names[:20]
    watching.write("later")
    assert watching.told() == ["later"]


def test_changes_are_told_after_a_rest(watching: Watching) -> None:
    """Nothing is told before the debounce is over since the last change."""
    watching.watch(".", debounce=0.3)
    watching.write("one")
    time.sleep(0.15)
    watching.write("two")
    last = time.monotonic()
    assert watching.told() == ["one", "two"]
    assert time.monotonic() - last > 0.25


def test_a_busy_directory_is_told_of_in_time(watching: Watching) -> None:
    """Changes that never stop are told after the longest wait, and what comes later once more."""
    watching.watch(".", debounce=0.6, most_wait=1.0)
    begun = time.monotonic()
    with _busy(lambda number: watching.write(f"log/{number:05}")):
        _, first = watching.firing()
        taken = time.monotonic() - begun
        _, second = watching.firing()
    assert taken >= 1.0
    assert first.paths[0].endswith("log/00001")
    assert second.paths[0] > first.paths[0]


def test_what_does_not_matter_does_not_put_off(watching: Watching) -> None:
    """Files that a watch is not about do not keep it from telling, however busy they are."""
    watching.watch(".", "*.md", debounce=0.6)
    with _busy(lambda number: watching.write("noise.log", str(number))):
        watching.write("notes.md")
        assert watching.told() == ["notes.md"]


def test_each_watch_has_its_own_patience(native: Watching) -> None:
    """Of two watches of the same files, the one with the shorter debounce tells first; each tells all."""
    slow, quick = native.watch(".", debounce=0.8), native.watch(".", debounce=0.1)
    native.write("file")
    assert [native.firing()[0], native.firing()[0]] == [quick, slow]


def test_the_watcher_calls_where_it_is_asked_to(native: Watching) -> None:
    """Whoever is told is told in the thread that looks after it, here that of the watcher."""
    native.watch(".")
    native.write("file")
    native.firing()
    assert native.threads_told == {"watch"}


def test_a_burst_is_one_firing_where_it_is_seldom_looked(tmp_path: Path) -> None:
    """Where changes must be looked for, one more look is taken before they are told: there may be more of them."""
    with Watching(tmp_path, no_native, 0.6) as polling:
        polling.watch(".", debounce=0.3)
        for number in range(50):
            polling.write(f"{number:02}")
            time.sleep(0.03)
        assert polling.firing()[1].count == 50
