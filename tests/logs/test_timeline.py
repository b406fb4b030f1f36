"""The window on the timeline: bounded, in order, without holes, and every entry counted."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.logs.filter import LogFilter
from console.logs.history import HistoryPage
from console.logs.poll import Gap, Mark, Sighting
from console.logs.rate import Rates
from console.logs.source import SOURCES, EntryKey, LogEntry
from console.logs.timeline import Timeline

START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def entry(
    number: int, seconds: float | None, source: str = "audit_logs", action: str = "a", tx: int = 1
) -> LogEntry:
    time = None if seconds is None else START + timedelta(seconds=seconds)
    serial = number if source == "audit_log" else 0
    return LogEntry(
        source, f"{number:04}", time, None, action, None, None, '{"a": "B"}', tx, serial
    )


def new(*entries: LogEntry) -> list[Sighting]:
    return [Sighting(one, Mark.NEW) for one in entries]


def shown(timeline: Timeline) -> list[LogEntry]:
    return [line.entry for line in timeline.lines if line.entry is not None]


def ids(timeline: Timeline) -> list[int]:
    return [int(one.id) for one in shown(timeline)]


def test_a_late_entry_goes_where_it_belongs() -> None:
    timeline = Timeline()
    timeline.add(new(entry(1, 1), entry(3, 3)))
    timeline.add([Sighting(entry(2, 2), Mark.LATE)])
    assert ids(timeline) == [1, 2, 3]
    assert [line.mark for line in timeline.lines] == [Mark.NEW, Mark.LATE, Mark.NEW]


def test_what_is_stored_and_new_is_shown_once() -> None:
    timeline = Timeline()
    timeline.add(new(entry(2, 2)))
    timeline.reset(HistoryPage((entry(1, 1), entry(2, 2)), more=True))
    timeline.add(new(entry(2, 2), entry(3, 3)))
    assert ids(timeline) == [1, 2, 3]
    assert not timeline.at_start


def test_a_changed_entry_keeps_what_it_said_before() -> None:
    timeline = Timeline()
    timeline.add(new(entry(1, 1, action="was"), entry(2, 2)))
    timeline.add([Sighting(entry(1, 1, action="is", tx=2), Mark.CHANGED)])
    timeline.add([Sighting(entry(1, 3, action="is again", tx=3), Mark.CHANGED)])
    assert ids(timeline) == [2, 1]
    line = timeline.lines[1]
    assert line.mark is Mark.CHANGED
    assert line.entry is not None
    assert line.before is not None
    assert (line.entry.action, line.before.action) == ("is again", "was")


def test_the_window_is_bounded_and_what_left_is_counted() -> None:
    timeline = Timeline(capacity=10)
    timeline.add(new(*(entry(number, number) for number in range(25))))
    assert ids(timeline) == list(range(15, 25))
    assert (timeline.left, timeline.at_start, timeline.counts["audit_logs"]) == (15, False, 25)
    # What lies between this one and the window is not there: it must not look as its neighbour.
    timeline.add([Sighting(entry(100, 3), Mark.LATE)])
    assert ids(timeline) == list(range(15, 25))
    assert timeline.left == 16


def test_paused_entries_wait_and_are_counted() -> None:
    timeline = Timeline(capacity=10)
    timeline.add(new(entry(1, 1)))
    timeline.pause()
    for number in range(2, 102):
        timeline.add(new(entry(number, number)))
    timeline.add([Sighting(entry(101, 101, action="changed"), Mark.CHANGED)])
    assert ids(timeline) == [1]
    assert timeline.waiting == 100
    assert len(timeline._pending) <= 20
    assert timeline.resume()
    assert ids(timeline) == list(range(92, 102))
    assert (timeline.waiting, timeline.left) == (0, 91)
    assert timeline.lines[-1].mark is Mark.CHANGED


def test_far_back_the_end_is_left_behind() -> None:
    timeline = Timeline(capacity=6)
    timeline.reset(HistoryPage(tuple(entry(n, n) for n in range(20, 24)), more=True))
    timeline.pause()
    timeline.prepend(HistoryPage(tuple(entry(n, n) for n in range(16, 20)), more=True))
    assert ids(timeline) == [16, 17, 18, 19, 20, 21]
    timeline.add(new(entry(24, 24)))
    assert not timeline.resume()
    timeline.add(new(entry(25, 25)))
    assert ids(timeline) == [16, 17, 18, 19, 20, 21]
    timeline.append(HistoryPage(tuple(entry(n, n) for n in range(22, 26)), more=False))
    assert ids(timeline) == [20, 21, 22, 23, 24, 25]
    assert timeline.at_end
    timeline.add(new(entry(26, 26)))
    assert ids(timeline)[-1] == 26


def test_the_first_page_of_all() -> None:
    timeline = Timeline()
    timeline.reset(HistoryPage((entry(5, 5),), more=True))
    timeline.prepend(HistoryPage((entry(4, 4),), more=False))
    assert timeline.at_start
    timeline.add([Sighting(entry(1, 1), Mark.LATE)])
    assert ids(timeline) == [1, 4, 5]


def test_undated_entries_are_apart() -> None:
    timeline = Timeline(capacity=3)
    timeline.add(new(*(entry(n, None, "audit_log") for n in (3, 1, 2, 4)), entry(9, 9)))
    assert ids(timeline) == [9]
    assert [line.entry.id for line in timeline.undated if line.entry] == ["0001", "0002", "0003"]
    timeline.add([Sighting(entry(2, None, "audit_log", "changed"), Mark.CHANGED)])
    assert [line.mark for line in timeline.undated] == [Mark.NEW, Mark.CHANGED, Mark.NEW]
    # It has got a time: it moves.
    timeline.add([Sighting(entry(2, 8, "audit_log"), Mark.CHANGED)])
    assert ids(timeline) == [2, 9]


def test_only_what_is_wanted_is_shown_and_all_is_counted() -> None:
    timeline = Timeline(LogFilter(action="b*"))
    timeline.add(new(entry(1, 1), entry(2, 2, action="b.x"), entry(3, 3, "audit_log", "b")))
    assert ids(timeline) == [2, 3]
    assert timeline.counts == {"audit_logs": 2, "audit_log": 1}


def test_a_gap_has_its_place() -> None:
    timeline = Timeline()
    timeline.add(new(entry(1, 1), entry(2, 2), entry(5, 5)))
    gap = Gap("audit_logs", START, START + timedelta(seconds=2), "failed over")
    timeline.add_gap(gap)
    assert [line.gap for line in timeline.lines] == [None, None, gap, None]
    assert timeline.search("FAILED", -1) == 2


def test_search_goes_both_ways() -> None:
    timeline = Timeline()
    timeline.add(new(*(entry(n, n, action="x" if n % 4 else "Needle") for n in range(12))))
    assert timeline.search("needle", 0) == 4
    assert timeline.search("NEEDLE", 8) is None
    assert timeline.search("needle", 8, forward=False) == 4
    assert timeline.search('"b"', -1) == 0
    assert timeline.find(entry(7, 7).key) == 7


def test_search_knows_who_stands_behind_an_id() -> None:
    timeline = Timeline()
    timeline.add(new(*(replace(entry(n, n), user=f"id-{n}") for n in range(3))))
    assert timeline.search("bert", -1) is None
    assert timeline.search("Bert", -1, emails={"id-1": "bert@x.test"}) == 1


class World:
    """A log, and a screen that follows it through a window of eight lines."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.stored: dict[tuple[str, str], LogEntry] = {}
        self.timeline = Timeline(capacity=8)
        self.number = 0

    def ordered(self) -> list[LogEntry]:
        return sorted(self.stored.values(), key=lambda one: one.key)

    def arrive(self) -> None:
        sightings = []
        for _ in range(self.dice.randint(1, 6)):
            self.number += 1
            late = self.dice.choice([0, 0, 0, 1, 5, 30])
            one = entry(self.number, self.number - late, self.dice.choice(SOURCES))
            self.stored[one.source, one.id] = one
            sightings.append(Sighting(one, Mark.LATE if late else Mark.NEW))
        self.timeline.add(sightings)

    def change(self) -> None:
        if self.stored:
            old = self.dice.choice(list(self.stored.values()))
            one = entry(int(old.id), int(old.id), old.source, "changed", old.transaction + 1)
            self.stored[one.source, one.id] = one
            self.timeline.add([Sighting(one, Mark.CHANGED)])

    def page(self, point: EntryKey | None, *, older: bool) -> HistoryPage:
        found = [
            one
            for one in self.ordered()
            if point is None or (one.key < point if older else one.key > point)
        ]
        size = self.dice.randint(1, 5)
        return HistoryPage(tuple(found[-size:] if older else found[:size]), len(found) > size)

    def back(self) -> None:
        self.timeline.pause()
        if self.timeline.lines and not self.timeline.at_start:
            self.timeline.prepend(self.page(self.timeline.lines[0].key, older=True))

    def forth(self) -> None:
        if self.timeline.lines and not self.timeline.at_end:
            self.timeline.append(self.page(self.timeline.lines[-1].key, older=False))

    def follow(self) -> None:
        if not self.timeline.resume():
            self.timeline.reset(self.page(None, older=True))

    def check(self) -> None:
        lines = shown(self.timeline)
        keys = [one.key for one in lines]
        assert keys == sorted(set(keys))
        assert len(lines) <= 8
        assert len(self.timeline._keys) == len(lines)
        if lines and not self.timeline._pending:
            expected = [one for one in self.ordered() if keys[0] <= one.key <= keys[-1]]
            assert lines == expected
        if lines and not self.timeline.paused and self.timeline.at_end:
            assert lines == self.ordered()[-len(lines) :]
            assert not self.timeline.at_start or len(lines) == len(self.stored)


@settings(max_examples=200, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    steps=st.lists(
        st.sampled_from(["arrive", "arrive", "change", "back", "back", "forth", "follow"]),
        max_size=40,
    ),
)
def test_the_window_never_lies(seed: int, steps: list[str]) -> None:
    world = World(seed)
    for step in steps:
        getattr(world, step)()
        world.check()
    world.follow()
    world.check()


@pytest.mark.parametrize("width", [1, 5])
def test_rates(width: int) -> None:
    rates = Rates(timedelta(seconds=width), kept=4)
    rates.add(entry(n, n * width) for n in (0, 1, 1, 3, 4, 4, 4))
    rates.add([entry(1, None), entry(2, 2 * width, "audit_log")])
    assert rates.read("audit_logs", START + timedelta(seconds=4 * width)) == [2, 0, 1, 3]
    assert rates.read("audit_log", START + timedelta(seconds=4 * width)) == [0, 1, 0, 0]
    assert rates.read("privacy_transparency_log", START) == [0, 0, 0, 0]
    assert rates.read("audit_logs", START + timedelta(days=1)) == [0, 0, 0, 0]
    assert not rates._counts["audit_logs"]
