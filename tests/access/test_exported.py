"""A matrix as CSV, JSON and Markdown."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from console.access.cells import Cell
from console.access.exported import as_csv, as_file, as_json, as_markdown, in_words
from console.access.matrix import Matrix, Row
from console.access.persona import of_role
from console.access.rules import Command
from console.errors import UsageError
from tests.access import cast

ADA = cast.user(cast.ADA)
HOSTILE = 'public."a|b\n\u202e,"'


def matrix(*labels: str) -> Matrix:
    people = [ADA if label == ADA.label else of_role(label) for label in labels]
    cells = {
        Command.SELECT: Cell("some", 2, 40),
        Command.INSERT: Cell("open"),
        Command.UPDATE: Cell("error", exact=False, message="division by zero", counted=False),
        Command.DELETE: Cell("some", 10_000, 1_200_000, exact=False, counted=False),
    }
    row = Row(HOSTILE, "r", {persona.label: cells for persona in people})
    return Matrix(tuple(people), (row,), ("a note",), 0.0123)


def test_csv_is_raw_one_line_a_cell() -> None:
    lines = list(csv.DictReader(io.StringIO(as_csv(matrix(ADA.label, "anon")))))
    assert len(lines) == 8
    assert lines[0] == {
        "table": HOSTILE,
        "persona": "ada@example.com",
        "command": "select",
        "state": "some",
        "visible": "2",
        "total": "40",
        "exact": "true",
        "message": "",
    }
    assert lines[6]["message"] == "division by zero"


def test_json_has_the_fields_that_scripts_rely_on() -> None:
    text = as_json(matrix(ADA.label))
    assert "\u202e" not in text
    found = json.loads(text)
    assert found["personas"] == ["ada@example.com"]
    assert found["elapsed_ms"] == 12
    (table,) = found["tables"]
    assert table["table"] == HOSTILE
    select = table["cells"]["ada@example.com"]["select"]
    assert select == {
        "state": "some",
        "visible": 2,
        "total": 40,
        "exact": True,
        "message": "",
        "counted": True,
        "withheld": False,
    }


def test_markdown_has_a_table_for_one_and_one_a_command_for_many() -> None:
    one = as_markdown(matrix(ADA.label)).splitlines()
    assert one[0] == "### ada@example.com"
    assert one[2] == "| table | select | insert | update | delete |"
    assert one[4].startswith('| public."a\\|b')
    assert one[4].endswith(
        "| some, 2 of 40 | open | error: division by zero | some, ≥ 10,000 of ~1,200,000 |"
    )
    many = as_markdown(matrix(ADA.label, "anon"))
    assert many.count("| table | ada@example.com | anon |") == 4
    assert "### delete" in many
    assert "\u202e" not in many


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (Cell("all", 5, 5), "all, 5"),
        (Cell("all", 40_000, 40_000, exact=False, counted=False), "all, ~40,000"),
        (Cell("some", 3, 9_999_999, exact=False), "some, 3 of ~9,999,999"),
        (Cell("none", 0, 5), "none, 0 of 5"),
        (Cell("denied", total=5), "denied"),
        (Cell("all"), "all"),
    ],
)
def test_words_say_how_far_a_number_is_known(cell: Cell, words: str) -> None:
    assert in_words(cell) == words


def test_the_ending_of_the_name_tells_the_format() -> None:
    found = matrix(ADA.label)
    assert as_file(found, Path("x.CSV")) == as_csv(found)
    assert as_file(found, Path("x.json")) == as_json(found)
    assert as_file(found, Path("x.md")) == as_markdown(found)
    with pytest.raises(UsageError, match="tells no format"):
        as_file(found, Path("x.xls"))
