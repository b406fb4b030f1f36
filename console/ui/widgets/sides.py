"""Two texts side by side, with what differs marked by more than colour."""

from __future__ import annotations

from difflib import SequenceMatcher

from rich.cells import cell_len, set_cell_size
from textual.content import Content

from console.ui.widgets.sql import highlighted
from console.visible import visible_lines


def _wrapped(text: str, width: int) -> list[str]:
    """Cuts lines into pieces of at most so many cells, after a space where there is one."""
    pieces = []
    for line in visible_lines(text).split("\n"):
        while cell_len(line) > width:
            head = set_cell_size(line, width)
            if not line.startswith(head):
                head = head[:-1]  # a space in place of half a wide character
            cut = head.rfind(" ") + 1
            if cut <= width // 3:
                cut = max(1, len(head.rstrip()))
            pieces.append(line[:cut])
            line = "  " + line[cut:]
        pieces.append(line)
    return pieces


def _cell(text: str, width: int) -> str:
    return text + " " * max(0, width - cell_len(text))


def side_by_side(expected: str | None, actual: str | None, width: int) -> Content:
    """Lays out what is expected at the left, what there is at the right.

    Lines that differ carry a mark (`-` only expected, `+` only there, `~` changed) and
    stand in colour. Where one side is None the other has the whole width.
    """
    if expected is None or actual is None:
        return _alone(expected, actual)
    half = max(8, (width - 3) // 2)
    left, right = _wrapped(expected, half - 2), _wrapped(actual, half - 2)
    lines = [
        Content.assemble(
            (_cell("  expected", half), "bold $muted"),
            (" │ ", "$rule"),
            ("  actual", "bold $muted"),
        )
    ]
    for tag, a, b, c, d in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        for offset in range(max(b - a, d - c)):
            one = left[a + offset] if a + offset < b else None
            two = right[c + offset] if c + offset < d else None
            lines.append(_line(one, two, half, same=tag == "equal"))
    return Content("\n").join(lines)


def _alone(expected: str | None, actual: str | None) -> Content:
    parts = []
    for heading, text in (("expected", expected), ("actual", actual)):
        block = Content("nothing") if text is None else highlighted(text)
        parts.append(Content.assemble((heading, "bold $muted"), "\n", block))
    return Content("\n\n").join(parts)


def _line(left: str | None, right: str | None, half: int, *, same: bool) -> Content:
    if same:
        plain = _cell(f"  {left}", half)
        return Content.assemble((plain, "$muted"), (" │ ", "$rule"), (f"  {right}", "$muted"))
    marks = ("~", "~") if left is not None and right is not None else ("-", "+")
    one = "" if left is None else f"{marks[0]} {left}"
    two = "" if right is None else f"{marks[1]} {right}"
    return Content.assemble((_cell(one, half), "$added"), (" │ ", "$rule"), (two, "$removed"))
