"""The filtered table as a file: whole or not at all, readable by its owner only."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from json.encoder import encode_basestring
from pathlib import Path

from psycopg import sql

from console.browse.blame import blamed
from console.browse.formats import as_csv
from console.browse.page import Row
from console.browse.query import QuerySource, stream_query
from console.browse.source import PageSource
from console.browse.stream import can_copy, copy_lines, stream_rows
from console.connection.session import Session
from console.errors import ConsoleError, DatabaseFailed, Refused
from console.visible import json_text

_EVERY = 0.2
"""Seconds between two reports of progress."""


class Format(StrEnum):
    """What kind of file."""

    CSV = "csv"
    JSON = "json"
    JSONL = "jsonl"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an export is.

    Attributes:
        rows: Rows written.
        bytes: Bytes written.
        elapsed: Seconds since it began.
        done: Whether the file is there, under its name.
    """

    rows: int
    bytes: int
    elapsed: float
    done: bool

    @property
    def rate(self) -> float:
        """Rows a second."""
        return self.rows / self.elapsed if self.elapsed > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Export:
    """What is written, and how.

    Attributes:
        names: The columns' names.
        read: Reads the rows whole, some at a time, in a time that may be limited.
        copied: The same as a query that COPY may run; None where it may not.
        blame: Says better what a failure comes from.
    """

    names: tuple[str, ...]
    form: Format
    read: Callable[[Session, float], AsyncGenerator[list[Row], None]]
    copied: sql.Composable | None
    blame: Callable[[Session, DatabaseFailed], Awaitable[ConsoleError]]


def export_of(source: PageSource, form: Format, *, ordered: bool) -> Export:
    """Returns the export of what a source pages through.

    Args:
        source: Which rows.
        form: The file's format.
        ordered: Whether the rows come in the source's order. To keep millions of rows in an
            order nobody asked for costs more than to read them.
    """
    selection = source.selection
    names = tuple(column.name for column in selection.shown)
    if isinstance(source, QuerySource):
        typed = source.typed

        async def same(session: Session, error: DatabaseFailed) -> ConsoleError:
            return error

        def read_query(session: Session, limit: float) -> AsyncGenerator[list[Row], None]:
            return stream_query(session, typed, statement_timeout=limit)

        return Export(names, form, read_query, None, same)
    plain = sql.SQL("select {} from {}{}").format(
        selection.names, selection.origin, selection.chosen.where
    )
    query = source.statement if ordered else plain

    async def blame(session: Session, error: DatabaseFailed) -> ConsoleError:
        return await blamed(session, selection.relation, selection.chosen, error)

    def read(session: Session, limit: float) -> AsyncGenerator[list[Row], None]:
        return stream_rows(session, query, statement_timeout=limit)

    return Export(names, form, read, query, blame)


async def export(
    session: Session, what: Export, path: Path, *, replace: bool = False, limit: float = 0
) -> AsyncGenerator[Progress, None]:
    """Writes rows to a file, and tells how far it is.

    The file is written beside its final name and takes that name when it is complete and on
    the disk. Closing the generator before that ends the query on the server and removes it.

    Args:
        session: Where to read; used for nothing else until the end.
        what: What to write. CSV is what COPY makes; in the other formats, values are the
            server's own text, in objects with the columns' names.
        path: The file.
        replace: Whether a file that is there may be replaced.
        limit: Seconds the query may take; 0 for no limit.

    Raises:
        Refused: The file is there already.
        FilterError: A term of the filter does not suit its column.
        ConsoleError: The server refused, the connection is gone, or the file can't be written.
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    started = told = time.perf_counter()
    count = size = 0
    with _writable(path):
        _refuse_existing(path, replace)
        descriptor = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            async with contextlib.aclosing(_chunks(session, what, limit)) as chunks:
                async for rows, chunk in chunks:
                    with _writable(path):
                        file.write(chunk)
                    size += len(chunk)
                    count += rows
                    now = time.perf_counter()
                    if now - told >= _EVERY:
                        told = now
                        yield Progress(count, size, now - started, False)
            with _writable(path):
                file.flush()
                await asyncio.to_thread(os.fsync, file.fileno())
        with _writable(path):
            _refuse_existing(path, replace)
            part.replace(path)
    except DatabaseFailed as error:
        raise await what.blame(session, error) from error
    finally:
        part.unlink(missing_ok=True)
    yield Progress(count, size, time.perf_counter() - started, True)


def _refuse_existing(path: Path, replace: bool) -> None:
    if not replace and path.exists():
        raise Refused(f"{path.name} is there already", hint="choose another name, or replace it")


async def _chunks(
    session: Session, what: Export, limit: float
) -> AsyncGenerator[tuple[int, bytes], None]:
    """Makes the parts of the file, each with the number of rows in it."""
    if what.form is Format.CSV and what.copied is not None and can_copy(session):
        header = 1
        blocks = copy_lines(session, what.copied, "format csv, header", statement_timeout=limit)
        async with contextlib.aclosing(blocks):
            async for lines in blocks:
                yield len(lines) - header, b"".join(lines)
                header = 0
        return
    if what.form is Format.CSV:
        yield 0, as_csv(what.names).encode()
    elif what.form is Format.JSON:
        yield 0, b"["
    before = "\n"
    names = [_quoted(name) for name in what.names]
    portions = what.read(session, limit)
    async with contextlib.aclosing(portions):
        async for rows in portions:
            if what.form is Format.CSV:
                yield len(rows), "".join(map(as_csv, rows)).encode()
                continue
            objects = [_object(names, row) for row in rows]
            if what.form is Format.JSONL:
                yield len(rows), ("\n".join(objects) + "\n").encode()
            else:
                yield len(rows), (before + ",\n".join(objects)).encode()
                before = ",\n"
    if what.form is Format.JSON:
        yield 0, b"\n]\n"


def _object(names: list[str], row: Row) -> str:
    pairs = zip(names, row, strict=False)
    return "{" + ", ".join([f"{name}: {_quoted(value)}" for name, value in pairs]) + "}"


def _quoted(value: str | None) -> str:
    """Writes a value as JSON; as `json_text`, but quicker where nothing needs an escape."""
    if value is None:
        return "null"
    text = encode_basestring(value)
    return text if text.isprintable() else json_text(value)


@contextlib.contextmanager
def _writable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConsoleError(
            f"{path} can't be written: {error.strerror}", hint="choose another place, or make room"
        ) from error
