"""`rowsight rows T`: rows of a table, as a table, CSV, JSON or one JSON object a line."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING

from console.cli import diagnostics, output
from console.cli.connecting import session
from console.cli.running import finish
from console.cli.tables import about
from console.errors import Refused, UsageError

if TYPE_CHECKING:
    from console.browse.page import Order, Page

_CELL = 300
"""Characters of a value that `table` shows; the other formats give all of it."""

_NAME = re.compile(r'\s*(?:"((?:[^"]|"")+)"|([^",:]+))\s*(:(?:asc|desc))?\s*(,|$)', re.IGNORECASE)


def run(options: argparse.Namespace) -> int:
    """Prints the first rows that match.

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
    page = finish(_read(options, form))
    names = [column.name for column in page.columns]
    if form == "json":
        output.document([dict(zip(names, row, strict=True)) for row in page.rows])
    elif form == "jsonl":
        for row in page.rows:
            output.json_line(dict(zip(names, row, strict=True)))
    elif form == "csv":
        output.csv_line(names)
        for row in page.rows:
            output.csv_line(row)
    else:
        _table(page, names)
    diagnostics.say(_words(page))
    return 0


async def _read(options: argparse.Namespace, form: str) -> Page:
    from console.browse.page import first_page
    from console.catalog.relations import find_relation

    columns = None if options.columns is None else [name for name, _ in _names(options.columns)]
    async with session(options, "rows") as opened:
        return await first_page(
            opened,
            await find_relation(opened, options.table),
            limit=options.limit,
            cell=_CELL if form == "table" else None,
            columns=columns,
            where=options.where,
            order=_order(options.order),
        )


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


def _order(text: str | None) -> list[Order]:
    from console.browse.page import Order

    return [Order(name, direction == ":desc") for name, direction in _names(text)] if text else []


def _table(page: Page, names: list[str]) -> None:
    if not names:
        return
    rows = [list(row) for row in page.rows]
    for row, column in page.cut:
        rows[row][column] = f"{rows[row][column]}…"
    numbers = [place for place, column in enumerate(page.columns) if column.category == "N"]
    output.table(names, rows, right=numbers)


def _words(page: Page) -> str:
    count = f"{len(page.rows):,} row{'' if len(page.rows) == 1 else 's'}"
    took = f"{page.elapsed * 1000:,.0f} ms"
    if not page.more:
        return f"{count} · {took}"
    whole = about(page.relation.rows_estimate)
    of = f" of {whole} in the table" if whole else ""
    return f"{count}{of}, more follow: --limit N · {took}"
