"""A JSON document, or an array, as a tree that folds and can be searched."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from console.browse.document import Document, Value
from console.errors import ConsoleError
from console.ui import words
from console.ui.clipboard import copy
from console.ui.connections import Connections
from console.ui.tables import copying
from console.ui.tables.branches import PREVIEW, Branches, Opened, plain, unfolded, unfolded_to
from console.ui.tables.reader import HeldText, LongText, LongValue
from console.ui.tables.searching import BEFORE, LEAVE, NEXT, SEARCH, SearchingView
from console.ui.tables.view import View
from console.ui.tables.wrapping import wrapped
from console.ui.widgets.caption import Caption
from console.ui.widgets.field import SearchField
from console.ui.widgets.lines import Lines
from console.visible import visible


class DocumentView(SearchingView):
    """A document in full.

    Args:
        connections: Where to ask.
        title: What it is, in words that may come from data.
        text: Where it comes from.
        parse: Makes a document of its text.
    """

    BINDING_GROUP_TITLE = "Document"
    BINDINGS: ClassVar[list[BindingType]] = [
        *(SEARCH, NEXT, BEFORE, LEAVE),
        Binding("t", "text", "As text"),
        Binding("y", "copy", "Copy value"),
        Binding("Y", "copy_path", "Copy path", show=False),
    ]

    def __init__(
        self,
        connections: Connections,
        title: str,
        text: LongText,
        parse: Callable[[str], Document],
    ) -> None:
        super().__init__(connections)
        self.title = title
        self.text = text
        self.parse = parse
        self._weight = ""

    def compose(self) -> ComposeResult:
        """Lays out caption, search and tree."""
        yield Caption()
        yield SearchField(placeholder="search names and values", id="document-search")
        yield Branches()

    @property
    def branches(self) -> Branches:
        """The tree."""
        return self.query_one(Branches)

    def on_mount(self) -> None:
        """Reads it."""
        self.head(self.title, Content(""))
        self.again()

    def take_focus(self) -> None:
        """The tree has it."""
        self.screen.set_focus(self.branches)

    def again(self) -> None:
        """Reads it again."""

        async def read() -> tuple[Document, Opened]:
            text = await self.text.whole()
            # Beside the screen: this may be tens of megabytes.
            document = await asyncio.to_thread(self.parse, text or "")
            return document, await asyncio.to_thread(unfolded, document, document.whole)

        def take(found: tuple[Document, Opened]) -> None:
            self.branches.show(*found)
            self._weight = words.size(len(found[0].text.encode("utf-8", "replace")))
            self._tell_place()

        def failed(error: ConsoleError) -> None:
            as_text = ("  t reads it as text", "$muted")
            self.remark(Content.assemble(("✕ ", "$error bold"), visible(error.message), as_text))

        self.ask("reading", read, take, failed)

    def _tell_place(self) -> None:
        document, value = self.branches.document, self.branches.current
        if document is None or value is None:
            return
        path = Content.styled(visible(value.path[:PREVIEW]), "$muted")
        self.head(self.title, path, Content.styled(self._weight, "$muted"))

    @on(Lines.Moved)
    def _moved(self, message: Lines.Moved) -> None:
        message.stop()
        if not self.is_busy:
            self._tell_place()

    @on(Lines.Chosen)
    def _chosen(self, message: Lines.Chosen) -> None:
        message.stop()
        document, value = self.branches.document, self.branches.current
        if document is not None and value is not None:
            title = f"{self.title} {value.path[:PREVIEW]}"
            text = HeldText(plain(document.written(value)))
            self.post_message(View.Open(LongValue(self.connections, title, text, wrapped)))

    @on(Branches.Unfold)
    def _unfold(self, message: Branches.Unfold) -> None:
        message.stop()
        look = partial(asyncio.to_thread, self.branches.unfold, message.value)

        def take(opened: dict[int, Opened]) -> None:
            self.branches.put(opened, message.value)
            self._tell_place()

        self.ask("unfolding", look, take)

    # Search

    @property
    def searchable(self) -> bool:
        """Whether it was read."""
        return self.branches.document is not None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offers only what applies now."""
        match action:
            case "copy" | "copy_path":
                return self.searchable and not self.is_asked
            case "text":
                return not self.is_asked
            case _:
                return super().check_action(action, parameters)

    def action_next(self, forwards: bool) -> None:
        """Goes to the next value that holds what is searched for, unfolding what holds it."""
        document, here, wanted = self.branches.document, self.branches.current, self.wanted
        if document is None or here is None:
            return

        def look() -> tuple[dict[int, Opened], Value] | None:
            found = document.find(wanted, here, forwards=forwards)
            if found is None:
                return None
            return unfolded_to(document, found), found

        def take(found: tuple[dict[int, Opened], Value] | None) -> None:
            if found is None:
                self.found_nothing()
            else:
                self.branches.put(*found)
            self._tell_place()

        self.ask("searching", partial(asyncio.to_thread, look), take)

    # Elsewhere

    def action_text(self) -> None:
        """Shows it as the text it is."""
        self.post_message(View.Open(LongValue(self.connections, self.title, self.text, wrapped)))

    def action_copy(self) -> None:
        """Copies the value under the cursor, with everything it holds."""
        document, value = self.branches.document, self.branches.current
        if document is not None and value is not None:
            copying.take(self.app, document.written(value), "Value", self.title)

    def action_copy_path(self) -> None:
        """Copies the way to the value under the cursor."""
        if self.branches.current is not None:
            copy(self.app, self.branches.current.path, "Path")
