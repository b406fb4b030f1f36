"""Rows as text for the clipboard, or for a file where that is too small or out of reach."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from console.errors import ConsoleError
from console.ui.clipboard import LIMIT, copy
from console.visible import visible

if TYPE_CHECKING:
    from textual.app import App

    from console.browse.page import Row
    from console.ui.tables.reading import Opened

_ENDINGS = {"text": "txt", "json": "json", "insert": "sql"}


async def text_of(opened: Opened, indexes: Sequence[int], names: Sequence[str], form: str) -> str:
    """Writes rows with all of their values; what was cut for the screen is read again.

    Args:
        opened: Where the rows are.
        indexes: Their numbers; those not at hand are left out.
        names: The columns, in their order.
        form: `text`, `json` or `insert`.

    Raises:
        ConsoleError: A row is gone, they are too large, or the server refused.
    """
    from console.browse.detail import whole_rows
    from console.browse.formats import as_insert, as_json, as_text

    columns = {column.name: (place, column) for place, column in enumerate(opened.page.columns)}
    chosen = [columns[name] for name in names]
    rows: list[Row] = []
    for index in indexes:
        found = opened.window.find(index)
        if found is not None:
            page, number = found
            (whole,) = await whole_rows(opened.window.source, page, [number])
            rows.append(tuple(whole[place] for place, _ in chosen))
    kept = [column for _, column in chosen]
    if form == "json":
        return as_json(rows, kept)
    if form == "insert":
        return as_insert(opened.wanted.relation, rows, kept)
    return as_text(rows, kept if len(rows) > 1 else ())


async def cell_of(opened: Opened, index: int, name: str) -> str | None:
    """Reads one value whole.

    Raises:
        ConsoleError: The row is gone, the value is too large, or the server refused.
    """
    from console.browse.detail import read_whole

    found = opened.window.find(index)
    if found is None:
        return None
    page, number = found
    ((value,),) = await read_whole(opened.window.source, [page.places[number]], [name])
    return value


def take(
    app: App[Any], text: str, what: str, name: str, form: str = "text", *, to_file: bool = False
) -> None:
    """Copies text, or writes it to a file where it is too much for the clipboard.

    Args:
        app: Whose terminal, and where it is said.
        text: What is taken.
        what: What that is, in the words of the screen; must not come from data.
        name: What the file is called after.
        form: `text`, `json` or `insert`.
        to_file: Whether a file is wanted in any case.
    """
    too_big = len(text.encode("utf-8", "replace")) > LIMIT
    if not (to_file or too_big):
        copy(app, text, what)
        return
    try:
        path = write_file(text, name, form)
    except ConsoleError as error:
        app.notify(visible(error.message), severity="error", timeout=6, markup=False)
    else:
        why = f"{what} is too much for the clipboard: " if too_big else f"{what} "
        app.notify(f"{why}written to {visible(str(path))}", timeout=8, markup=False)


def write_file(text: str, name: str, form: str) -> Path:
    """Writes text to a new file in the folder the console was started in, for its owner only.

    Args:
        text: What to write.
        name: Of the relation; what no file name should hold is left out.
        form: `text`, `json` or `insert`.

    Raises:
        ConsoleError: It can't be written.
    """
    plain = re.sub(r"[^\w.-]+", "_", name, flags=re.ASCII)[:60] or "rows"
    for number in range(1, 1000):
        path = Path.cwd() / f"{plain}-{number}.{_ENDINGS[form]}"
        try:
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except FileExistsError:
            continue
        except OSError as error:
            raise ConsoleError(
                f"{path} can't be written: {error.strerror}", hint="start the console elsewhere"
            ) from error
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
            file.write(text)
        return path
    raise ConsoleError("there are a thousand such files already", hint="clear some away")
