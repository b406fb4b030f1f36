"""What one user sees of the transparency log, and whether the log can be believed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from console.errors import ConsoleError
from console.logs.live import Live
from console.logs.timeline import Line
from console.ui import words
from console.ui.connections import Connections
from console.ui.logs.entries import EntryList
from console.ui.logs.reading import HISTORY, PAGE
from console.ui.logs.row import Look
from console.ui.trouble import trouble
from console.ui.widgets.caption import Caption
from console.ui.widgets.field import Field
from console.visible import visible

if TYPE_CHECKING:
    from console.access.persona import Persona
    from console.logs.history import HistoryPage
    from console.logs.transparency import Integrity

_SIGNS = {
    "ok": ("✓", "$success"),
    "warn": ("!", "$warning"),
    "fail": ("✕", "bold $error"),
    "unavailable": ("–", "$muted"),
}
_VERDICTS = {
    "intact": "$success bold",
    "unproven": "$warning bold",
    "doubtful": "$warning bold",
    "broken": "$error bold",
}


class TransparencyView(Container):
    """The verdict above, the user's entries below; either is read on its own."""

    BINDING_GROUP_TITLE = "Transparency"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("u", "whose", "Another user"),
        Binding("r", "again", "Read again", show=False),
        Binding("x", "examples", "Examples", show=False),
        Binding("escape", "leave", "Back to the entries", show=False),
    ]

    @dataclass
    class Judged(Message):
        """The log was checked."""

        integrity: Integrity

    @dataclass
    class Seen(Message):
        """The user's entries were read, as the user."""

        persona: Persona
        page: HistoryPage

    @dataclass
    class Failed(Message):
        """One of the two could not be."""

        error: ConsoleError
        judging: bool

    def __init__(self, connections: Connections, live: Live, look: Look) -> None:
        super().__init__()
        self.connections = connections
        self.live = live
        self.look = look
        self.error: ConsoleError | None = None
        self.persona: Persona | None = None
        self.integrity: Integrity | None = None
        self.with_examples = False
        self.entries = EntryList(look)
        """The user's entries."""

    def compose(self) -> ComposeResult:
        """Lays out verdict and entries."""
        yield Caption(id="log-verdict")
        yield Static(id="log-findings")
        yield Caption(id="log-whose")
        with Horizontal(classes="log-field"):
            yield Static("user ")
            yield Field(placeholder="an e-mail or an id")
        yield self.entries
        yield Static(classes="log-words")

    def open(self, persona: Persona | None, user: str | None) -> None:
        """Judges the log and shows somebody's part of it.

        Args:
            persona: Whose eyes the console looks through.
            user: Who else was asked for, by id.
        """
        self.judge()
        self.screen.set_focus(self.entries)
        if user is not None or persona is not None:
            self.show(user, persona)
        elif self.persona is None:
            self.action_whose()

    def judge(self) -> None:
        """Checks the log's integrity."""
        self.query_one("#log-verdict", Caption).busy("checking the log")
        self._judge()

    def show(self, user: str | None, persona: Persona | None = None) -> None:
        """Shows what a user sees."""
        self.connections.ask_again()
        self.query_one(".log-field").display = False
        self.query_one("#log-whose", Caption).busy("reading as the user")
        self._read(user, persona)

    @work(exclusive=True, group="log-integrity")
    async def _judge(self) -> None:
        from console.logs.source import find_sources
        from console.logs.transparency import TRANSPARENCY, check_integrity

        try:
            session = await self.connections.open(HISTORY)
            async with session.transaction(search_path="", lock_timeout=2) as tx:
                (source,) = await find_sources(tx, [TRANSPARENCY])
                integrity = await check_integrity(tx, source, changed=list(self.live.changed))
        except ConsoleError as error:
            self.post_message(self.Failed(error, judging=True))
        else:
            self.post_message(self.Judged(integrity))

    @work(exclusive=True, group="log-transparency")
    async def _read(self, user: str | None, persona: Persona | None) -> None:
        from console.access.people import resolve
        from console.logs.history import read_before
        from console.logs.source import find_sources
        from console.logs.transparency import TRANSPARENCY

        try:
            if user is not None:
                persona = await resolve(await self.connections.open(HISTORY), user)
            assert persona is not None
            preview = await self.connections.preview()
            async with preview.impersonate(persona) as tx:
                await tx.execute("set local search_path = ''")
                sources = await find_sources(tx, [TRANSPARENCY])
                page = await read_before(tx, sources, limit=PAGE)
        except ConsoleError as error:
            self.post_message(self.Failed(error, judging=False))
        else:
            self.post_message(self.Seen(persona, page))

    @on(Judged)
    def _judged(self, message: Judged) -> None:
        self.integrity = message.integrity
        self.query_one("#log-verdict", Caption).rest()
        self._draw_verdict()

    def _draw_verdict(self) -> None:
        integrity = self.integrity
        if integrity is None:
            return
        caption = self.query_one("#log-verdict", Caption)
        caption.left = Content.assemble(
            ("privacy_transparency_log is ", "bold"),
            (integrity.verdict, _VERDICTS[integrity.verdict]),
        )
        caption.right = Content.styled(words.clock(), "$muted")
        lines = []
        for finding in integrity.findings:
            sign, style = _SIGNS[finding.status]
            lines.append(
                Content.assemble((f" {sign} ", style), visible(finding.sentence)).truncate(
                    max(0, self.size.width - 1), ellipsis=True
                )
            )
            if self.with_examples:
                lines += [
                    Content.styled(f"     {visible(text)}", "$muted")
                    for text in finding.examples[:5]
                ]
        if not self.with_examples and any(finding.examples for finding in integrity.findings):
            lines.append(Content.styled("   x shows examples", "$muted"))
        self.query_one("#log-findings", Static).update(Content("\n").join(lines))

    def on_resize(self) -> None:
        """Lays the findings out for the width there is."""
        self._draw_verdict()

    @on(Seen)
    def _seen(self, message: Seen) -> None:
        self.error = None
        self.persona = message.persona
        page = message.page
        caption = self.query_one("#log-whose", Caption)
        caption.rest()
        number = words.plural(len(page.entries), "entry", "entries")
        caption.left = Content.assemble(
            (visible(message.persona.label), "bold"),
            f" sees {'the newest ' if page.more else ''}{number}",
        )
        caption.right = Content.styled(f"{words.clock()} · UTC", "$muted")
        entries = self.entries
        entries.show([Line(entry.key, entry) for entry in page.entries], len(page.entries) - 1)
        entries.set_class(not page.entries, "-empty")
        said = self.query_one(".log-words", Static)
        said.display = not page.entries
        said.update("Nothing about this person is on record, or the person may not see it.")
        self.refresh_bindings()

    @on(Failed)
    def _failed(self, message: Failed) -> None:
        self.error = message.error
        if message.judging:
            caption = self.query_one("#log-verdict", Caption)
            caption.rest()
            caption.left = Content.assemble(("✕ ", "$error bold"), visible(message.error.message))
            return
        self.query_one("#log-whose", Caption).rest()
        self.entries.show([], 0)
        self.entries.set_class(True, "-empty")
        said = self.query_one(".log-words", Static)
        said.display = True
        said.update(trouble(message.error, ("u", "another user"), ("d", "detail")))

    def action_whose(self) -> None:
        """Asks for a user."""
        self.query_one(".log-field").display = True
        self.screen.set_focus(self.query_one(Input))

    @on(Input.Submitted)
    def _chosen(self, event: Input.Submitted) -> None:
        event.stop()
        if event.value.strip():
            self.screen.set_focus(self.entries)
            self.show(event.value.strip())

    def action_again(self) -> None:
        """Judges and reads again."""
        self.judge()
        if self.persona is not None:
            self.show(None, self.persona)

    def action_examples(self) -> None:
        """Shows some of what was found, or the findings alone."""
        self.with_examples = not self.with_examples
        self._draw_verdict()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leaves the field by esc; the rest of the time esc is the pane's."""
        return action != "leave" or isinstance(self.screen.focused, Input)

    def action_leave(self) -> None:
        """Leaves the field."""
        self.query_one(".log-field").display = False
        self.screen.set_focus(self.entries)
