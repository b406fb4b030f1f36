"""One relation at a time: its rows, read, filtered and sorted, or words in their place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import on, work
from textual.app import ComposeResult
from textual.content import Content
from textual.message import Message
from textual.widgets import Static
from textual.worker import Worker, WorkerState

from console.errors import ConsoleError
from console.ui.connections import Connections
from console.ui.tables.exporting import Exporting
from console.ui.tables.filter_bar import FilterBar
from console.ui.tables.paging import Paging
from console.ui.tables.reading import Ears, Opened, Wanted, close_rows, open_rows
from console.ui.tables.told import asides, facts, forewarned, nothing
from console.ui.tables.windowed import Shape, WindowRows
from console.ui.widgets.caption import Caption
from console.ui.widgets.grid import Grid
from console.visible import visible

if TYPE_CHECKING:
    from console.access.persona import Persona
    from console.browse.foresight import Foresight
    from console.browse.page import Page
    from console.connection.session import ServerInfo, Session


class Table(Paging):
    """Caption, filter and grid over the rows of a relation.

    Attributes:
        wanted: The rows asked for last.
        opened: The rows that are shown; None where words are.
        persona: Whose eyes we look through.
        only: Whether just what those eyes see is shown.
        server: Whom we are connected to.
    """

    @dataclass
    class Settled(Message):
        """Rows were read, or could not be.

        Attributes:
            other: Whether these are of a relation that was not shown before.
        """

        other: bool = False

    @dataclass
    class Read(Message):
        """The first page was read."""

        opened: Opened

    @dataclass
    class Failed(Message):
        """The first page could not be read."""

        wanted: Wanted
        error: ConsoleError

    def __init__(self, connections: Connections, trail: tuple[str, ...] = ()) -> None:
        super().__init__(connections)
        self.trail = trail
        self.wanted: Wanted | None = None
        self.opened: Opened | None = None
        self.server: ServerInfo | None = None
        self.persona: Persona | None = None
        self.only = False
        self.shapes: dict[str, Shape] = {}
        self._worker: Worker[None] | None = None
        self._foretold: Foresight | None = None

    def compose(self) -> ComposeResult:
        """Lays out everything there may be."""
        yield Caption()
        yield FilterBar()
        yield Grid(id="rows")
        yield Static(id="about")
        yield Exporting(self.connections)

    def on_mount(self) -> None:
        """Starts with words, or with the rows that it was given."""
        self.grid.display = False
        if self.opened is not None:
            self._show(self.opened, None)

    async def on_unmount(self) -> None:
        """Lets go of what the server holds."""
        if self.opened is not None:
            await close_rows(self.opened)

    @property
    def bar(self) -> FilterBar:
        """The filter."""
        return self.query_one(FilterBar)

    @property
    def page(self) -> Page | None:
        """The first page of what is shown."""
        return None if self.opened is None else self.opened.page

    @property
    def source(self) -> WindowRows | None:
        """What the grid draws."""
        source = self.grid.source
        return source if self.opened is not None and isinstance(source, WindowRows) else None

    def take_focus(self) -> None:
        """The grid has it, where there is one."""
        if self.opened is not None:
            self.screen.set_focus(self.grid)

    def begin(self, opened: Opened) -> None:
        """Takes rows that were read, to begin with them."""
        self.wanted, self.opened, self.window = opened.wanted, opened, opened.window

    def take_after(self, other: Table) -> None:
        """Takes up whose eyes another table looks through, and how columns are wanted there."""
        self.server, self.persona, self.shapes = other.server, other.persona, other.shapes

    # Reading

    @property
    def ears(self) -> Ears:
        """Who hears how rows are read, and what becomes of them."""

        def use(session: Session) -> None:
            self.using = session

        return Ears(self._foretell, use, self.shifted, self.changed)

    def read(self, wanted: Wanted, doing: str = "") -> None:
        """Reads rows; what is shown stays until they are there."""
        if self.only and self.persona is not None:
            wanted = wanted._replace(persona=self.persona)
        self.wanted, self.error, self._foretold = wanted, None, None
        if self.opened is not None:
            self.run_worker(self.opened.window.stop(), group="stop")
        else:
            self.head(wanted.relation.identity, Content(""))
        self.caption.busy(doing or f"reading {visible(wanted.relation.name)}")
        self._worker = self._read(wanted)
        self.screen.refresh_bindings()

    @work(exclusive=True, group="read")
    async def _read(self, wanted: Wanted) -> None:
        same = self.opened is not None and self.opened.wanted == wanted
        rows = self.grid.on_screen if same else range(0)
        try:
            opened = await open_rows(self.connections, wanted, self.ears, rows)
        except ConsoleError as error:
            self.post_message(self.Failed(wanted, error))
        else:
            self.post_message(self.Read(opened))

    def _foretell(self, foresight: Foresight) -> None:
        # What is read before this is on the screen is foretold to nobody.
        if self.is_attached:
            self._foretold = foresight
            self.write_caption()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Says so when reading was cancelled, unless other reading has taken its place."""
        if event.worker is not self._worker:
            super().on_worker_state_changed(event)
        elif event.state is WorkerState.CANCELLED:
            self._finish()
            self.cancelled()
            if self.opened is not None:
                tried = self.wanted.where if self.wanted is not None else ""
                self.wanted = self.opened.wanted
                self.bar.cancelled(tried, self.wanted.where)
                self.write_caption()
                self.remark(Content.styled("cancelled", "$warning"))
            self.post_message(self.Settled())

    def _finish(self) -> None:
        self._worker, self._foretold = None, None
        self.caption.rest()
        self.screen.refresh_bindings()

    @property
    def is_busy(self) -> bool:
        """Whether rows are waited for, or exported."""
        return self._worker is not None or super().is_busy

    def stop(self) -> None:
        """Cancels what is waited for, on the server too; an export only after that."""
        if self._worker is not None:
            self.give_up(self._worker)
        else:
            super().stop()

    def again(self) -> None:
        """Reads the same rows again."""
        if self.wanted is not None:
            self.read(self.wanted._replace(persona=None))

    @on(Read)
    def _was_read(self, message: Read) -> None:
        opened = message.opened
        if opened.wanted is not self.wanted:
            # An answer to a question that is no longer asked is dropped.
            self.run_worker(close_rows(opened), group="close")
            return
        before, self.opened, self.window = self.opened, opened, opened.window
        if before is not None:
            self.run_worker(close_rows(before), group="close")
        self._finish()
        self._show(opened, before)

    def _show(self, opened: Opened, before: Opened | None) -> None:
        wanted = opened.wanted
        other = before is None or before.wanted.relation.identity != wanted.relation.identity
        same = before is not None and before.wanted == wanted
        shape = self.shapes.setdefault(wanted.relation.identity, Shape())
        rows = WindowRows(opened.window, opened.page, shape, wanted.order, self._room)
        column = 0 if other else self.grid.cursor_column
        self.grid.display = True
        self.grid.show(rows, keep_cursor=same)
        self.grid.cursor_column = min(column, max(0, len(rows.columns) - 1))
        if other:
            self.bar.values = {}
        self.bar.applied(wanted.where)
        about = self.query_one("#about", Static)
        about.update(nothing(opened, self.server))
        about.display = not (opened.page.rows and rows.columns)
        self.grid.set_class(about.display, "-empty")
        self.renewed(opened)
        self.post_message(self.Settled(other))

    @on(Failed)
    def _has_failed(self, message: Failed) -> None:
        from console.browse.filter import FilterError
        from console.ui.trouble import trouble

        error, shown = message.error, self.opened
        if message.wanted is not self.wanted:
            return
        self._finish()
        identity = message.wanted.relation.identity
        if shown is not None and shown.wanted.relation.identity == identity:
            # What was read before stays; it says when that was.
            self.wanted = shown.wanted
            self.only = self.wanted.persona is not None
            self.write_caption()
            if isinstance(error, FilterError):
                self.error = error
            else:
                self.bar.applied(shown.wanted.where)
                self.fail(error)
        else:
            self.say(identity, trouble(error, ("r", "try again"), ("d", "detail")))
            self.error = error
        if isinstance(error, FilterError):
            self.bar.fail(error)
        self.post_message(self.Settled())

    @property
    def _room(self) -> int:
        """Cells of a line, also before this was laid out for the first time."""
        return self.size.width or self.container_size.width

    def say(self, heading: str, text: Content) -> None:
        """Shows words in place of a relation."""
        if self.opened is not None:
            self.run_worker(close_rows(self.opened), group="close")
        self.opened = self.window = None
        self.bar.applied("")
        self.head(heading, Content(""))
        about = self.query_one("#about", Static)
        about.update(text)
        about.display, self.grid.display = True, False

    def look(self) -> None:
        """Makes room for values that are wider than those before."""
        source = self.source
        if source is not None and source.grow(self.grid.columns_on_screen, self.grid.on_screen):
            self.grid.renew()

    def renewed(self, opened: Opened) -> None:
        """Called when other rows are shown."""
        self.write_caption()

    def facts(self, opened: Opened) -> Sequence[Content]:
        """Says what there is to say of the rows, in ever fewer words."""
        return facts(opened)

    def write_caption(self) -> None:
        """Says how many rows there are and where the cursor is, or what to be prepared for."""
        warnings = forewarned(self._foretold)
        if self.opened is not None:
            told = warnings or self.facts(self.opened)
            aside, *briefer = asides(self.opened, self.grid)
            shorter = [(said, place) for place in briefer for said in told]
            self.head(self.opened.wanted.relation.identity, told[0], aside, *shorter)
        elif warnings and self.wanted is not None:
            self.head(self.wanted.relation.identity, warnings[0])
        if warnings and self.wanted is not None:
            name = Content.styled(visible(self.wanted.relation.identity), "bold")
            last = warnings[-1]
            self.caption.shorter = *(Content.assemble(name, "  ", said) for said in warnings), last
