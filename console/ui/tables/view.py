"""What the right side of the tables pane can show, one at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.content import Content
from textual.message import Message

from console.errors import ConsoleError
from console.ui.widgets.caption import Caption
from console.ui.widgets.ground import Ground
from console.visible import visible

if TYPE_CHECKING:
    from console.browse.window import Window

_NOTHING = Content("")
NAME = 12
"""Cells that are left to a name."""
_BRIEF = 24
_CRUMB = 22
"""Cells of what one came from, where room lacks."""


class View(Ground):
    """One thing to look at: rows, columns, a single row, the result of a query.

    How a view plugs in: derive from this; yield in `compose` first a
    `console.ui.widgets.caption.Caption` (each view has its own, so that what it says stays
    while another lies over it; `head` writes it), then the rest; let `take_focus` put the
    focus into it. Whoever wants it on the screen posts `View.Open(view)` from within the pane,
    or awaits `Contents.show_view`. It then covers what was shown, which keeps its state; esc
    and `q` uncover that again, unless `is_busy`: then esc calls `stop`. A view may close
    itself by posting `View.Close()`. Keys are the view's own BINDINGS; one on escape goes
    before the pane's. When another table is opened, all views over its rows are closed.
    """

    @dataclass
    class Open(Message):
        """A view is to cover what is shown."""

        view: View

    class Close(Message):
        """The view that is shown is to uncover what lies below."""

    trail: tuple[str, ...] = ()
    """The rows that led here, in words."""

    error: ConsoleError | None = None
    """What went wrong last, for `d` to show in full."""

    _head: tuple[str, tuple[tuple[Content, Content], ...]] = ("", ((_NOTHING, _NOTHING),))
    _remark: Content | None = None

    @property
    def is_busy(self) -> bool:
        """Whether something runs that esc should cancel, rather than leave the view."""
        return False

    def stop(self) -> None:
        """Cancels what runs, on the server too."""

    def again(self) -> None:
        """Reads again what is shown (`r`)."""

    def take_focus(self) -> None:
        """Puts the focus where work goes on; called whenever the view comes into sight."""

    @property
    def place(self) -> tuple[Window, int] | None:
        """Which row of which window it shows in full, if it does."""
        return None

    def uncovered(self, by: View) -> None:
        """Takes note that a view which lay over this one is taken off."""

    @property
    def caption(self) -> Caption:
        """The row that says what is shown."""
        return self.query_one(Caption)

    def head(
        self,
        name: str,
        facts: Content,
        aside: Content = _NOTHING,
        *shorter: tuple[Content, Content],
    ) -> None:
        """Writes the caption.

        Args:
            name: What is shown, as the database calls it; shortened only where nothing else
                can be.
            facts: What there is to say of it, beside the name.
            aside: How it stands: where the cursor is, when it was read.
            shorter: Facts and asides in fewer words, for where room lacks.
        """
        self._head = name, ((facts, aside), *shorter)
        self._lay_out()
        self.caption.shorter = ()

    def head_as(self, other: View) -> None:
        """Writes the caption that another view has."""
        self._head = other._head
        self._lay_out()

    def _lay_out(self) -> None:
        name, versions = self._head
        titles = [*self.trail, name]
        title = crumbs(titles)
        for facts, aside in versions:
            room = self.size.width - facts.cell_length - aside.cell_length - 7
            if title.cell_length <= room:
                break
        if room < NAME and facts.cell_length > _BRIEF:
            # What there is to say goes before where the cursor is.
            room += aside.cell_length
            aside = _NOTHING
        room = max(NAME, room)
        title = crumbs(titles, room).truncate(room, ellipsis=True)
        self._write(Content.assemble(title, "  ", facts) if facts else title, aside)

    def _write(self, left: Content, right: Content) -> None:
        self.caption.left, self.caption.right, self._remark = left, right, None

    def remark(self, text: Content) -> None:
        """Says something where the aside stands, until the caption is written again."""
        self.caption.right = self._remark = text

    def on_resize(self) -> None:
        """Lays the caption out anew; what was remarked stays."""
        remark = self._remark
        self._lay_out()
        if remark is not None:
            self.remark(remark)


def crumbs(trail: Sequence[str], room: int | None = None) -> Content:
    """Writes the way to something: where it is in full, where it came from while there is room."""
    full = [Content.styled(visible(crumb), "$muted") for crumb in trail[:-1]]
    short = [part.truncate(_CRUMB, ellipsis=True) for part in full]
    away = Content.styled("…", "$muted")
    ways = [full, short, *([away, *short[gone:]] for gone in range(1, len(short) + 1))]
    here = Content.styled(visible(trail[-1]), "bold")
    for way in ways:
        whole = Content.styled(" › ", "$muted").join([*way, here])
        if room is None or whole.cell_length <= room:
            break
    return whole
