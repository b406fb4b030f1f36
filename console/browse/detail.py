"""One row, one cell: everything about a value that a page only shows the beginning of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import sql

from console.browse.page import Page, Place, Row
from console.browse.selection import cut, named, written
from console.browse.source import PageSource
from console.catalog.relations import Column
from console.errors import ConsoleError, NotFound, Refused

LONG = 2_000
"""Characters of a value that the detail of a row shows."""
CHUNK = 64 * 1024
"""Characters, or bytes, of a value that are read at a time."""
WHOLE = 32 << 20
"""Bytes that are read at once, where a value is wanted whole, as a document has to be."""

_COLUMNS = 400
_AT_ONCE = 20
_GONE = "this row is not there any more"
_AGAIN = "read the table again"
_TEXTS = frozenset({"text", "character varying"})
SIZED = _TEXTS | {"bytea"}
"""Types of which a part can be read without writing out the whole."""


@dataclass(frozen=True, slots=True)
class Value:
    """A column of one row.

    Attributes:
        text: The beginning of the server's own text; None is NULL.
        cut: Whether that is not all of it.
        bytes: What the value takes: its length for text and bytes, else what it takes in the
            table, which may be packed. None for NULL.
    """

    column: Column
    text: str | None
    cut: bool
    bytes: int | None

    @property
    def packed(self) -> bool:
        """Whether it may well be longer than what it takes in the table."""
        return self.cut and self.column.base not in SIZED


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of a value.

    Attributes:
        text: The server's own text, or for bytes their hexadecimal digits.
        start: What it begins with, counted from 0, in characters or bytes.
        end: What comes after it.
        more: Whether the value goes on.
        total: Bytes of the whole value where that is known without reading it.
    """

    text: str
    start: int
    end: int
    more: bool
    total: int | None


async def read_row(
    source: PageSource, place: Place, *, shown: Row | None = None, length: int = LONG
) -> tuple[Value, ...]:
    """Reads one row with all the columns that the source shows.

    Args:
        source: Where the row was met.
        place: Its place there.
        shown: What the page shows of it. Where rows have no places of their own, the row that
            is found must agree with that.
        length: Characters of a value at most.

    Raises:
        NotFound: The row is gone, or can't be told from others any more.
        ConsoleError: The server refused, or the connection is gone.
    """
    columns = source.selection.shown
    one = source.one(place)
    queries = []
    for first in range(0, len(columns), _COLUMNS):
        some = columns[first : first + _COLUMNS]
        cells = [part for column in some for part in (_beginning(column, length), _size(column))]
        queries.append(sql.SQL("select {} from {}").format(_list(cells), one))
    if source.numbered and shown is not None:
        queries.append(sql.SQL("select {} from {}").format(_list(source.selection.cells), one))
    tables = await source.ask(*(queries or [sql.SQL("select 1 from {}").format(one)]))
    if any(not table.rows for table in tables):
        raise NotFound(_GONE, hint=_AGAIN)
    if source.numbered and shown is not None:
        _same_row(source, shown, tables.pop().rows[0])
    found: list[Value] = []
    for table in tables:
        row = table.rows[0]
        for text, size in zip(row[::2], row[1::2], strict=False):
            column = columns[len(found)]
            long = text is not None and len(text) > length
            found.append(
                Value(column, text[:length] if text else text, long, int(size) if size else None)
            )
    return tuple(found[: len(columns)])


def _same_row(source: PageSource, shown: Row, now: Row) -> None:
    width = source.selection.cell or 0
    if tuple(value and value[:width] for value in now[: len(shown)]) != shown:
        raise NotFound(
            "another row is in this place now", hint="the order is not promised; read it again"
        )


async def read_slice(
    source: PageSource, place: Place, column: str, start: int = 0, length: int = CHUNK
) -> Slice | None:
    """Reads a part of a long value.

    Text is counted in characters, bytea in bytes; only that part leaves the server, though to
    find it the server may have to read what comes before.

    Returns:
        None if the value is NULL.

    Raises:
        NotFound: The row or the column is gone.
        ConsoleError: The server refused, or the connection is gone.
    """
    wanted = named(source.selection.known, column)
    sized = wanted.base in _TEXTS or wanted.base == "bytea"
    value = sql.Identifier(wanted.name) if sized else written(wanted)
    part = sql.SQL("pg_catalog.substr({}, {}, {})").format(
        value, sql.Literal(start + 1), sql.Literal(length + 1)
    )
    digits = 1
    if wanted.base == "bytea":
        part, digits = sql.SQL("pg_catalog.encode({}, 'hex')").format(part), 2
    total = _size(wanted) if sized else sql.SQL("null")
    whole = sql.SQL("select {}, {} from {}").format(part, total, source.one(place))
    (table,) = await source.ask(whole)
    if not table.rows:
        raise NotFound(_GONE, hint=_AGAIN)
    text, size = table.rows[0]
    if text is None:
        return None
    more = len(text) > length * digits
    text = text[: length * digits]
    end = start + len(text) // digits
    return Slice(text, start, end, more, None if size is None else int(size))


