"""`rowsight rows T`: rows of a table, as a table, CSV, JSON or one JSON object a line.

With `--as` they are those a persona gets through the API; with `--xray` too, they are all
rows, and each says whether the persona sees it.
"""

from __future__ import annotations

import argparse
import re
import shlex
import time
from typing import TYPE_CHECKING

from console.access.marks import ROWS
from console.cli import diagnostics, output
from console.cli.eyes import VISIBLE, eyes
from console.cli.running import finish
from console.cli.tables import about
from console.errors import Refused, UsageError

if TYPE_CHECKING:
    from console.browse.listing import Listing
    from console.browse.page import Order, Page
    from console.cli.eyes import Sight

_CELL = 300
"""Characters of a value that `table` shows; the other formats give all of it."""

_NAME = re.compile(r'\s*(?:"((?:[^"]|"")+)"|([^",:]+))\s*(:(?:asc|desc))?\s*(,|$)', re.IGNORECASE)


def run(options: argparse.Namespace) -> int:
    """Prints the rows that match, from the first or after a key, up to a limit.

    Raises:
        UsageError: An option or the filter does not parse.
        Refused: Raw CSV would reach a terminal.
        NotFound: The table or a column does not exist.
    """
    if options.json and options.format not in (None, "json"):
        raise UsageError(f"--json and --format {options.format} do not fit", hint="give one")
    form = "json" if options.json else options.format or "table"
    # Errors are a document too where JSON was asked for.
    if form == "csv" and output.is_terminal() and not options.force:
        raise Refused(
            "CSV holds the data as it is, and this is a terminal",
            hint="redirect it to a file, or give --force",
        )
    finish(_print(options, form))
    return 0


async def _print(options: argparse.Namespace, form: str) -> None:
    from console.browse.listing import open_listing
    from console.catalog.relations import find_relation

    columns = None if options.columns is None else _columns(options.columns)
    started = time.perf_counter()
    async with eyes(options) as (login, reader, sight):
        relation = await find_relation(login, options.table)
        if sight is not None:
            columns = await sight.columns(relation, columns)
        listing = await open_listing(
            reader,
            relation,
            columns=columns,
            where=options.where,
            order=_order(options.order),
            after=options.after,
            # A key that is cut names no row.
            cell=_CELL if form == "table" and sight is None else None,
        )
        names = [column.name for column in listing.columns]
        if form == "table":
            page = await listing.page(options.limit)
            count = len(page.rows)
            await _table(page, names, sight)
        else:
            count = await _stream(listing, form, names, options.limit, sight)
        said = await sight.words() if sight is not None else ""
    diagnostics.say(_words(listing, count, time.perf_counter() - started))
    if said:
        diagnostics.say(said)


async def _stream(
    listing: Listing, form: str, names: list[str], limit: int, sight: Sight | None
) -> int:
    """Prints rows as they come; only the one document that JSON is needs them all."""
    import contextlib

    objects: list[dict[str, object]] = []
    count = 0
    shown = names if sight is None else names[: sight.shown]
    if form == "csv":
        output.csv_line(shown if sight is None else [*shown, VISIBLE])
    async with contextlib.aclosing(listing.rows(limit)) as portions:
        async for portion in portions:
            count += len(portion)
            states = [None] * len(portion) if sight is None else await sight.seen(names, portion)
            for row, state in zip(portion, states, strict=True):
                values = row[: len(shown)]
                flag = None if state in (None, "unknown") else state == "visible"
                if form == "csv":
                    told = "" if flag is None else str(flag).lower()
                    output.csv_line(values if state is None else [*values, told])
                    continue
                fields: dict[str, object] = {} if state is None else {VISIBLE: flag}
                fields |= zip(shown, values, strict=True)
                if form == "jsonl":
                    output.json_line(fields)
                else:
                    objects.append(fields)
    if form == "json":
        output.document(objects)
    return count


def _names(text: str) -> list[tuple[str, str]]:
    """Splits `a,"B",c:desc` into names and directions."""
    found, position = [], 0
    while match := _NAME.match(text, position):
        quoted, bare, direction, end = match.groups()
        name = quoted.replace('""', '"') if quoted else bare.strip()
        found.append((name, (direction or "").lower()))
        position = match.end()
        if not end:
            return found
    raise UsageError(
        f"{text!r} is not a list of columns", hint='write a,b or "createdAt":desc in quotes'
    )


def _columns(text: str) -> list[str]:
    names = _names(text)
    if any(direction for _, direction in names):
        raise UsageError("--columns takes no direction", hint="--order says what to sort by")
    return [name for name, _ in names]


def _order(text: str | None) -> list[Order]:
    from console.browse.page import Order

    names = [] if text is None else _names(text)
    return [Order(name, direction == ":desc") for name, direction in names]


async def _table(page: Page, names: list[str], sight: Sight | None) -> None:
    if not names:
        return
    rows = [list(row) for row in page.rows]
    for row, column in page.cut:
        rows[row][column] = f"{rows[row][column]}…"
    numbers = [place for place, column in enumerate(page.columns) if column.category == "N"]
    if sight is not None:
        states = await sight.seen(names, page.rows)
        names = ["", *names[: sight.shown]]
        rows = [
            [ROWS[state].glyph, *row[: sight.shown]]
            for state, row in zip(states, rows, strict=True)
        ]
        numbers = [place + 1 for place in numbers if place < sight.shown]
    output.table(names, rows, right=numbers)


def _words(listing: Listing, count: int, elapsed: float) -> str:
    rows = f"{count:,} row{'' if count == 1 else 's'}"
    took = f"{elapsed * 1000:,.0f} ms"
    if not listing.more:
        return f"{rows} · {took}"
    whole = about(listing.relation.rows_estimate)
    of = f" of {whole} in the table" if whole else ""
    further = "--limit N" if listing.last is None else f"--after {shlex.quote(listing.last)}"
    return f"{rows}{of}, more follow: {further} · {took}"
