"""A value of any length, read from the server as it is scrolled through."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Protocol

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from console.browse.detail import CHUNK, Slice, read_end, read_slice, read_whole
from console.browse.page import Place
from console.browse.source import PageSource
from console.ui import words
from console.ui.connections import Connections
from console.ui.tables import copying
from console.ui.tables.asking import AskingView
from console.ui.tables.wrapping import Piece
from console.ui.widgets.caption import Caption

KEPT = 6
"""Parts of a value that are held at a time."""


class LongText(Protocol):
    """Where the parts of a value come from."""

    async def part(self, start: int, length: int) -> Slice | None:
        """Reads a part; None where the value is NULL."""

    async def last(self) -> Slice | None:
        """Reads the last part."""

    async def whole(self) -> str | None:
        """Reads all of it, up to a limit."""


@dataclass(frozen=True, slots=True)
class StoredText:
    """A value in the database."""

    source: PageSource
    place: Place
    column: str

    async def part(self, start: int, length: int) -> Slice | None:
        """Reads a part from the server."""
        return await read_slice(self.source, self.place, self.column, start, length)

    async def last(self) -> Slice | None:
        """Reads the last part from the server."""
        return await read_end(self.source, self.place, self.column)

    async def whole(self) -> str | None:
        """Reads all of it."""
        return (await read_whole(self.source, [self.place], [self.column]))[0][0]


@dataclass(frozen=True, slots=True)
class HeldText:
    """A text that is here already."""

    text: str

    async def part(self, start: int, length: int) -> Slice | None:
        """Cuts out a part."""
        end = min(len(self.text), start + length)
        return Slice(self.text[start:end], start, end, end < len(self.text), None)

    async def last(self) -> Slice | None:
        """Cuts out the last part."""
        return await self.part(max(0, len(self.text) - CHUNK), CHUNK)

    async def whole(self) -> str | None:
        """Returns it."""
        return self.text


@dataclass(slots=True)
class _Part:
    """Lines that were made of one part, and where the part ends."""

    pieces: list[Piece]
    end: int


class Reader(ScrollView, can_focus=True, inherit_bindings=False):
    """The parts at hand, one below the other."""

    BINDING_GROUP_TITLE = "Text"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll_up", "Up", show=False),
        Binding("down,j", "scroll_down", "Down", show=False),
        Binding("pageup", "page_up", "Page up", show=False),
        Binding("pagedown,space", "page_down", "Page down", show=False),
        Binding("home,g", "edge(False)", "Beginning", show=False),
        Binding("end,G", "edge(True)", "End", show=False),
    ]

    @dataclass
    class Wanted(Message):
        """What comes before or after the parts at hand is about to be seen."""

        down: bool

    @dataclass
    class Edge(Message):
        """The person wants the beginning or the end of the value."""

        end: bool

    class Scrolled(Message):
        """Another line is the first."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[_Part] = []
        self.at_start = self.at_end = True

    @property
    def begin(self) -> int:
        """Where what is at hand begins."""
        return self._parts[0].pieces[0].start if self._parts else 0

    @property
    def end(self) -> int:
        """Where it ends."""
        return self._parts[-1].end if self._parts else 0

    @property
    def top(self) -> int:
        """Where the first line on the screen begins."""
        piece = self._piece(self.scroll_offset.y)
        return 0 if piece is None else piece.start

    def show(self, pieces: list[Piece], end: int, *, at_start: bool, at_end: bool) -> None:
        """Shows a part in place of all others."""
        self._parts = [_Part(pieces, end)]
        self.at_start, self.at_end = at_start, at_end
        self._renew()
        self.scroll_to(0, 0 if not (at_end and not at_start) else self.max_scroll_y, animate=False)

    def append(self, pieces: list[Piece], end: int, *, at_end: bool) -> None:
        """Adds what follows, and lets go of what is far above."""
        self._parts.append(_Part(pieces, end))
        self.at_end = at_end
        gone = 0
        if len(self._parts) > KEPT:
            gone = len(self._parts.pop(0).pieces)
            self.at_start = False
        self._renew()
        self.scroll_to(y=self.scroll_offset.y - gone, animate=False, immediate=True)

    def prepend(self, pieces: list[Piece], end: int, *, at_start: bool) -> None:
        """Adds what comes before, and lets go of what is far below."""
        self._parts.insert(0, _Part(pieces, end))
        self.at_start = at_start
        if len(self._parts) > KEPT:
            self._parts.pop()
            self.at_end = False
        above = self.scroll_offset.y + len(pieces)
        self._renew()
        self.scroll_to(y=above, animate=False, immediate=True)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offers to move where there is more than fits."""
        return self.max_scroll_y > 0 or not (self.at_start and self.at_end)

    def _renew(self) -> None:
        height = sum(len(part.pieces) for part in self._parts)
        self.virtual_size = Size(self.size.width, height)
        self.refresh()

    def _piece(self, number: int) -> Piece | None:
        for part in self._parts:
            if number < len(part.pieces):
                return part.pieces[number]
            number -= len(part.pieces)
        return None

    def watch_scroll_y(self, before: float, after: float) -> None:
        """Asks for more before it is missed."""
        super().watch_scroll_y(before, after)
        margin = 2 * self.size.height
        if not self.at_end and after + margin >= self.max_scroll_y:
            self.post_message(self.Wanted(down=True))
        elif not self.at_start and after <= margin:
            self.post_message(self.Wanted(down=False))
        self.post_message(self.Scrolled())

    def action_edge(self, end: bool) -> None:
        """Goes to the beginning or the end of the value."""
        if end and self.at_end:
            self.scroll_to(y=self.max_scroll_y, animate=False)
        elif not end and self.at_start:
            self.scroll_to(y=0, animate=False)
        else:
            self.post_message(self.Edge(end))

    def render_line(self, y: int) -> Strip:
        """Draws one line of the screen."""
        width = self.size.width
        piece = self._piece(y + self.scroll_offset.y)
        content = Content(f" {piece.text}" if piece is not None else "")
        content = content.truncate(width, ellipsis=True, pad=True)
        return Strip(content.render_segments(self.visual_style), width)


class LongValue(AskingView):
    """A value in full.

    Args:
        connections: Where to ask.
        title: What it is, in words that may come from data.
        text: Where its parts come from.
        layout: Makes lines of a part, for a width, with the place where the part begins.
        unit: What places are counted in.
    """

    BINDING_GROUP_TITLE = "Value"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("y", "copy", "Copy it all")]

    def __init__(
        self,
        connections: Connections,
        title: str,
        text: LongText,
        layout: Callable[[str, int, int], list[Piece]],
        unit: str = "character",
    ) -> None:
        super().__init__(connections)
        self.title = title
        self.text = text
        self.layout_lines = layout
        self.unit = unit
        self.total: int | None = None
        self._width = 0

    def compose(self) -> ComposeResult:
        """Lays out caption and text."""
        yield Caption()
        yield Reader()

    @property
    def reader(self) -> Reader:
        """The text."""
        return self.query_one(Reader)

    def on_mount(self) -> None:
        """Says what it is."""
        self.head(self.title, Content(""))

    def take_focus(self) -> None:
        """The text has it."""
        self.screen.set_focus(self.reader)

    def on_resize(self) -> None:
        """Breaks the lines anew where the width is another."""
        width = self.size.width - 2
        if width > 0 and width != self._width:
            self._width = width
            self._start(self.reader.top // 16 * 16)

    def again(self) -> None:
        """Reads what is on the screen again."""
        self._start(self.reader.top // 16 * 16)

    def _start(self, place: int) -> None:
        self.ask("reading", partial(self.text.part, place, CHUNK), self._take_first)

    def _pieces(self, part: Slice) -> tuple[list[Piece], int]:
        pieces = self.layout_lines(part.text, self._width, part.start)
        if part.more and self.unit == "character" and len(pieces) > 1:
            # The last line may go on in the next part, which therefore begins with it.
            return pieces[:-1], pieces[-1].start
        return pieces, part.end

    def _take_first(self, part: Slice | None) -> None:
        if part is None:
            part = Slice("", 0, 0, more=False, total=None)
        self.total = part.total
        pieces, end = self._pieces(part)
        pieces = pieces or [Piece(0, "")]
        self.reader.show(pieces, end, at_start=part.start == 0, at_end=not part.more)
        self._tell_place()

    def _take_next(self, part: Slice | None) -> None:
        if part is not None:
            pieces, end = self._pieces(part)
            self.reader.append(pieces, end, at_end=not part.more)
            self._tell_place()

    def _take_before(self, part: Slice | None) -> None:
        if part is not None:
            pieces = self.layout_lines(part.text, self._width, part.start)
            self.reader.prepend(pieces, part.end, at_start=part.start == 0)
            self._tell_place()

    @on(Reader.Wanted)
    def _wanted(self, message: Reader.Wanted) -> None:
        message.stop()
        if self.is_busy or self.error is not None:
            return
        reader = self.reader
        if message.down and not reader.at_end:
            self.ask("reading on", partial(self.text.part, reader.end, CHUNK), self._take_next)
        elif not message.down and not reader.at_start:
            start = max(0, reader.begin - CHUNK)
            before = partial(self.text.part, start, reader.begin - start)
            self.ask("reading what comes before", before, self._take_before)

    @on(Reader.Edge)
    def _edge(self, message: Reader.Edge) -> None:
        message.stop()
        if message.end:
            self.ask("reading the end", self.text.last, self._take_first)
        else:
            self._start(0)

    @on(Reader.Scrolled)
    def _scrolled(self, message: Reader.Scrolled) -> None:
        message.stop()
        if not self.is_busy:
            self._tell_place()

    def _tell_place(self) -> None:
        of = "" if self.total is None else f" · {words.size(self.total)}"
        if self.reader.at_start and self.reader.at_end:
            place = words.plural(self.reader.end, self.unit)
        else:
            place = f"from {self.unit} {words.count(self.reader.top + 1)}"
        self.head(self.title, Content(""), Content.styled(f"{place}{of}", "$muted"))

    def action_copy(self) -> None:
        """Copies all of it."""

        def take(text: str | None) -> None:
            copying.take(self.app, text or "", "Value", self.title)
            self._tell_place()

        self.ask("reading all of it", self.text.whole, take)