async def read_end(source: PageSource, place: Place, column: str) -> Slice | None:
    """Reads the last part of a long value, for which the server has to read all of it.

    Returns:
        None if the value is NULL.

    Raises:
        NotFound: The row or the column is gone.
        ConsoleError: The server refused, or the connection is gone.
    """
    wanted = named(source.selection.known, column)
    value = sql.Identifier(wanted.name) if wanted.base in SIZED else written(wanted)
    length = sql.SQL("pg_catalog.length({})").format(value)
    (table,) = await source.ask(sql.SQL("select {} from {}").format(length, source.one(place)))
    if not table.rows:
        raise NotFound(_GONE, hint=_AGAIN)
    count = int(table.rows[0][0] or 0)
    # Bytes are shown in lines of sixteen, wherever one begins to read.
    start = max(0, count - CHUNK) // 16 * 16
    return await read_slice(source, place, column, start, CHUNK + 16)


async def read_whole(
    source: PageSource, places: Sequence[Place], columns: Sequence[str]
) -> list[Row]:
    """Reads the whole values of some columns of some rows, as the server writes them.

    Raises:
        NotFound: A row or a column is gone.
        Refused: They are too large to be held at once.
        ConsoleError: The server refused, or the connection is gone.
    """
    chosen = [named(source.selection.known, name) for name in columns]
    size = sql.SQL(" + ").join(
        [sql.SQL("0::int8")] + [sql.SQL("coalesce({}, 0)").format(_size(one)) for one in chosen]
    )
    cells = [
        sql.SQL("case when {} <= {} then {} end").format(size, sql.Literal(WHOLE), text)
        for text in map(written, chosen)
    ]
    rows: list[Row] = []
    room = WHOLE
    for first in range(0, len(places), _AT_ONCE):
        for table in await source.ask(
            *(
                sql.SQL("select {} from {}").format(_list([size, *cells]), source.one(place))
                for place in places[first : first + _AT_ONCE]
            ),
        ):
            if not table.rows:
                raise NotFound(_GONE, hint=_AGAIN)
            taken, *values = table.rows[0]
            room -= max(int(taken or 0), sum(len(value) for value in values if value))
            if room < 0:
                raise Refused(
                    f"this is more than {WHOLE >> 20:,} MB",
                    hint="read the value part by part, or export the rows",
                )
            rows.append(tuple(values))
    return rows


async def whole_rows(source: PageSource, page: Page, numbers: Sequence[int]) -> list[Row]:
    """Returns rows of a page with all of their values, read again only where they were cut.

    Raises:
        NotFound: A row is gone.
        Refused: They are too large to be held at once.
        ConsoleError: The server refused, or the connection is gone.
    """
    short = {row for row, _ in page.cut}
    again = [number for number in numbers if number in short]
    names = [column.name for column in page.columns]
    read_again = await read_whole(source, [page.places[number] for number in again], names)
    whole = dict(zip(again, read_again, strict=True))
    return [whole.get(number, page.rows[number]) for number in numbers]


def hex_lines(digits: str, start: int = 0) -> list[str]:
    """Writes bytes as lines of sixteen: where they are, their digits, and what prints of them.

    Args:
        digits: Two for each byte.
        start: Where the first byte is.

    Raises:
        ConsoleError: These are no such digits.
    """
    try:
        data = bytes.fromhex(digits)
    except ValueError as error:
        raise ConsoleError("these are no hexadecimal digits") from error
    lines = []
    for offset in range(0, len(data), 16):
        part = data[offset : offset + 16]
        printed = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in part)
        halves = f"{part[:8].hex(' '):<23}  {part[8:].hex(' '):<23}"
        lines.append(f"{start + offset:08x}  {halves}  {printed}")
    return lines


def _beginning(column: Column, length: int) -> sql.Composable:
    if column.width < 0 and column.base not in _TEXTS and column.base != "bytea":
        return sql.SQL("pg_catalog.left({}, {})").format(written(column), sql.Literal(length + 1))
    return cut(column, length)


def _size(column: Column) -> sql.Composed:
    name = sql.Identifier(column.name)
    if column.base in _TEXTS or column.base == "bytea":
        return sql.SQL("pg_catalog.octet_length({})").format(name)
    return sql.SQL("pg_catalog.pg_column_size({})").format(name)


def _list(parts: Sequence[sql.Composable]) -> sql.Composed:
    return sql.SQL(", ").join(parts)
