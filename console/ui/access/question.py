"""What `why` is asked about, and the dialogs that a question is put together in."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.suggester import SuggestFromList
from textual.widgets import Input, Static, TextArea

from console.access.row import parse_values
from console.access.rules import Command
from console.errors import ConsoleError, UsageError
from console.ui.connections import PEOPLE, Connections
from console.ui.dialogs import Dialog
from console.ui.widgets.editor import Editor
from console.ui.widgets.field import Field
from console.visible import json_text, visible

if TYPE_CHECKING:
    from console.access.answer import Decision
    from console.access.impersonation import Preview
    from console.access.persona import Persona
    from console.connection.session import Session

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Question:
    """Why somebody may or may not do something with one row.

    Attributes:
        identity: The table.
        key: Columns and values that name a row; a column that is empty is the key's own.
        command: What is tried.
        row: The row to insert.
        changes: What an update changes.
        persona: Who, where it is not the lens.
        returning: Whether a write gives the row back, for which it must be seen, too.
    """

    identity: str
    key: Pairs
    command: Command = Command.SELECT
    row: Mapping[str, Any] | None = None
    changes: Mapping[str, Any] | None = None
    persona: Persona | None = None
    returning: bool = True

    @property
    def row_words(self) -> str:
        """The row in a few words, and how it is written where that is not as usual."""
        named = ", ".join(f"{name}={value}" if name else value for name, value in self.key)
        row = "a new row" if self.command is Command.INSERT else named
        silent = self.command is not Command.SELECT and not self.returning
        return f"{row}, without RETURNING" if silent else row

    async def put(self, login: Session, acting: Preview, persona: Persona) -> Decision:
        """Asks it.

        Raises:
            ConsoleError: What `why` raises.
        """
        from console.access.decision import why
        from console.access.visibility import usable_key
        from console.catalog.relations import find_relation

        relation = await find_relation(login, self.identity)
        key = dict(self.key)
        if "" in key:
            names = await usable_key(login, relation)
            if names == ("ctid",):
                raise UsageError(
                    f"rows of {self.identity} have no key", hint="write column=value to name one"
                )
            if len(names) != 1:
                raise UsageError(
                    f"a row of {self.identity} is named by {', '.join(names)}",
                    hint="write column=value for each",
                )
            key = {names[0]: key[""]}
        insert = self.command is Command.INSERT
        return await why(
            login,
            acting,
            persona,
            relation,
            command=self.command,
            key=None if insert else key,
            row=(self.row or {}) if insert else None,
            changes=(self.changes or {}) if self.command is Command.UPDATE else None,
            returning=self.returning,
        )


def parse_pairs(text: str) -> Pairs:
    """Reads `column=value column=value`, or one bare value of the key.

    Raises:
        UsageError: It is neither.
    """
    import shlex

    if not text.strip():
        raise UsageError("no row is named", hint="its key's value, or column=value")
    if "=" not in text:
        return (("", text.strip()),)
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UsageError("a quote is not closed", hint="column='a value'") from error
    pairs = [word.partition("=") for word in words]
    if not all(name and equals for name, equals, _ in pairs):
        raise UsageError(f"{text} names no row", hint="write column=value")
    return tuple((name, value) for name, _, value in pairs)


class AskWhy(Dialog[Question]):
    """Asks which row of which table it is about."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Back")]
    heading = "Why? About which row?"
    hints = (("tab", "next"), ("→", "complete"), ("enter", "ask"), ("esc", "back"))

    @dataclass
    class Listed(Message):
        """The tables were read."""

        identities: Sequence[str]

    def __init__(self, connections: Connections, before: Question | None) -> None:
        super().__init__()
        self.connections = connections
        self.before = before

    def body(self) -> ComposeResult:
        """Yields a field for the table, one for the row, and a place for what is wrong."""
        table = Field(placeholder="table or schema.table", id="why-table")
        row = Field(placeholder="the key's value, or column=value", id="why-row")
        if self.before is not None:
            table.value = self.before.identity
        yield Static(Content.styled("table", "$muted"))
        yield table
        yield Static(Content.styled("row", "$muted"))
        yield row
        yield Static(id="why-wrong")

    def on_mount(self) -> None:
        """Reads which tables there are; until then nothing is completed."""
        self._list()
        if self.before is not None:
            self.query_one("#why-row").focus()

    @work
    async def _list(self) -> None:
        from console.catalog.relations import list_relations

        try:
            relations = await list_relations(await self.connections.open(PEOPLE))
        except ConsoleError:
            return  # whoever knows the name can still type it
        self.post_message(self.Listed([relation.identity for relation in relations]))

    @on(Listed)
    def _listed(self, message: Listed) -> None:
        bare = [name.removeprefix("public.") for name in message.identities]
        # The shortest first: of those that begin alike, a whole name before longer ones.
        self.query_one("#why-table", Input).suggester = SuggestFromList(
            [*sorted(bare, key=len), *message.identities], case_sensitive=False
        )

    @on(Input.Blurred, "#why-table")
    async def _complete(self) -> None:
        """Takes what stands there in grey, so that leaving the field doesn't take it away."""
        table = self.query_one("#why-table", Input)
        typed = table.value.strip().casefold()
        if typed and table.suggester is not None:
            table.value = await table.suggester.get_suggestion(typed) or table.value
            table.cursor_position = len(table.value)

    @on(Input.Submitted)
    async def _submitted(self) -> None:
        table, row = (self.query_one(name, Input) for name in ("#why-table", "#why-row"))
        if not table.value.strip():
            table.focus()
            return
        if not row.value.strip():
            row.focus()
            return
        await self._complete()
        try:
            self.dismiss(Question(table.value.strip(), parse_pairs(row.value)))
        except UsageError as error:
            words = visible(f"{error.message}: {error.hint}")
            self.query_one("#why-wrong", Static).update(Content.styled(words, "$error"))


class TryRow(Dialog[str]):
    """Asks for a row to insert, or for changes, as JSON; judged while typing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f3", "take", "Try it"),
        Binding("escape", "leave", "Back"),
    ]
    hints = (("F3", "try it"), ("esc", "back"))

    def __init__(self, heading: str, values: Mapping[str, Any]) -> None:
        super().__init__()
        self.heading = heading
        self.values = values

    def body(self) -> ComposeResult:
        """Yields the editor, and what is wrong with what stands in it."""
        yield Editor(json_text(dict(self.values), indent=2))
        yield Static(id="claims-verdict")

    def on_mount(self) -> None:
        """Gives the editor its room."""
        self.query_one(".dialog").add_class("editing")
        self.judge()

    @on(TextArea.Changed)
    def judge(self) -> None:
        """Says whether it is an object."""
        try:
            values = parse_values(self.query_one(Editor).text)
        except UsageError as error:
            verdict = Content.assemble(
                ("✕ ", "$error bold"), visible(error.message), "\n", (f"  {error.hint}", "$muted")
            )
        else:
            names = ", ".join(values) or "no column"
            verdict = Content.assemble(("✓ ", "$success bold"), (visible(names), "$muted"))
        self.query_one("#claims-verdict", Static).update(verdict)

    def action_take(self) -> None:
        """Tries it, if it is an object."""
        try:
            self.dismiss(json.dumps(parse_values(self.query_one(Editor).text)))
        except UsageError:
            self.app.bell()
