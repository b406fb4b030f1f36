"""What goes to stdout: CSV as PostgreSQL writes it, tables without a live control character."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.cli import output
from console.cli.tables import size


@given(st.lists(st.none() | st.text(st.characters(exclude_categories=["Cs"])), min_size=2))
def test_csv_reads_back_as_it_was(row: list[str | None]) -> None:
    line = ",".join(map(output._csv, row))
    [back] = csv.reader(io.StringIO(line, newline=""), strict=True)
    assert back == [value or "" for value in row]


@pytest.mark.parametrize(
    ("value", "field"),
    [
        (None, ""),
        ("", '""'),
        ("a b", "a b"),
        (" a", '" a"'),
        ("a,b", '"a,b"'),
        ('a"b', '"a""b"'),
        ("a\nb", '"a\nb"'),
        ("\\.", '"\\."'),
        ("\x1b[31m", "\x1b[31m"),
    ],
)
def test_csv_tells_null_from_empty(value: str | None, field: str) -> None:
    assert output._csv(value) == field


def test_a_table_aligns_wide_characters_and_marks_unsafe_ones(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    output.table(("名", "n\x1b"), [("漢字", "1"), (None, "1234"), ("a\nb", "5")], right=(1,))
    output.flush()
    assert capfdbinary.readouterr().out.decode().splitlines() == [
        "名      n␛",
        "----  ----",
        "漢字     1",
        "∅     1234",
        "a␊b      5",
    ]


def test_a_long_cell_is_cut_with_a_mark(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    output.table(("c",), [("x" * 200,)])
    output.flush()
    *_, cell = capfdbinary.readouterr().out.decode().splitlines()
    assert cell == "x" * 59 + "…"


def test_text_keeps_its_lines_and_nothing_else(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    output.line("select 1;\n\tselect '\x1b]0;title\x07';")
    output.flush()
    assert capfdbinary.readouterr().out.decode() == "select 1;\n    select '␛]0;title␇';\n"


@pytest.mark.parametrize(
    ("count", "words"),
    [(None, ""), (0, "0 B"), (999, "999 B"), (8192, "8.0 kB"), (1_300_000_000, "1.2 GB")],
)
def test_sizes_are_short(count: int | None, words: str) -> None:
    assert size(count) == words
