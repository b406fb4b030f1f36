"""The values of a document that are not folded away, one a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice, pairwise
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message

from console.browse.document import Document, Value
from console.ui import words
from console.ui.widgets.lines import Lines
from console.visible import visible

BRANCH = 1_000
"""Values of a branch that are shown at first, and each time more are asked for."""
_LARGE = 256 * 1024
"""Characters of a branch from which it is looked into beside the screen."""
PREVIEW = 400
"""Characters of a value, or of a path, that are shown."""
_DEEPEST = 20
"""Levels that are indented; further ones say their number."""


@dataclass(slots=True)
class Opened:
    """A branch that is unfolded: what was found in it, and where to go on."""

    values: list[Value] = field(default_factory=list)
    rest: Iterator[Value] | None = None

    def more(self, number: int = BRANCH) -> Opened:
        """Looks for more values."""
        if self.rest is not None:
            found = list(islice(self.rest, number))
            self.values += found
            if len(found) < number:
                self.rest = None
        return self


def unfolded(document: Document, value: Value, number: int = BRANCH) -> Opened:
    """Unfolds a branch, up to so many of its values."""
    return Opened(rest=document.children(value)).more(number)


def unfolded_to(document: Document, value: Value) -> dict[int, Opened]:
    """Unfolds every branch that holds a value, far enough for it to be seen."""
    opened = {}
    for above, below in pairwise(value.way):
        branch = Opened(rest=document.children(above))
        while branch.rest and not (branch.values and branch.values[-1].start >= below.start):
            branch.more()
        opened[above.start] = branch
    return opened


class Branches(Lines):
    """The values that are not folded away, one a line."""

    BINDING_GROUP_TITLE = "Document"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "Fold or unfold"),
        Binding("right,l", "fold(False)", "Unfold", show=False),
        Binding("left,h", "fold(True)", "Fold, or go to what holds it", show=False),
    ]

    @dataclass
    class Unfold(Message):
        """A large branch is to be looked into, or further into."""

        value: Value

    def __init__(self) -> None:
        super().__init__()
        self.document: Document | None = None
        self._opened: dict[int, Opened] = {}
        self._rows: list[tuple[Value, bool]] = []
        """Each value; or, marked, the branch of which there is more."""

    @property
    def line_count(self) -> int:
        """Lines in all."""
        return len(self._rows)

    @property
    def current(self) -> Value | None:
        """The value under the cursor."""
        return self._rows[self.cursor][0] if self.cursor < len(self._rows) else None

    def show(self, document: Document, opened: Opened) -> None:
        """Shows a document with its outermost branch unfolded."""
        self.document = document
        self._opened = {document.whole.start: opened}
        self._lay_out(0)

    def put(self, opened: dict[int, Opened], value: Value) -> None:
        """Unfolds branches and moves to a value in them."""
        self._opened |= opened
        self._lay_out(value.start)

    def _lay_out(self, start: int) -> None:
        """Lists what is unfolded, with the cursor on the value that begins at a place."""
        assert self.document is not None
        self._rows = []
        pending: list[tuple[Value, bool]] = [(self.document.whole, False)]
        cursor = 0
        while pending:
            value, more = pending.pop()
            if value.start == start and not more:
                cursor = len(self._rows)
            self._rows.append((value, more))
            opened = None if more else self._opened.get(value.start)
            if opened is not None:
                if opened.rest is not None:
                    pending.append((value, True))
                pending += [(child, False) for child in reversed(opened.values)]
        self.renew(cursor=cursor)

    def action_choose(self) -> None:
        """Folds or unfolds a branch, or shows a plain value in full."""
        if not self._rows or self.document is None:
            return
        value, more = self._rows[self.cursor]
        if more:
            self._more(value)
        elif not self.document.is_branch(value):
            self.post_message(self.Chosen(self, self.cursor))
        else:
            self.action_fold(value.start in self._opened)

    def _more(self, value: Value) -> None:
        cursor = self.cursor
        if value.end - value.start > _LARGE:
            self.post_message(self.Unfold(value))
            return
        self._opened[value.start].more()
        self._lay_out(value.start)
        self.cursor = cursor

    def unfold(self, value: Value) -> dict[int, Opened]:
        """Looks into a branch, further if it is unfolded; may be called beside the screen."""
        assert self.document is not None
        opened = self._opened.get(value.start)
        return {value.start: unfolded(self.document, value) if opened is None else opened.more()}

    def action_fold(self, fold: bool) -> None:
        """Folds or unfolds; what can't be folded leads to what holds it."""
        if not self._rows or self.document is None:
            return
        value, more = self._rows[self.cursor]
        is_open = value.start in self._opened
        if not fold:
            if more:
                self._more(value)
            elif not is_open and self.document.is_branch(value):
                if value.end - value.start > _LARGE:
                    self.post_message(self.Unfold(value))
                else:
                    self.put(self.unfold(value), value)
        elif is_open:
            # What was unfolded within stays so, for when this is unfolded again.
            del self._opened[value.start]
            self._lay_out(value.start)
        elif value.parent is not None:
            self._lay_out(value.parent.start)

    def line(self, index: int, width: int) -> Content:
        """Writes a value with its name or number."""
        value, more = self._rows[index]
        document = self.document
        assert document is not None
        depth = value.depth + more
        indent = " " * (1 + 2 * min(depth, _DEEPEST))
        if depth > _DEEPEST:
            indent += f"+{depth - _DEEPEST} "
        opened = self._opened.get(value.start)
        if more:
            number = len(opened.values) if opened else 0
            text = f"{words.count(number)} are shown, enter shows more"
            return Content.assemble(indent, ("… ", "$accent"), (text, "$muted"))
        if value.key is not None:
            label = Content.assemble((visible(value.key), "$primary"), "  ")
        elif value.parent is not None:
            label = Content.assemble((str(value.number), "$muted"), "  ")
        else:
            label = Content("")
        if not document.is_branch(value):
            return Content.assemble(indent, "  ", label, _coloured(document, value))
        if opened is None:
            preview = visible(document.written(value, PREVIEW))
            return Content.assemble(indent, "▸ ", label, (preview, "$muted"))
        held = len(opened.values)
        held_words = words.count(held) if opened.rest is None else f"more than {words.count(held)}"
        shape = "list" if document.is_list(value) else "object"
        return Content.assemble(indent, "▾ ", label, (f"{shape} of {held_words}", "$muted"))


def _coloured(document: Document, value: Value) -> Content:
    text = document.written(value, PREVIEW)
    if text.startswith('"'):
        style = "$sql-string"
    elif text[:1].isdigit() or text.startswith("-"):
        style = "$sql-number"
    elif text in ("true", "false", "null"):
        style = "$sql-keyword"
    else:
        style = "$null" if text == "NULL" else ""
    return Content.styled(visible(text), style)


def plain(written: str) -> str:
    """Returns what a value says: a string without its quotes and escapes."""
    if written.startswith('"'):
        try:
            return str(json.loads(written))
        except ValueError:
            return written[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    return written
