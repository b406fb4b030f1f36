"""What `?` shows: the keys that work where the focus is, from the bindings themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
from textual.containers import ScrollableContainer, VerticalScroll
from textual.content import Content
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widgets import Input, Static, TextArea

from console.ui.dialogs import Dialog

if TYPE_CHECKING:
    from console.access.marks import Mark


_SCROLLING = {
    "scroll_up": "A row up",
    "scroll_down": "A row down",
    "page_up": "A page up",
    "page_down": "A page down",
    "scroll_home": "To the beginning",
    "scroll_end": "To the end",
    "scroll_left": "",
    "scroll_right": "",
    "page_left": "",
    "page_right": "",
}
"""Textual's own keys of a text that scrolls, in words; empty for what does nothing in one."""


def _described(active: ActiveBinding) -> tuple[str, str]:
    """Returns where a key belongs, and what it does; empty where that is nothing."""
    if isinstance(active.node, ScrollableContainer) and active.binding.action in _SCROLLING:
        return "Text", _SCROLLING[active.binding.action]
    return _title(active.node), active.binding.description


def _title(node: DOMNode) -> str:
    return getattr(node, "BINDING_GROUP_TITLE", None) or type(node).__name__


def _is_field(active: ActiveBinding) -> bool:
    return isinstance(active.node, Input | TextArea)


def help_on(screen: Screen[Any]) -> Help:
    """Returns the help for where the focus is."""
    focused = screen.focused
    nodes = focused.ancestors_with_self if focused is not None else ()
    found: Iterator[Sequence[Mark]] = (getattr(node, "legend", ()) for node in nodes)
    return Help(screen.active_bindings, next(filter(None, found), ()))


class Help(Dialog[None]):
    """Keys by where they belong, the focused widget first."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark,f1,q", "leave", "Back", show=False),
    ]
    heading = "Keys"
    hints = (("esc", "back"), ("↑↓", "scroll"), ("ctrl+p", "all of this as commands"))

    def __init__(self, bindings: Mapping[str, ActiveBinding], legend: Sequence[Mark]) -> None:
        super().__init__()
        self.bindings = bindings
        self.legend = legend

    def body(self) -> ComposeResult:
        """Yields the marks on the screen, and one block for each place keys come from."""
        places: dict[str, dict[tuple[str, str], list[str]]] = {}
        # How a field is moved about in comes last: nobody asks for help because of that.
        for active in sorted(self.bindings.values(), key=_is_field):
            binding = active.binding
            place, words = _described(active)
            if words and not binding.system:
                name = self.app.get_key_display(binding)
                entry = places.setdefault(place, {})
                entry.setdefault((binding.action, words), []).append(name)
        with VerticalScroll(classes="dialog-body"):
            blocks = [self._marks()] if self.legend else []
            blocks += [self._block(*place) for place in places.items()]
            yield Static(Content("\n\n").join(blocks))

    def _marks(self) -> Content:
        lines = [Content.styled("Marks", "bold $accent")]
        for mark in self.legend:
            head = (f"  {mark.glyph} {mark.name:<12}", "bold")
            lines.append(Content.assemble(head, " ", mark.words))
        return Content("\n").join(lines)

    def _block(self, title: str, entries: dict[tuple[str, str], list[str]]) -> Content:
        lines = [Content.styled(title, "bold $accent")]
        for (_, description), names in entries.items():
            shown = " ".join(dict.fromkeys(names))
            lines.append(Content.assemble((f"  {shown:<14}", "bold $primary"), " ", description))
        return Content("\n").join(lines)
