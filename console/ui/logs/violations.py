"""Attempts that row-level security stopped: who, where, how often, since when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from console.errors import ConsoleError
from console.logs.live import Live
from console.ui import words
from console.ui.connections import Connections
from console.ui.logs.reading import HISTORY
from console.ui.logs.row import Look, cell, when
from console.ui.trouble import trouble
from console.ui.widgets.caption import Caption
from console.ui.widgets.lines import Lines
from console.visible import visible

if TYPE_CHECKING:
    from console.logs.violations import Violation

_LOG = "audit_logs"


class ViolationList(Lines):
    """The groups, the latest first."""

    BINDING_GROUP_TITLE = "Violations"

    def __init__(self, look: Look) -> None:
        super().__init__()
        self.look = look
        self.groups: tuple[Violation, ...] = ()

    @property
    def line_count(self) -> int:
        """One line a group."""
        return len(self.groups)

    @property
    def current(self) -> Violation | None:
        """The group under the cursor."""
        return self.groups[self.cursor] if 0 <= self.cursor < len(self.groups) else None

    def line(self, index: int, width: int) -> Content:
        """Writes who tried what where, how often and when."""
        group = self.groups[index]
        user, table = (32, 26) if width >= 100 else (24, 16)
        # An id that is in no table of users can't be told from its first characters.
        name = self.look.emails.get(group.user or "") or group.user
        return Content.assemble(
            (f" {group.count:>6,}× ", "bold $error"),
            (cell(name or "unknown", user), "" if group.user else "$muted"),
            "  ",
            cell(group.table or "–", table),
            "  ",
            (cell(when(group.last, self.look.today), 11), "$muted"),
            "  ",
            (cell(when(group.first, self.look.today), 11), "$muted"),
            "  ",
            (visible(" ".join(group.operations)), "$warning"),
        )


class ViolationsView(Container):
    """The groups, and ways on: to the reason, the table, the entries themselves."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "again", "Read again", show=False),
    ]

    @dataclass
    class Read(Message):
        """The groups were read."""

        groups: tuple[Violation, ...]
        emails: dict[str, str]

    @dataclass
    class Failed(Message):
        """They could not be."""

        error: ConsoleError

    def __init__(self, connections: Connections, live: Live, look: Look) -> None:
        super().__init__()
        self.connections = connections
        self.live = live
        self.look = look
        self.error: ConsoleError | None = None
        self.list = ViolationList(look)
        """The groups."""

    def compose(self) -> ComposeResult:
        """Lays out caption, headings and list."""
        yield Caption()
        yield Static(classes="log-heads")
        yield self.list
        yield Static(classes="log-words")

    def open(self) -> None:
        """Reads the groups and takes the focus."""
        self.screen.set_focus(self.list)
        self.action_again()

    def action_again(self) -> None:
        """Reads them again."""
        self.query_one(Caption).busy("counting")
        self._read()

    @work(exclusive=True, group="log-violations")
    async def _read(self) -> None:
        from console.logs.people import read_emails
        from console.logs.violations import read_violations

        found = [source for source in self.live.sources if source.name == _LOG]
        try:
            session = await self.connections.open(HISTORY)
            async with session.transaction(search_path="", lock_timeout=2) as tx:
                groups = await read_violations(tx, found[0]) if found else ()
                emails = await read_emails(tx, (group.user for group in groups if group.user))
        except ConsoleError as error:
            self.post_message(self.Failed(error))
        else:
            self.post_message(self.Read(groups, emails))

    @on(Read)
    def _show(self, message: Read) -> None:
        self.error = None
        self.look.emails.update(message.emails)
        caption, lines = self.query_one(Caption), self.list
        caption.rest()
        lines.groups = message.groups
        lines.renew(cursor=0)
        total = sum(group.count for group in message.groups)
        caption.left = Content.assemble(
            ("Stopped by row-level security", "bold"),
            f"  {words.plural(total, 'attempt')} in {words.plural(len(message.groups), 'group')}",
        )
        caption.right = Content.styled(f"{words.clock()} · UTC", "$muted")
        self.query_one(".log-heads", Static).update(self._heads())
        said = self.query_one(".log-words", Static)
        said.display = not message.groups
        said.update("No attempt that row-level security stopped is in audit_logs.")
        lines.set_class(not message.groups, "-empty")
        self.refresh_bindings()

    def _heads(self) -> Content:
        user, table = (32, 26) if self.size.width >= 100 else (24, 16)
        heads = (
            f" {'times':>7} {'who':<{user}}  {'table':<{table}}  {'last':<11}  {'since':<11}  what"
        )
        return Content.styled(heads, "bold $muted")

    @on(Failed)
    def _failed(self, message: Failed) -> None:
        self.error = message.error
        self.query_one(Caption).rest()
        said = self.query_one(".log-words", Static)
        said.display = True
        said.update(trouble(message.error, ("r", "try again"), ("d", "detail")))
