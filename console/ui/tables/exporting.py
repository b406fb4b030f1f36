"""Rows to a file, and how far it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from textual import on, work
from textual.content import Content
from textual.message import Message
from textual.widgets import Static
from textual.worker import Worker, WorkerState

from console.errors import ConsoleError
from console.ui import words
from console.ui.connections import PREVIEW, Connections, end_worker
from console.ui.tables.reading import Wanted
from console.visible import visible

if TYPE_CHECKING:
    from console.access.impersonation import Preview
    from console.browse.export import Progress
    from console.browse.query import QuerySource
    from console.connection.session import Session


class Export(NamedTuple):
    """What is written, and where.

    Attributes:
        wanted: Which rows; of a statement's result only the name counts.
        columns: Names of the columns; None for all.
        form: `csv`, `json` or `jsonl`.
        replace: Whether a file that is there gives way.
        result: The rows of a statement, which is run again; None for those of a relation.
    """

    wanted: Wanted
    columns: tuple[str, ...] | None
    path: Path
    form: str
    replace: bool = False
    result: QuerySource | None = None


class Exporting(Static):
    """One row that tells how far an export is; it runs on while other things are looked at."""

    @dataclass
    class Went(Message):
        """Some of it is written."""

        progress: Progress

    @dataclass
    class Ended(Message):
        """It is over; without an error the file is there."""

        error: ConsoleError | None = None

    def __init__(self, connections: Connections) -> None:
        super().__init__()
        self.connections = connections
        self._worker: Worker[None] | None = None
        self._session: Session | None = None
        self._export: Export | None = None
        self._written: Progress | None = None

    def on_mount(self) -> None:
        """Is not there until there is something to tell."""
        self.display = False

    @property
    def is_running(self) -> bool:
        """Whether something is being exported."""
        return self._worker is not None

    def begin(self, what: Export) -> None:
        """Starts an export."""
        self.connections.ask_again()
        self._export, self._written = what, None
        self.display = True
        self._show(Content("beginning"))
        self._worker = self._run(what)
        self.screen.refresh_bindings()

    def stop(self) -> None:
        """Cancels it, on the server too; nothing is left of the file."""
        if self._worker is not None and self._session is not None:
            self.run_worker(end_worker(self._worker, self._session), group="stop-export")

    @work(exclusive=True, group="export")
    async def _run(self, what: Export) -> None:
        from contextlib import aclosing

        from console.browse.export import Format, export, export_of
        from console.browse.source import open_source

        persona = what.wanted.persona
        session = self.connections.beside("export" if persona is None else PREVIEW)
        self._session = session
        try:
            if persona is not None:
                cast("Preview", session).persona = persona
            await session.connect()
            source = what.result or await open_source(
                session,
                what.wanted.relation,
                columns=what.columns,
                where=what.wanted.where,
                order=what.wanted.order,
            )
            made = export_of(source, Format(what.form), ordered=bool(what.wanted.order))
            async with aclosing(export(session, made, what.path, replace=what.replace)) as reports:
                async for progress in reports:
                    self.post_message(self.Went(progress))
            if source is not what.result:
                await source.close()
        except ConsoleError as error:
            self.post_message(self.Ended(error))
        else:
            self.post_message(self.Ended())
        finally:
            await session.close()

    def on_unmount(self) -> None:
        """Says so when it goes with the rows it writes."""
        if self.is_running and self._export is not None:
            name = visible(self._export.path.name)
            said = f"{name} is not written: its rows were left"
            self.app.notify(said, severity="warning", timeout=6, markup=False)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Says so when it was cancelled."""
        if event.worker is self._worker and event.state is WorkerState.CANCELLED:
            self._end()
            self._show(Content.styled("cancelled, nothing is left of the file", "$warning"))
            self.set_timer(6, self._leave)

    @on(Went)
    def _went(self, message: Went) -> None:
        self._written = message.progress
        progress = message.progress
        told = (
            f"{words.plural(progress.rows, 'row')} · {words.size(progress.bytes)} · "
            f"{words.count(round(progress.rate))} rows/s · {words.duration(progress.elapsed)}"
        )
        hint = "" if progress.done else "   esc cancels"
        self._show(Content.assemble(told, (hint, "$muted")))

    @on(Ended)
    def _ended(self, message: Ended) -> None:
        self._end()
        if message.error is not None:
            lines = [Content.assemble(("✕ ", "$error bold"), visible(message.error.message))]
            if message.error.hint:
                lines.append(Content.styled(f"   {visible(message.error.hint)}", "$muted"))
            self._show(Content("\n").join(lines))
        elif self._written is not None and self._export is not None:
            progress = self._written
            self._show(
                Content.assemble(
                    ("✓ ", "$success bold"),
                    f"{words.plural(progress.rows, 'row')}, {words.size(progress.bytes)}"
                    f" in {words.duration(progress.elapsed)}",
                    (f"   in {visible(str(self._export.path.absolute().parent))}", "$muted"),
                )
            )
        self.set_timer(20, self._leave)

    def _end(self) -> None:
        self._worker = self._session = None
        self.screen.refresh_bindings()

    def _leave(self) -> None:
        if not self.is_running:
            self.display = False

    def _show(self, text: Content) -> None:
        mark = ("◌ ", "$warning") if self.is_running else ""
        name = visible(str(self._export.path.name)) if self._export is not None else ""
        self.update(Content.assemble(" ", mark, (name, "bold"), "  ", text))
