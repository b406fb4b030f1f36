"""A tour through a corpus as hostile as a database can hold, on a real terminal."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from console.connection.profile import Profile
from tests import corpus
from tests.terminal.conftest import Console, Open, target
from tests.terminal.test_console import OWN

LARGEST = 300
"""Megabytes the console may take."""
BOTH, LIST = 100, 38
"""Columns from which the list stands beside the rows, and those it takes then."""


class Tour:
    """A console that is led from view to view: each step waits for what it means to see.

    Attributes:
        console: The console.
        times: How long each view took from the key to the screen: seconds, relation, view.
    """

    def __init__(self, console: Console) -> None:
        self.console = console
        self.times: list[tuple[float, str, str]] = []
        self.word = ""

    def until(
        self, ready: Callable[[], object] | str, view: str = "", patience: float = 20
    ) -> None:
        """Waits for what may be on the screen already; takes the time it took, for a view."""
        started = time.monotonic()
        while not (ready in self.console.text if isinstance(ready, str) else ready()):
            late = time.monotonic() - started > patience
            assert not late, f"{self.word}: {view or ready} never came\n{self.console.text}"
            self.console.pump(0.02)
        if view:
            self.times.append((time.monotonic() - started, self.word, view))

    def press(self, keys: str, ready: Callable[[], object] | str, view: str = "") -> None:
        """Types keys, and waits for what they lead to."""
        self.console.press(keys)
        self.until(ready, view)

    def leave(self, ready: Callable[[], object]) -> None:
        """Goes back with esc; where that only cancelled what was still read, once more."""
        self.press("\x1b", lambda: ready() or "cancelled" in self.caption)
        if not ready():
            self.press("\x1b", ready)

    @property
    def caption(self) -> str:
        """The row over the right side."""
        row = str(self.console.screen.display[2])
        return row[LIST:] if self.console.screen.columns >= BOTH else row

    @property
    def footer(self) -> str:
        """The keys of what has the focus."""
        return str(self.console.screen.display[-1])

    def in_list(self) -> bool:
        """Whether the list of relations has the focus."""
        return self.footer.startswith(" ⏎ Open   / Filter   r Read again")

    def in_rows(self) -> bool:
        """Whether the relation's rows have it."""
        there = self.word in self.caption and "row 1 of" not in self.caption
        return there and "e Export" in self.footer

    def in_row(self) -> bool:
        """Whether its first row is shown in full: until it is read, there is nothing to open."""
        return "row 1 of" in self.caption and "e Export" not in self.footer

    def in_structure(self) -> bool:
        """Whether what it is made of is listed."""
        there = self.footer.startswith(" ⏎ Open") and "s SQL that makes it" in self.footer
        return there and "the SQL that makes it" not in self.caption

    def has_failed(self) -> bool:
        """Whether it could not be read, rather than the relation before it."""
        heading = str(self.console.screen.display[2])[LIST:]
        return self.word in heading and "d detail" in self.console.text

    def at_the_end(self) -> bool:
        """Whether the cursor is on the last row, or on the way to it something failed."""
        last = r"\b([\d,]+) of [~≥ ]*\1\b|  1 row\b"
        return bool(re.search(last, self.caption)) or "✕" in self.caption

    def open(self, word: str) -> None:
        """Finds a relation in the list and opens it; comes back from what can't be read."""
        self.word = word
        self.press("/", lambda: self.footer.startswith(" ⏎ Open   esc Back"))
        self.press("\x15" + word, lambda: self.console.screen.display[2].startswith(f" {word} "))
        if word == corpus.NEVER_ENDS:
            self.press("\r", "esc cancels", "a read without end")
            self.press("\x1b", "cancelled", "its cancellation")
        elif word in corpus.FAILS:
            self.press("\r", self.has_failed, "a failure")
            self.press("d", "What happened", "its detail")
            self.press("\x1b", lambda: "What happened" not in self.console.text)
        else:
            self.press("\r", self.in_rows, "rows")

    def look_into_the_row(self, values: int) -> None:
        """Goes to the end and back, opens the first row, and its first values in full."""
        self.press("\x1b[C\x1b[CG", self.at_the_end, "the last row")
        self.press("g\r", self.in_row, "a row in full")
        nothing = re.compile("there is nothing in it|references")  # no row, where it is NULL
        for _ in range(values):
            self.until(lambda: not nothing.search(self.console.text))
            self.press(
                "\r", lambda: not self.in_row() or nothing.search(self.console.text), "a value"
            )
            if not self.in_row():
                self.console.press("j")
                self.leave(self.in_row)
            self.console.press("j")
        self.leave(self.in_rows)

    def look_at_the_structure(self) -> None:
        """Shows what the relation is made of, its last part in full, and the SQL that makes it."""
        sql = "the SQL that makes it"
        self.press("c", self.in_structure, "structure")
        self.press("G\r", "Back to the list", "a part of it")
        self.press("\x1b", self.in_structure)
        self.press("s", lambda: sql in self.caption, "SQL")
        self.console.press("\x1b[6~")
        self.leave(self.in_structure)
        # Back at the rows, or at the list where there are none.
        self.leave(lambda: self.in_rows() or self.in_list())

    def ask(self) -> None:
        """Completes a statement, runs it, and opens the first row of its result."""
        self.word = "select"
        self.console.settle(0.2)  # what follows an escape at once would be taken for its end
        self.press("Q", "F5")
        for keys in ("select * from kind00\t", "\r"):
            self.console.press(keys)
            self.console.settle(0.3)
        shown = ("result  ", "✕")
        self.press("\x1b[15~", lambda: any(one in self.console.text for one in shown), "a result")
        for keys in ("\x1bOS", "\r"):
            self.console.press(keys)
            self.console.settle(0.3)


