"""Where a statement is typed, with what may come next below it."""

from __future__ import annotations

from importlib.util import find_spec
from typing import ClassVar

from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import TextArea
from textual.widgets.text_area import Selection, TextAreaTheme

from console.browse.completion import Completion
from console.ui.widgets.field import press_now
from console.ui.widgets.lines import Lines
from console.visible import visible

_SYNTAX = {
    "keyword": "sql-keyword",
    "keyword.operator": "sql-keyword",
    "conditional": "sql-keyword",
    "type.qualifier": "sql-keyword",
    "storageclass": "sql-keyword",
    "attribute": "sql-keyword",
    "boolean": "sql-keyword",
    "string": "sql-string",
    "number": "sql-number",
    "float": "sql-number",
    "comment": "sql-comment",
}
_CHOOSING = frozenset({"up", "down", "tab", "enter", "escape"})
MOST_SHOWN = 6


def language() -> str | None:
    """Returns the language the editor can colour: SQL where the extra `syntax` is installed."""
    both = find_spec("tree_sitter") and find_spec("tree_sitter_sql")
    return "sql" if both else None


class Editor(TextArea):
    """The statement; tab completes what is begun."""

    BINDING_GROUP_TITLE = "Statement"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete", "Complete"),
    ]

    class Complete(Message):
        """The person wants to know what may come next."""

    class Chose(Message):
        """A key that concerns the choices was pressed."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    def __init__(self, text: str) -> None:
        super().__init__(
            text,
            language=language(),
            show_line_numbers=True,
            compact=True,
            placeholder="select …   F5 runs it, F6 explains it",
        )
        self.cursor_blink = False
        self.choosing = False
        """Whether choices are on the screen."""

    def on_mount(self) -> None:
        """Takes the colours of the scheme, now and whenever it changes."""
        self._colour()
        self.app.theme_changed_signal.subscribe(self, lambda _: self._colour())

    def _colour(self) -> None:
        variables = self.app.theme_variables
        styles = {name: Style(color=variables[of]) for name, of in _SYNTAX.items()}
        self.register_theme(TextAreaTheme("rowsight", syntax_styles=styles))
        self.theme = "css"
        self.theme = "rowsight"

    @property
    def place(self) -> int:
        """Where the cursor is, in characters from 0."""
        return self.index_of(self.cursor_location)

    def index_of(self, location: tuple[int, int]) -> int:
        """Turns a line and a column, from 0, into a number of characters."""
        row, column = location
        newline = len(self.document.newline)
        return sum(len(line) + newline for line in self.document.lines[:row]) + column

    def location_of(self, index: int) -> tuple[int, int]:
        """Turns a number of characters into a line and a column, from 0."""
        newline = len(self.document.newline)
        for row, line in enumerate(self.document.lines):
            if index <= len(line):
                return row, index
            index -= len(line) + newline
        return self.document.end

    async def on_key(self, event: events.Key) -> None:
        """Gives the keys of the choices to them while they are on the screen."""
        if self.choosing and event.key in _CHOOSING:
            event.stop()
            event.prevent_default()
            self.post_message(self.Chose(event.key))
        else:
            await press_now(self, event)

    def action_complete(self) -> None:
        """Asks what may come next."""
        self.post_message(self.Complete())

    def put(self, completion: Completion, choice: str) -> None:
        """Puts a choice in the place of what was begun."""
        start, end = (self.location_of(at) for at in (completion.start, completion.end))
        self.replace(choice, start, end)
        self.move_cursor(self.location_of(completion.start + len(choice)))

    def point_at(self, position: int) -> None:
        """Marks the word at a place."""
        text = self.text
        position = min(position, len(text))
        end = position
        while end < len(text) and (text[end].isalnum() or text[end] in '_"$.'):
            end += 1
        last = max(end, min(position + 1, len(text)))
        self.selection = Selection(self.location_of(position), self.location_of(last))


class Choices(Lines, can_focus=False):
    """What may come next; the editor keeps the focus and lends it four keys."""

    def __init__(self) -> None:
        super().__init__()
        self.completion: Completion | None = None

    @property
    def line_count(self) -> int:
        """How many there are."""
        return len(self.completion.choices) if self.completion else 0

    @property
    def chosen(self) -> str:
        """The one under the cursor."""
        return self.completion.choices[self.cursor] if self.completion else ""

    def show(self, completion: Completion) -> None:
        """Shows choices, the first under the cursor."""
        self.completion = completion
        self.display = True
        self.styles.height = min(MOST_SHOWN, self.line_count)
        self.renew(cursor=0)

    def leave(self) -> None:
        """Makes room."""
        self.completion = None
        self.display = False

    def line(self, index: int, width: int) -> Content:
        """Writes a choice."""
        assert self.completion is not None
        return Content(f"     {visible(self.completion.choices[index])}")
