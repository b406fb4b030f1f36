"""A table through somebody's eyes: every row with a mark, or only what they see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import on, work
from textual.content import Content
from textual.message import Message
from textual.worker import Worker

from console.errors import ConsoleError
from console.ui.connections import Connections
from console.ui.tables.reading import Opened
from console.ui.tables.table import Table
from console.ui.tables.told import amount
from console.visible import visible

if TYPE_CHECKING:
    from console.access.marks import Mark
    from console.access.persona import Persona
    from console.ui.tables.lens import Lens


class SeenTable(Table):
    """A table with a lens.

    Attributes:
        lens: What is known of the rows on the screen through somebody's eyes.
    """

    @dataclass
    class Looked(Message):
        """Something is known through the lens."""

        lens: Lens
        error: ConsoleError | None = None

    def __init__(self, connections: Connections, trail: tuple[str, ...] = ()) -> None:
        super().__init__(connections, trail)
        self.lens: Lens | None = None
        self._looker: Worker[None] | None = None
        self._warned = False

    @property
    def legend(self) -> Sequence[Mark]:
        """The marks of rows and columns, for the help, while there is a lens."""
        from console.ui.tables.lens import LEGEND

        return LEGEND if self.lens is not None else ()

    def look_as(self, persona: Persona | None) -> None:
        """Looks through somebody's eyes, or through the login's own."""
        self.persona = persona
        was_only, self.only = self.only, self.only and persona is not None
        if self.opened is None:
            return
        if was_only and self.wanted is not None:
            self.read(self.wanted._replace(persona=None))
        else:
            self._renew_lens()

    def renewed(self, opened: Opened) -> None:
        """Begins to look at what is shown anew."""
        self._warn(opened.warning)
        self._renew_lens()

    def _renew_lens(self) -> None:
        source = self.source
        if source is None:
            return
        before, self.lens = self.lens, None
        if self.persona is not None and not self.only:
            from console.ui.tables.lens import Lens

            self.lens = Lens(self.persona)
        elif before is None:
            self.write_caption()
            self.look()
            return
        source.mark_of = self.lens.mark if self.lens is not None else None
        source.denied = frozenset()
        source.arrange()
        self.grid.renew()
        self.write_caption()
        if self._looker is not None:
            self._looker.cancel()
            self._looker = None
        self.look()

    def look(self) -> None:
        """Finds out about the rows that came into sight, as soon as nothing else is found out."""
        super().look()
        lens, opened = self.lens, self.opened
        if lens is None or opened is None or self._looker is not None:
            return
        if lens.count is None or (
            not lens.over and lens.lacking(opened.window, self.grid.on_screen)
        ):
            self._looker = self._examine(lens, opened)

    @work(exclusive=True, group="lens")
    async def _examine(self, lens: Lens, opened: Opened) -> None:
        try:
            await lens.examine(self.connections, opened, self.grid.on_screen)
        except ConsoleError as error:
            self.post_message(self.Looked(lens, error))
        else:
            self.post_message(self.Looked(lens))

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Looks on where the lens has come to an end."""
        if event.worker is self._looker and event.worker.is_finished:
            self._looker = None
        super().on_worker_state_changed(event)

    @on(Looked)
    def _looked(self, message: Looked) -> None:
        lens, source = message.lens, self.source
        if lens is not self.lens or source is None:
            return
        self._looker = None
        self._warn(lens.warning)
        if message.error is not None:
            lens.message, lens.over = message.error.message, True
            self.error = message.error
        if source.denied != lens.denied:
            source.denied = lens.denied
            source.arrange()
        self.grid.renew()
        self.write_caption()
        if message.error is None:
            self.look()

    def _warn(self, warning: str) -> None:
        """Says once what a preview can't hold to."""
        if warning and not self._warned:
            self._warned = True
            # What that means, and what closes it, is to be read at leisure in the people view.
            words = "Previews start from a superuser: see 2 Access, people."
            self.notify(words, severity="warning", timeout=6, markup=False)

    def facts(self, opened: Opened) -> Sequence[Content]:
        """Says how the rows are protected; through a lens, the three numbers, or why not."""
        lens = self.lens
        if lens is None:
            return super().facts(opened)
        if self.error is not None and lens.message and lens.count is None:
            failure = Content.styled(visible(lens.message), "$warning")
            return [Content(f"{amount(opened.window)} · {lens.name}: ") + failure, failure]
        told = lens.told(amount(opened.window), *lens.on_screen(opened.window, self.grid.on_screen))
        style = "$warning" if lens.refusal is not None else ""
        message = f" · {visible(lens.message)}" if lens.message else ""
        return [Content.styled(one, style) + Content.styled(message, "$warning") for one in told]

    def say(self, heading: str, text: Content) -> None:
        """Shows words in place of a relation."""
        super().say(heading, text)
        self.lens = None
