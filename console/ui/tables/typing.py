"""The editor with what may come next below it."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import TextArea

from console.errors import ConsoleError
from console.ui.connections import Connections
from console.ui.tables.catalog import Catalog
from console.ui.tables.editor import Choices, Editor
from console.visible import visible


class Typing(Vertical):
    """Completes what is typed from the catalog.

    Args:
        connections: Where to ask.
        text: What stands there at first.
    """

    def __init__(self, connections: Connections, text: str) -> None:
        super().__init__()
        self._catalog = Catalog(connections)
        self._text = text
        self._for = ""
        """What was typed when the choices were found."""

    def compose(self) -> ComposeResult:
        """Lays out both."""
        yield Editor(self._text)
        yield Choices()

    @property
    def editor(self) -> Editor:
        """Where the statement is typed."""
        return self.query_one(Editor)

    @property
    def choices(self) -> Choices:
        """What may come next."""
        return self.query_one(Choices)

    def on_mount(self) -> None:
        """Starts without choices."""
        self._leave()

    def _leave(self) -> None:
        self.editor.choosing = False
        self.choices.leave()

    @on(TextArea.Changed)
    def _changed(self) -> None:
        if self.editor.choosing:
            self.run_worker(self._suggest(asked=False), exclusive=True, group="suggest")

    @on(Editor.Complete)
    def _complete(self, message: Editor.Complete) -> None:
        message.stop()
        self.run_worker(self._suggest(asked=True), exclusive=True, group="suggest")

    async def _suggest(self, *, asked: bool) -> None:
        text, place = self.editor.text, self.editor.place
        try:
            completion = await self._catalog.suggest(text, place)
        except ConsoleError as error:
            self.notify(visible(error.message), severity="warning", markup=False)
            return
        if not self.is_attached or (self.editor.text, self.editor.place) != (text, place):
            return
        shown = self.choices.completion
        self._leave()
        if not asked and (shown is None or shown.start != completion.start):
            return  # Another word than the choices were asked for is being typed.
        self._for = text
        if asked and len(completion.choices) == 1:
            self.editor.put(completion, completion.choices[0])
        elif completion.choices:
            self.editor.choosing = True
            self.choices.show(completion)

    @on(Editor.Chose)
    def _chose(self, message: Editor.Chose) -> None:
        message.stop()
        if self.editor.text != self._for:
            # The choices of what stood there before are not meant.
            self._leave()
            if message.key == "enter":
                self.editor.insert("\n")
            return
        if message.key in ("up", "down"):
            self.choices.action_move(-1 if message.key == "up" else 1)
            return
        completion, choice = self.choices.completion, self.choices.chosen
        self._leave()
        if message.key != "escape" and completion is not None:
            self.editor.put(completion, choice)
