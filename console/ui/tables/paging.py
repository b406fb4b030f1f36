"""A grid over a window: rows are read as they come to be looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import on, work
from textual.content import Content
from textual.message import Message
from textual.worker import Worker, WorkerState

from console.errors import ConsoleError
from console.ui.connections import Connections, end_worker
from console.ui.tables.exporting import Exporting
from console.ui.tables.view import View
from console.ui.widgets.grid import Grid, GridSource
from console.visible import visible

if TYPE_CHECKING:
    from console.browse.window import Window
    from console.connection.session import Session


class Paging(View):
    """A view with one grid, whose rows a window holds.

    A subclass composes caption, grid and the row of an export, and calls `page_through` once a
    window is open.

    Attributes:
        window: Where the rows are; None while there are none.
        error: Why reading failed last.
    """

    @dataclass
    class Fetched(Message):
        """Rows further on are at hand; the cursor may have been waiting for them."""

        window: Window
        cursor: int | None = None

    @dataclass
    class Stuck(Message):
        """Rows further on could not be read."""

        window: Window
        error: ConsoleError

    def __init__(self, connections: Connections) -> None:
        super().__init__()
        self.connections = connections
        self.window: Window | None = None
        self.using: Session | None = None
        """The connection that is waited for."""
        self._pump: Worker[None] | None = None
        self._span: tuple[int, int] | None = None
        """Rows to be read next; of the last ones, how many and -1."""
        self._to: int | None = None
        self._in_sight: tuple[range, list[int]] | None = None

    def on_mount(self) -> None:
        """Lets the caption be painted along with the cursor, not a frame after it."""
        for cursor in ("cursor_row", "cursor_column"):
            self.watch(self.grid, cursor, self._at_another_cell, init=False)

    @property
    def grid(self) -> Grid:
        """The rows."""
        return self.query_one(Grid)

    def write_caption(self) -> None:
        """Says what is shown, and where the cursor is."""

    def look(self) -> None:
        """Called when other rows may be on the screen."""

    def uncovered(self, by: View) -> None:
        """Goes to the row that was looked at last."""
        if by.place is not None and by.place[0] is self.window:
            self.grid.put_cursor(by.place[1])
        # Whose eyes one looks through may have changed meanwhile, with nothing on the screen.
        self.call_after_refresh(self.look)

    def go(self, index: int) -> None:
        """Moves to a row, once it is at hand."""
        self.error = None
        self._to = index
        self._fetch(index, index + max(1, self.grid.size.height - 2))

    @property
    def exporting(self) -> Exporting:
        """The row that tells of an export."""
        return self.query_one(Exporting)

    @property
    def is_busy(self) -> bool:
        """Whether rows are waited for, or exported."""
        return self._is_fetching or self.exporting.is_running

    @property
    def _is_fetching(self) -> bool:
        return self._pump is not None and self.caption.is_busy

    def stop(self) -> None:
        """Cancels what is waited for, on the server too; an export only after that."""
        if self._pump is not None and self._is_fetching:
            self.give_up(self._pump)
        else:
            self.exporting.stop()

    def give_up(self, worker: Worker[None]) -> None:
        """Ends a worker and what it waits for on the server."""
        self.run_worker(end_worker(worker, self.using), group="stop")

    def cancelled(self) -> None:
        """Says so."""
        self.caption.rest()
        self.remark(Content.styled("cancelled", "$warning"))
        self.screen.refresh_bindings()

    def shifted(self, window: Window, rows: int) -> None:
        """Takes note that what was row i is now row i + n."""
        if window is self.window:
            self.grid.shift(rows)

    def changed(self, window: Window) -> None:
        """Takes note that rows were read ahead."""
        if window is self.window:
            self.grid.renew(more=True)
            self._at_another_cell()

    def _at_another_cell(self) -> None:
        if self.error is None:
            self.write_caption()

    @on(Grid.Moved)
    def _moved(self) -> None:
        in_sight = self.grid.on_screen, self.grid.columns_on_screen
        if in_sight != self._in_sight:
            self._in_sight = in_sight
            self.look()

    @on(Grid.Missing)
    def _missing(self, message: Grid.Missing) -> None:
        # What can't be read is not asked for over and over.
        if self.error is None:
            self._fetch(message.first, message.last)

    @on(Grid.LastWanted)
    def _last_wanted(self) -> None:
        self.error = None
        self._fetch(max(1, self.grid.size.height - 1), -1)

    def _fetch(self, first: int, last: int) -> None:
        self.grid.source.placeholder = GridSource.placeholder
        self._span = first, last
        if self._pump is None and self.window is not None:
            if not self.caption.is_busy:
                # The footer offers to leave it when the caption speaks of it, not before.
                self.caption.busy(_doing(self.window))
            self._pump = self._read_on(self.window)

    @work(exclusive=True, group="page")
    async def _read_on(self, window: Window) -> None:
        """Reads what was asked for last, until nothing is left to read."""
        self.using = window.source.session
        to: int | None = None
        try:
            while self._span is not None:
                (first, last), self._span = self._span, None
                to, self._to = self._to, None
                if last < 0:
                    to = await window.show_last(first)
                else:
                    all_there = await window.show(max(0, min(first, window.extent - 1)), last)
                    to = None if to is None else min(to, window.extent - 1)
                    if not all_there and self._span is None:
                        self._span, self._to = (first, last), to
                self.post_message(self.Fetched(window, to))
        except ConsoleError as error:
            self._span = None
            if to is not None and window.row(to) is not None:
                # The row itself is there; one of those below it is not.
                self.post_message(self.Fetched(window, to))
            self.post_message(self.Stuck(window, error))

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Goes on with what was asked for meanwhile, or says that it was cancelled."""
        if event.worker is not self._pump or not event.worker.is_finished:
            return
        self._pump = None
        if event.state is WorkerState.CANCELLED:
            self._span = self._to = None
            self.cancelled()
            if self.window is not None and self.window.progress is not None:
                self.window.stay()
                self.grid.renew()
                self.remark(Content.styled("stopped: r looks again", "$warning"))
        elif self._span is not None and self.error is None:
            self._fetch(*self._span)
        else:
            self.caption.rest()
            self.screen.refresh_bindings()

    @on(Fetched)
    def _fetched(self, message: Fetched) -> None:
        if message.window is self.window:
            if message.window.progress is not None:
                self.caption.doing(_doing(message.window))
            self.grid.renew()
            if message.cursor is not None and message.cursor >= 0:
                self.grid.put_cursor(message.cursor)
            self.write_caption()
            self.look()

    @on(Stuck)
    def _stuck(self, message: Stuck) -> None:
        if message.window is self.window:
            self.grid.source.placeholder = "✕ can't be read"
            self.grid.renew()
            self.fail(message.error)

    def fail(self, error: ConsoleError) -> None:
        """Says what went wrong, beside what was read before; that stays."""
        self.error = error
        self.caption.rest()
        detail = ("  d detail", "$muted")
        self.remark(Content.assemble(("✕ ", "$error bold"), visible(error.message), detail))
        self.screen.refresh_bindings()


def _doing(window: Window) -> str:
    if window.progress is None:
        return "reading on"
    return f"looked at {window.progress:.0%}"
