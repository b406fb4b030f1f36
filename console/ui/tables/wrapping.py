"""Text as lines of a screen, each with the place in the text where it begins."""

from __future__ import annotations

from dataclasses import dataclass

from rich.cells import cell_len

from console.browse.detail import hex_lines
from console.visible import visible

_TAB = "    "


@dataclass(frozen=True, slots=True)
class Piece:
    """A line of the screen.

    Attributes:
        start: The first of its characters, or bytes, counted from 0.
        text: What stands in it, made visible.
    """

    start: int
    text: str


def wrapped(text: str, width: int, start: int = 0) -> list[Piece]:
    """Breaks text into lines of at most so many cells, after a space where one is near."""
    pieces = []
    for line in text.split("\n"):
        if len(line) <= width and line.isascii() and line.isprintable():
            pieces.append(Piece(start, line))
        else:
            pieces += _broken(line, max(1, width), start)
        start += len(line) + 1
    return pieces


def _broken(line: str, width: int, start: int) -> list[Piece]:
    if not (line.isascii() and line.isprintable()):
        marks = [_TAB if character == "\t" else visible(character) for character in line]
        widths = [cell_len(mark) for mark in marks]
    else:
        marks, widths = list(line), [1] * len(line)
    pieces = []
    begin = position = room = 0
    room = width
    while position < len(line):
        if widths[position] > room and position > begin:
            end = position
            space = line.rfind(" ", begin, position) + 1
            if space > begin + (position - begin) * 2 // 3:
                end = space
            pieces.append(Piece(start + begin, "".join(marks[begin:end])))
            begin = position = end
            room = width
        else:
            room -= widths[position]
            position += 1
    pieces.append(Piece(start + begin, "".join(marks[begin:])))
    return pieces


def dumped(digits: str, width: int, start: int = 0) -> list[Piece]:
    """Writes bytes as lines of sixteen, with what prints of them."""
    return [
        Piece(start + 16 * number, line) for number, line in enumerate(hex_lines(digits, start))
    ]