def harmless(console: Console) -> None:
    """Asserts that the console wrote no control sequence but its own."""
    left = OWN.sub(b"", console.raw).decode()
    assert re.findall(r"[^\r\n\xa0 -~\xa1-\U0010ffff].{,20}", left) == []
    assert [c for c in left if not c.isprintable() and c not in "\r\n\xa0"] == []
    assert b"\x1b[31m" not in console.raw
    assert b"\x1b]52" not in console.raw


TELLING = ("kind00", "kind01", "kind02", "kind12", "kind13")
"""Relations of which each is hostile in a way of its own; the slow tours see all of them."""

COLUMNS = """
select substr(relname, 1, 6), count(attname) from pg_class
left join pg_attribute on attrelid = pg_class.oid and attnum > 0 and not attisdropped
where relname like 'kind%' and relkind <> 'i' group by 1
"""

EMPTY = ("kind01", "kind02")
"""Relations without a value that is not NULL."""


@pytest.mark.parametrize(
    ("size", "words"),
    [
        ((80, 24), TELLING),
        pytest.param((80, 24), corpus.WORDS, marks=pytest.mark.slow),
        pytest.param((120, 40), corpus.WORDS, marks=pytest.mark.slow),
    ],
    ids=["telling", "80x24", "120x40"],
)
def test_relations_in_every_view(
    console: Open, empty_db: Profile, scale: float, size: tuple[int, int], words: tuple[str, ...]
) -> None:
    words = words if scale == 1 else TELLING
    with psycopg.connect(make_conninfo(**empty_db.parameters), autocommit=True) as connection:
        corpus.fill(connection)
        columns: dict[str, int] = dict(connection.execute(COLUMNS).fetchall())
    opened = console("-d", target(empty_db), size=size)
    tour = Tour(opened)
    tour.until(corpus.WORDS[0])
    tour.until(tour.in_list)
    for word in words:
        tour.open(word)
        is_shown = word != corpus.NEVER_ENDS and word not in corpus.FAILS
        if is_shown:
            tour.look_into_the_row(values=0 if word in EMPTY else min(columns[word], 8))
        tour.look_at_the_structure()
        assert opened.megabytes() < LARGEST
        if is_shown:
            tour.leave(tour.in_list)
    tour.ask()
    harmless(opened)
    for seconds, relation, view in sorted(tour.times, reverse=True)[:5]:
        print(f"{seconds:5.2f} s  {relation}  {view}")
