"""Files of events and spend: what is read, and what is refused with its line and reason."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.errors import ConsoleError, UsageError
from console.operations.file_rows import FileRow, Kind, RefusedRow, RowFile

ID = "00000000-0000-4000-8000-000000000001"
Write = Callable[..., RowFile]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def make(text: str | bytes, kind: Kind = Kind.EVENTS, name: str = "rows.jsonl") -> RowFile:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return RowFile(path, kind)

    return make


def read(file: RowFile) -> tuple[list[FileRow], list[RefusedRow]]:
    rows = list(file.rows())
    return (
        [row for row in rows if isinstance(row, FileRow)],
        [row for row in rows if isinstance(row, RefusedRow)],
    )


def test_one_object_a_line(write: Write) -> None:
    file = write(
        "\ufeff"
        + json.dumps({"event_name": "a", "id": ID, "props": {"n": [1, None, "é"]}})
        + "\n\n  \n"
        + json.dumps(
            {
                "event_name": "b",
                "id": ID.upper(),
                "occurred_at": "2026-11-20T14:30:00+01:00",
                "user_id": None,
            }
        )
    )
    rows, refused = read(file)
    assert refused == []
    assert [row.line for row in rows] == [1, 4]
    assert rows[0].values == {"event_name": "a", "id": ID, "props": {"n": [1, None, "é"]}}
    assert rows[1].values == {
        "event_name": "b",
        "id": ID,
        "occurred_at": "2026-11-20T14:30:00+01:00",
    }


def test_csv_with_a_header(write: Write) -> None:
    file = write(
        "platform,date,spend_cents,campaign_id,id\r\n"
        f'meta,2026-11-20,150,"two\nlines, and ""quotes""",{ID}\r\n'
        "\r\n"
        f"google,2026-11-21,,,{ID}\r\n",
        Kind.SPEND,
        "rows.csv",
    )
    rows, refused = read(file)
    assert refused == []
    assert [row.line for row in rows] == [2, 5]
    assert rows[0].values == {
        "platform": "meta",
        "date": "2026-11-20",
        "spend_cents": 150,
        "campaign_id": 'two\nlines, and "quotes"',
        "id": ID,
    }
    assert rows[1].values == {"platform": "google", "date": "2026-11-21", "id": ID}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({}, "event_name is missing"),
        ({"event_name": None}, "event_name is missing"),
        ({"event_name": 5}, "event_name is no text"),
        ({"event_name": "a", "id": "7"}, "id is no uuid"),
        ({"event_name": "a", "user_id": 7}, "user_id is no text"),
        ({"event_name": "a", "occurred_at": "yesterday"}, "occurred_at is no time"),
        ({"event_name": "a", "props": [1]}, "props is no JSON object"),
        ({"event_name": "a", "Props": {}}, "events have no Props"),
        ({"event_name": "a\0"}, "holds a NUL character"),
        ({"event_name": "a", "props": {"x": ["\0"]}}, "holds a NUL character"),
        ({"event_name": "a", "props": {"\ud800": 1}}, "holds what is no text"),
    ],
)
def test_a_wrong_event_is_refused_with_the_reason(
    write: Write, row: dict[str, Any], reason: str
) -> None:
    good = json.dumps({"event_name": "good"})
    rows, refused = read(write(f"{good}\n{json.dumps(row)}\n{good}\n"))
    assert [one.line for one in rows] == [1, 3]
    assert [one.line for one in refused] == [2]
    assert reason in refused[0].reason


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (",2026-01-01,1", "platform is missing"),
        ("x,,1", "date is missing"),
        ("x,2026-02-30,1", "date is no day"),
        ("x,2026-01-01,-1", "spend_cents is no whole number"),
        ("x,2026-01-01,1.5", "spend_cents is no whole number"),
        ("x,2026-01-01,٣", "spend_cents is no whole number"),
        ("x,2026-01-01,2147483648", "spend_cents is not between 0 and 2,147,483,647"),
        ("x,2026-01-01," + "9" * 5000, "spend_cents is not between"),
        ("x,2026-01-01", "has 2 values, the header 3"),
        ("x,2026-01-01,1,2", "has 4 values, the header 3"),
        ("x\0,2026-01-01,1", "NUL"),
    ],
)
def test_a_wrong_line_of_csv_is_refused_with_the_reason(
    write: Write, cells: str, reason: str
) -> None:
    good = "x,2026-01-01,1"
    file = write(f"platform,date,spend_cents\n{good}\n{cells}\n{good}\n", Kind.SPEND, "r.csv")
    rows, refused = read(file)
    assert [one.line for one in rows] == [2, 4]
    assert [one.line for one in refused] == [3]
    assert reason in refused[0].reason


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"[]",
        b"7",
        b'"text"',
        b'{"event_name": NaN}',
        b'{"event_name": "a", "props": {"n": Infinity}}',
        b'{"event_name": "\xff"}',
        b"[" * 100_000,
        b'{"event_name": "' + b"x" * (1 << 20) + b'"}',
        b"\xff\xfe\x00",
    ],
)
def test_what_is_no_json_is_refused(write: Write, line: bytes) -> None:
    rows, refused = read(write(line + b'\n{"event_name": "good"}\n'))
    assert [one.line for one in rows] == [2]
    assert [one.line for one in refused] == [1]


def test_bytes_that_are_no_text_are_refused_in_csv_too(write: Write) -> None:
    rows, refused = read(write(b"event_name\na\n\xff\nb\n", Kind.EVENTS, "r.csv"))
    assert [one.values["event_name"] for one in rows] == ["a", "b"]
    assert [(one.line, "no text" in one.reason) for one in refused] == [(3, True)]


@pytest.mark.parametrize(
    "header",
    ["platform", "platform,date,price", "platform,date,date", "", "Platform,date"],
)
def test_a_header_that_does_not_fit_is_refused_at_once(write: Write, header: str) -> None:
    with pytest.raises(UsageError) as caught:
        write(f"{header}\nx\n", Kind.SPEND, "r.csv")
    assert "spend_cents" in caught.value.hint


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConsoleError, match="can't be read"):
        RowFile(tmp_path / "none.csv", Kind.SPEND)
    with pytest.raises(ConsoleError, match="can't be read"):
        RowFile(tmp_path, Kind.SPEND)


def test_a_row_without_an_id_has_the_same_one_every_time(write: Write) -> None:
    text = '{"event_name": "a"}\n{"event_name": "a"}\n'
    first = [row.values["id"] for row in read(write(text))[0]]
    again = [row.values["id"] for row in read(write(text, name="other.jsonl"))[0]]
    assert first == again
    assert len(set(first)) == 2
    longer = [row.values["id"] for row in read(write(text + "\n"))[0]]
    assert not set(first) & set(longer), "another file holds other rows"


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(tmp_path_factory: Any, data: bytes) -> None:
    folder = tmp_path_factory.mktemp("bytes")
    (folder / "r.jsonl").write_bytes(data)
    for row in RowFile(folder / "r.jsonl", Kind.EVENTS).rows():
        assert isinstance(row, FileRow | RefusedRow)
    (folder / "r.csv").write_bytes(b"event_name,props\n" + data)
    for row in RowFile(folder / "r.csv", Kind.EVENTS).rows():
        assert isinstance(row, FileRow | RefusedRow)
