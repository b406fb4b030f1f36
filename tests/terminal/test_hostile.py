"""A tour through a corpus as hostile as a database can hold, on a real terminal."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from functools import partial

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from console.connection.profile import Profile
from tests import corpus
from tests.terminal.conftest import Console, Open, target
from tests.terminal.test_console import OWN

LARGEST = 300
"""Megabytes the console may take."""


def until(console: Console, ready: Callable[[], bool] | str, patience: float = 20) -> None:
    """Waits for what may be on the screen already."""
    deadline = time.monotonic() + patience
    while not (ready in console.text if isinstance(ready, str) else ready()):
        assert time.monotonic() < deadline, f"never came: {ready}\n{console.text}"
        console.pump(0.02)


def top(console: Console) -> str:
    """The caption of what is shown."""
    return str(console.screen.display[2])


def shows(console: Console, *words: str) -> bool:
    """Tells whether the caption holds some words."""
    return all(word in top(console) for word in words)


def filtered(console: Console, word: str) -> bool:
    """Tells whether a word stands in the list's filter."""
    return top(console).startswith(f" {word} ")


def listed(console: Console, word: str) -> bool:
    """Tells whether the list is on the screen, with a word or nothing in its filter."""
    return top(console).startswith((f" {word} ", " filter "))


def rest(console: Console) -> None:
    """Waits until nothing runs and nothing more is written."""
    console.settle(0.1)
    until(console, lambda: "esc cancels" not in console.text)


def look_into_the_row(console: Console, values: int) -> None:
    """Opens the row under the cursor, and each of its first values in full."""
    console.press("\r")
    until(console, lambda: "row 1 of" in top(console))
    rest(console)
    for _ in range(values):
        console.press("\r")
        rest(console)
        if "row 1 of" not in top(console):  # a value lies over the row; NULL has nothing to show
            console.press("j")
            rest(console)
            console.press("\x1b")
            until(console, lambda: "row 1 of" in top(console))
        console.press("j")
        console.settle(0.05)
    console.press("\x1b")
    until(console, lambda: "row 1 of" not in top(console))


def look_at_its_structure(console: Console, word: str) -> None:
    """Shows what the relation is made of, its policies in full, and the SQL that makes it."""
    console.press("c")
    until(console, lambda: any(w in console.text for w in ("columns  ", "grants  ")))
    rest(console)
    console.press("G")
    console.settle(0.1)
    console.press("\r")
    until(console, "Back to the list")
    console.press("\x1b")
    until(console, lambda: "Back to the list" not in console.text)
    console.settle(0.1)
    console.press("s")
    until(console, "the SQL that makes it")
    console.press("\x1b[6~")
    console.settle(0.1)
    console.press("\x1b")
    until(console, lambda: "the SQL that makes it" not in console.text)
    console.settle(0.2)
    console.press("\x1b")
    # Back at the rows, or at the list where there are none.
    until(console, lambda: shows(console, "read ") or listed(console, word))
    console.settle(0.3)


def harmless(console: Console) -> None:
    """Asserts that the console wrote no control sequence but its own."""
    left = OWN.sub(b"", console.raw).decode()
    assert re.findall(r"[^\r\n\xa0 -~\xa1-\U0010ffff].{,20}", left) == []
    assert [c for c in left if not c.isprintable() and c not in "\r\n\xa0"] == []
    assert b"\x1b[31m" not in console.raw
    assert b"\x1b]52" not in console.raw


TELLING = ("kind00", "kind01", "kind02", "kind12", "kind13")
"""Relations of which each is hostile in a way of its own; the slow tours see all of them."""

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
    opened = console("-d", target(empty_db), size=size)
    until(opened, "filter")
    until(opened, corpus.WORDS[0])
    for word in words:
        opened.press("/")
        opened.settle(0.05)
        opened.press("\x15" + word)
        until(opened, partial(filtered, opened, word))
        opened.settle(0.05)
        opened.press("\r")
        if word == corpus.NEVER_ENDS:
            until(opened, "esc cancels")
            opened.press("\x1b")
            until(opened, "cancelled")
            opened.settle(0.2)
        elif word in corpus.FAILS:
            until(opened, "d detail")
            opened.press("d")
            until(opened, "What happened")
            opened.press("\x1b")
            until(opened, lambda: "What happened" not in opened.text)
            opened.settle(0.2)  # what follows an escape at once would be taken for its end
        else:
            until(opened, partial(shows, opened, word, "read "))
            rest(opened)
            opened.press("\x1b[C\x1b[CG")
            rest(opened)
            opened.press("g")
            rest(opened)
            look_into_the_row(opened, values=1 if word in EMPTY else 8)
        look_at_its_structure(opened, word)
        assert opened.megabytes() < LARGEST
        if word != corpus.NEVER_ENDS and word not in corpus.FAILS:
            opened.press("\x1b")  # from the rows to the list
            until(opened, "⏎ Open")  # beside a wide one's rows the list stands all along
            until(opened, partial(listed, opened, word))
            rest(opened)
    opened.press("Q")
    until(opened, "F5")
    opened.press("select * from kind00\t")
    opened.settle(0.3)
    opened.press("\r")
    opened.settle(0.3)
    opened.press("\x1b[15~")
    until(opened, lambda: "result  " in opened.text or "✕" in opened.text)
    opened.press("\x1bOS")
    opened.settle(0.2)
    opened.press("\r")
    opened.settle(0.3)
    harmless(opened)
