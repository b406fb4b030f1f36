"""What there is, read and listed at the left, and the relation that is opened at the right."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Static
from textual.worker import Worker, WorkerState

from console.catalog.relations import Relation
from console.errors import ConsoleError
from console.ui import words
from console.ui.connections import BROWSE, Connections
from console.ui.pane import Pane
from console.ui.tables.contents import Contents
from console.ui.tables.reading import Wanted, get_ready, load
from console.ui.tables.rows import Rows
from console.ui.tables.told import described
from console.ui.trouble import trouble
from console.ui.widgets.field import Field
from console.ui.widgets.ground import Ground
from console.ui.widgets.lines import Lines
from console.ui.widgets.relations import RelationList
from console.visible import visible

if TYPE_CHECKING:
    from console.browse.page import Order


@dataclass
class Listed(Message):
    """The relations were read."""

    relations: list[Relation]


@dataclass
class Found(Message):
    """The relation that was named exists."""

    wanted: Wanted


@dataclass
class Failed(Message):
    """The list could not be read, or a relation that was named not be found."""

    job: str
    error: ConsoleError


class RelationFilter(Field):
    """The field over the list."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "submit", "Open")]


class ListingPane(Pane):
    """Lists relations, finds the one that is named, and opens it."""

    def __init__(self, connections: Connections) -> None:
        super().__init__(connections)
        self.listed = False
        self.recalled: Mapping[str, str] = {}
        self.jobs: dict[str, Worker[None]] = {}
        """What is under way of `list` and `find`."""

    def compose(self) -> ComposeResult:
        """Lays out both sides."""
        with Ground(id="relations"):
            with Horizontal(id="relation-head"):
                yield RelationFilter(placeholder="filter", id="relation-filter")
                yield Static(id="relations-read")
            yield RelationList(id="relation-list")
        yield Contents(self.connections)

    @property
    def relations(self) -> RelationList:
        """The list at the left."""
        return self.query_one(RelationList)

    @property
    def contents(self) -> Contents:
        """The right side."""
        return self.query_one(Contents)

    @property
    def rows(self) -> Rows:
        """The rows at the right, which other views may cover."""
        return self.contents.rows

    @property
    def is_reading(self) -> bool:
        """Whether the right side has the focus."""
        return self.has_class("-reading")

    def memory(self) -> Mapping[str, str]:
        """Returns which table was open, with filter and order."""
        opened = self.rows.opened
        if opened is None:
            return {}
        wanted = opened.wanted
        found = {"table": wanted.relation.identity, "where": wanted.where}
        if wanted.order:
            (part, *_) = wanted.order
            found["order"] = f"{part.column}:{'desc' if part.descending else 'asc'}"
        return found

    def recall(self, memory: Mapping[str, str]) -> None:
        """Takes up the table that was open last."""
        self.recalled = memory if memory.get("table") else {}

    # Reading

    def _begin(self, job: str, doing: str, worker: Worker[None]) -> None:
        self.jobs[job] = worker
        if not self.rows.is_busy:
            self.rows.caption.busy(doing)
        self.refresh_bindings()

    def _ended(self, job: str) -> None:
        self.jobs.pop(job, None)
        if not self.jobs and not self.rows.is_busy:
            self.rows.caption.rest()
        self.refresh_bindings()

    def list_all(self) -> None:
        """Reads the list again."""
        self._begin("list", "listing tables", self._read_list())

    def find(self, name: str, where: str, order: str = "") -> None:
        """Opens a relation by the name a person or another pane gave."""
        self._begin("find", f"opening {visible(name)}", self._find_named(name, where, order))

    @work(exclusive=True, group="list")
    async def _read_list(self) -> None:
        from console.catalog.relations import list_relations

        try:
            relations = await list_relations(await self.connections.open(BROWSE))
        except ConsoleError as error:
            self.post_message(Failed("list", error))
        else:
            self.post_message(Listed(relations))

    @work(exclusive=True, group="find")
    async def _find_named(self, name: str, where: str, order: str) -> None:
        from console.catalog.relations import find_relation

        try:
            session = await self.connections.open(BROWSE)
            relation, _ = await asyncio.gather(find_relation(session, name), load())
        except ConsoleError as error:
            self.post_message(Failed("find", error))
        else:
            self.post_message(Found(Wanted(relation, where, _order(order))))

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Says so when reading was cancelled, unless other reading has taken its place."""
        if event.state is WorkerState.CANCELLED:
            for job, worker in list(self.jobs.items()):
                if worker is event.worker:
                    self._ended(job)
                    self.rows.remark(Content.styled("cancelled", "$warning"))
                    if job == "find":
                        self._list_at_last()

    @on(Found)
    async def _found(self, message: Found) -> None:
        self._ended("find")
        await self.read(message.wanted)

    async def read(self, wanted: Wanted) -> None:
        """Opens rows, which nothing covers then; those that are open already have the focus.

        Another relation is shown whole, with what a lens hides marked.
        """
        await self.contents.close_views(self.contents.bottom)
        opened = self.rows.opened
        other = opened is None or opened.wanted.relation.identity != wanted.relation.identity
        if other:
            self.rows.only = False
        self.rows.read(wanted)
        if not other:
            self.rows.take_focus()

    @on(Rows.Settled)
    async def _settled(self, message: Rows.Settled) -> None:
        if message.other:
            await self.contents.close_views(self.rows)
            self.rows.take_focus()
        elif self.rows.opened is None and self.is_reading:
            self.screen.set_focus(self.relations)
        self.call_after_refresh(self._list_at_last)
        self.refresh_bindings()

    @on(Listed)
    def _listed(self, message: Listed) -> None:
        if not self.listed:
            self.run_worker(get_ready(self.connections, message.relations[:1]), group="load")
        self.listed = True
        self._ended("list")
        # The cursor is put somewhere, nobody moved it: an error on the screen stays there.
        with self.relations.prevent(Lines.Moved):
            self.relations.show(message.relations)
        self.query_one("#relations-read", Static).update(f"{words.clock()} ")
        if self.rows.error is None:
            self.describe()

    @on(Failed)
    def _failed(self, message: Failed) -> None:
        self._ended(message.job)
        error = message.error
        if self.rows.opened is not None:
            # What was read before stays; it says when that was.
            self.rows.fail(error)
        else:
            self.rows.say("", trouble(error, ("r", "try again"), ("d", "detail")))
            self.rows.error = error
            self.screen.set_focus(self.relations)
        if message.job == "find":
            self._list_at_last()
        self.refresh_bindings()

    def _list_at_last(self) -> None:
        """A table that was named at the start comes first, the list after it."""
        if not self.listed and self.online and "list" not in self.jobs:
            self.list_all()

    def describe(self) -> None:
        """Says what is known of the relation under the cursor, while none is shown."""
        relation = self.relations.current
        if self.rows.opened is None and not self.rows.is_busy and relation is not None:
            self.rows.error = None
            self.rows.wanted = None
            self.rows.say("", described(relation))


def _order(text: str) -> tuple[Order, ...]:
    """Reads what `TablesPane.memory` wrote of an order."""
    from console.browse.page import Order

    column, _, direction = text.rpartition(":")
    return (Order(column, direction == "desc"),) if column else ()
