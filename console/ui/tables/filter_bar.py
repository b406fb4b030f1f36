"""The filter over the rows: a field, what may come next, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from console.ui.trouble import keys
from console.ui.widgets.field import Field, FilterField
from console.visible import visible

if TYPE_CHECKING:
    from console.browse.completion import Completion
    from console.browse.filter import FilterError
    from console.catalog.relations import Column


class FilterBar(Vertical):
    """One row that shows the filter; while it is typed, a second one with what may come next."""

    BINDING_GROUP_TITLE = "Filter"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "take", "Complete"),
        Binding("down", "choose(1)", "Next choice", show=False),
        Binding("up", "choose(-1)", "Choice before", show=False),
        Binding("escape", "leave", "Leave"),
    ]

    @dataclass
    class Applied(Message):
        """The rows that match are wanted; with an empty text, all."""

        text: str

    class Left(Message):
        """The filter stays as it was."""

    def __init__(self) -> None:
        super().__init__()
        self.columns: Sequence[Column] = ()
        self.values: Mapping[str, Sequence[str]] = {}
        self._applied = ""
        self._tried = ""
        self._completion: Completion | None = None
        self._chosen = 0
        self._wrong: FilterError | None = None

    def compose(self) -> ComposeResult:
        """Lays out prompt, field and hint."""
        with Horizontal():
            yield Static(Content.styled(" / ", "bold $primary"), id="filter-prompt")
            yield FilterField(
                placeholder='status=failed "createdAt">-1h name~ada note:null', id="row-filter"
            )
        yield Static(id="filter-hint")

    def on_mount(self) -> None:
        """Is not there until it is wanted."""
        self.display = False
        self.query_one("#filter-hint").display = False

    @property
    def field(self) -> Field:
        """Where the filter is typed."""
        return self.query_one(Field)

    @property
    def is_edited(self) -> bool:
        """Whether it is being typed."""
        return self.field.has_focus

    def edit(self, columns: Sequence[Column]) -> None:
        """Goes to the field."""
        self.columns = columns
        self.display = True
        self.screen.set_focus(self.field)
        if self._tried:
            self.field.value, self._tried = self._tried, ""
        self.field.cursor_position = len(self.field.value)
        self._complete()

    def applied(self, text: str) -> None:
        """Takes note of the filter that the rows on the screen went through."""
        self._applied, self._tried = text, ""
        self.rest()

    def cancelled(self, tried: str, text: str) -> None:
        """Shows the filter that is still in force, and keeps the other for when one comes back."""
        self.applied(text)
        self._tried = tried

    def rest(self) -> None:
        """Shows the filter that is in force, or gives way to the rows."""
        self._wrong = None
        with self.field.prevent(Input.Changed):
            self.field.value = self._applied
        self.query_one("#filter-hint").display = False
        self.display = bool(self._applied)

    def fail(self, error: FilterError) -> None:
        """Points at the term that is wrong, and lets the person mend it."""
        self.display = True
        with self.field.prevent(Input.Changed):
            self.field.value = error.text
        self.screen.set_focus(self.field)
        self.field.cursor_position = min(error.end, len(error.text))
        self._wrong = error
        self._show_hint()

    def know(self, values: Mapping[str, Sequence[str]]) -> None:
        """Takes note of which values columns may hold."""
        self.values = values
        if self.is_edited:
            self._complete()

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self._wrong = None
        self._complete()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.query_one("#filter-hint").display = False
        self.post_message(self.Applied(event.value.strip()))

    def action_leave(self) -> None:
        """Leaves the filter as it was."""
        self.rest()
        self.post_message(self.Left())

    def action_choose(self, step: int) -> None:
        """Goes to another of the choices."""
        if self._completion is not None and self._completion.choices:
            self._chosen = (self._chosen + step) % len(self._completion.choices)
            self._show_hint()

    def action_take(self) -> None:
        """Puts the choice into the text."""
        found = self._completion
        if found is not None and found.choices:
            text, field = found.choices[self._chosen], self.field
            field.value = field.value[: found.start] + text + field.value[found.end :]
            field.cursor_position = found.start + len(text)
            self._complete()

    def _complete(self) -> None:
        from console.browse.completion import complete

        field = self.field
        self._completion = complete(field.value, field.cursor_position, self.columns, self.values)
        self._chosen = 0
        self._show_hint()

    def _show_hint(self) -> None:
        hint = self.query_one("#filter-hint", Static)
        hint.display = True
        hint.update(self._choices() if self._wrong is None else self._pointer(self._wrong))

    def _pointer(self, error: FilterError) -> Content:
        # Under the term, as far as the field is not scrolled.
        start = max(0, min(error.start - int(self.field.scroll_offset.x), self.size.width - 8))
        width = max(1, min(error.end - error.start, self.size.width - start - 4))
        first, *others = wrap(visible(error.message), max(10, self.size.width - 4)) or [""]
        lines = [
            Content.assemble(" " * (start + 3), ("^" * width, "$error bold")),
            Content.assemble((" ✕ ", "$error bold"), first),
            *(Content(f"   {line}") for line in others),
        ]
        if error.hint:
            lines.append(Content.styled(f"   {visible(error.hint)}", "$muted"))
        return Content("\n").join(lines)

    def _choices(self) -> Content:
        choices = self._completion.choices if self._completion is not None else ()
        if not choices:
            return Content("   ") + keys(("enter", "filter"), ("esc", "leave it"))
        parts = [Content.styled("   tab ", "bold $primary")]
        room = self.size.width - 8
        # The choices from the one that is chosen on, as many as there is room for.
        for number in range(self._chosen, len(choices)):
            text = visible(choices[number])
            room -= len(text) + 2
            if room < 0 and number > self._chosen:
                parts.append(Content.styled("…", "$muted"))
                break
            parts.append(
                Content.styled(text, "bold reverse" if number == self._chosen else "$muted")
            )
            parts.append(Content("  "))
        return Content("").join(parts).truncate(max(0, self.size.width), ellipsis=True)
