"""The owner of stdout: one JSON document, one object a line, CSV, or text for a person.

Everything is written as UTF-8 except text, which goes out in the terminal's own encoding.
A reader that goes away raises BrokenPipeError, which ends the command quietly.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from console.errors import ConsoleError
from console.visible import json_text, visible, visible_lines

if TYPE_CHECKING:
    from typing import TextIO

_WIDEST_CELL = 60
_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


def is_terminal(stream: TextIO | None = None) -> bool:
    """Tells whether stdout, or another stream, is a terminal."""
    stream = stream or sys.stdout
    return stream is not None and not stream.closed and stream.isatty()


def _write(text: str, encoding: str = "utf-8") -> None:
    with _writable():
        sys.stdout.buffer.write(text.encode(encoding, "backslashreplace"))


@contextlib.contextmanager
def _writable() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        discard()
        raise
    except OSError as error:
        discard()
        raise ConsoleError(f"the output can't be written: {error.strerror}") from error


def discard() -> None:
    """Sends what is still to be written nowhere; Python would try again on its way out."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _print(text: str) -> None:
    _write(text + "\n", sys.stdout.encoding or "utf-8")


def flush() -> None:
    """Hands over what was written; called before the process ends."""
    with _writable():
        sys.stdout.flush()


def document(value: object) -> None:
    """Prints the one JSON document of a command."""
    _write(json_text(value, indent=2 if is_terminal() else None) + "\n")


def raw(text: str) -> None:
    """Prints the text of a file as it is; what is unsafe in it has to be escaped already."""
    _write(text)


def json_line(value: object) -> None:
    """Prints one JSON object on a line of its own, at once."""
    _write(json_text(value) + "\n")
    flush()


def csv_line(values: Iterable[str | None]) -> None:
    """Prints one CSV record as PostgreSQL writes it: NULL is empty, '' is two quotes."""
    _write(",".join(_csv(value) for value in values) + "\n")


def _csv(value: str | None) -> str:
    if value is None:
        return ""
    if value in ("", "\\.") or value != value.strip() or any(mark in value for mark in '",\r\n'):
        return '"' + value.replace('"', '""') + '"'
    return value


def _styled(text: str, style: str | None) -> str:
    text = visible_lines(text)
    plain = (
        not is_terminal() or os.environ.get("NO_COLOR") or os.environ.get("TERM", "dumb") == "dumb"
    )
    return text if plain or style is None else f"\x1b[{_STYLES[style]}m{text}\x1b[0m"


def line(text: str = "", style: str | None = None) -> None:
    """Prints text for a person; line breaks stay, everything unsafe becomes visible."""
    spans((text, style))


def spans(*parts: tuple[str, str | None]) -> None:
    """Prints a line of several styles: pairs of text and style."""
    _print(styled(*parts))


def styled(*parts: tuple[str, str | None]) -> str:
    """Returns what `spans` prints, for `stream`."""
    return "".join(_styled(text, style) for text, style in parts)


def stream(lines: Iterable[str]) -> None:
    """Hands lines over one by one, past every buffer.

    May run in a thread: where the reader has stopped reading it blocks that thread alone, and
    leaves no lock behind that the way out would wait for.
    """
    flush()
    encoding = sys.stdout.encoding or "utf-8"
    with _writable():
        for text in lines:
            rest = memoryview(f"{text}\n".encode(encoding, "backslashreplace"))
            while rest:
                rest = rest[os.write(sys.stdout.fileno(), rest) :]


def has_reader() -> bool:
    """Tells whether somebody may still read stdout: a pipe says when its reader has gone."""
    import select

    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)
    return not any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))


def table(
    heads: Sequence[str], rows: Sequence[Sequence[str | None]], *, right: Iterable[int] = ()
) -> None:
    """Prints rows as columns; as one block a row where a terminal is too narrow.

    Args:
        heads: The columns' names.
        rows: Cells; None is NULL and prints as ∅.
        right: Columns to align to the right.
    """
    from rich.cells import cell_len

    texts = [[_cell(cell) for cell in row] for row in rows]
    names = [visible(head) for head in heads]
    widths = [max(map(cell_len, column)) for column in zip(names, *texts, strict=True)]
    if is_terminal() and sum(widths) + 2 * (len(widths) - 1) > os.get_terminal_size().columns:
        _blocks(names, texts)
        return
    rights = set(right)
    for cells in (names, ["-" * width for width in widths], *texts):
        padded = []
        for position, (cell, width) in enumerate(zip(cells, widths, strict=True)):
            space = " " * (width - cell_len(cell))
            padded.append(space + cell if position in rights else cell + space)
        _print("  ".join(padded).rstrip())


def _cell(cell: str | None) -> str:
    from rich.cells import cell_len, set_cell_size

    text = "∅" if cell is None else visible(cell)
    return text if cell_len(text) <= _WIDEST_CELL else set_cell_size(text, _WIDEST_CELL - 1) + "…"


def _blocks(names: list[str], rows: list[list[str]]) -> None:
    from rich.cells import cell_len

    widest = max(map(cell_len, names))
    for number, row in enumerate(rows, 1):
        _print(f"-- {number} --")
        for name, cell in zip(names, row, strict=True):
            _print(f"{name}{' ' * (widest - cell_len(name))}  {cell}".rstrip())
