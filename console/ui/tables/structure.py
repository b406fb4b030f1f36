"""What a relation is made of, and the SQL that makes it."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from console.catalog.relations import Relation
from console.catalog.structure import Structure, read_structure
from console.errors import ConsoleError
from console.ui import words
from console.ui.connections import BROWSE, Connections
from console.ui.tables import copying
from console.ui.tables.asking import AskingView
from console.ui.tables.parts import parts
from console.ui.tables.view import View
from console.ui.trouble import trouble
from console.ui.widgets.caption import Caption
from console.ui.widgets.findings import Findings
from console.ui.widgets.relations import protection
from console.ui.widgets.sql import highlighted


class StructureView(AskingView):
    """Columns, constraints, indexes, triggers, policies, grants and sizes of a relation.

    Args:
        connections: Where to ask.
        relation: What is looked at.
    """

    BINDING_GROUP_TITLE = "Structure"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "sql", "SQL that makes it"),
        Binding("x", "count", "Count the rows"),
        Binding("c", "leave", "Rows", show=False),
    ]

    def __init__(self, connections: Connections, relation: Relation) -> None:
        super().__init__(connections)
        self.relation = relation
        self.structure: Structure | None = None
        self.exact: tuple[int, str] | None = None
        """How many rows were counted, and when."""

    def compose(self) -> ComposeResult:
        """Lays out caption and parts."""
        yield Caption()
        yield Static(classes="structure-words")
        yield Findings()

    @property
    def findings(self) -> Findings:
        """The parts."""
        return self.query_one(Findings)

    def on_mount(self) -> None:
        """Reads them."""
        self.head(self.relation.identity, self._facts())
        self.findings.display = False
        self.again()

    def take_focus(self) -> None:
        """The list has it."""
        self.findings.take_focus()

    def again(self) -> None:
        """Reads them again."""

        async def read() -> Structure:
            session = self.held = await self.connections.open(BROWSE)
            return await read_structure(session, self.relation)

        self.ask("reading the structure", read, self._show, self._failed)

    def _show(self, structure: Structure) -> None:
        self.structure = structure
        self.query_one(".structure-words").display = False
        self.findings.display = True
        self.findings.show(parts(structure, self.exact))
        self.findings.take_focus()
        self.head(self.relation.identity, self._facts(), Content.styled(words.clock(), "$muted"))

    def _failed(self, error: ConsoleError) -> None:
        if self.structure is not None:
            self.tell(error)
        else:
            said = trouble(error, ("r", "try again"), ("d", "detail"))
            self.query_one(".structure-words", Static).update(said)

    def _facts(self) -> Content:
        relation = self.relation
        word, style = protection(relation)
        rows = ""
        if self.exact is not None:
            rows = f"{words.plural(self.exact[0], 'row')} at {self.exact[1]}"
        elif relation.rows_estimate is not None:
            rows = f"{words.estimate(relation.rows_estimate)} rows"
        size = "" if relation.bytes is None else words.size(relation.bytes)
        facts = [Content(relation.kind), Content(rows), Content(size), Content.styled(word, style)]
        return Content("  ").join(fact for fact in facts if fact)

    def action_leave(self) -> None:
        """Goes back to the rows."""
        self.post_message(View.Close())

    def action_sql(self) -> None:
        """Shows the statements that make the relation."""

        async def read() -> str:
            from console.catalog.ddl import read_ddl

            session = self.held = await self.connections.open(BROWSE)
            return await read_ddl(session, self.relation)

        def take(text: str) -> None:
            self._lay_out()
            self.post_message(View.Open(SqlText(self.relation.identity, text)))

        self.ask("writing the SQL", read, take)

    def action_count(self) -> None:
        """Counts the rows one by one."""
        from console.browse.count import count_rows

        async def count() -> int:
            session = self.held = await self.connections.open(BROWSE)
            return await count_rows(session, self.relation)

        self.ask("counting every row", count, self._counted)

    def _counted(self, rows: int) -> None:
        self.exact = rows, words.clock()
        self.head(self.relation.identity, self._facts(), Content.styled("counted", "$muted"))
        if self.structure is not None:
            self.findings.show(parts(self.structure, self.exact))


class SqlText(View):
    """Statements to read and to copy.

    Args:
        name: What they make, as the database calls it.
        text: The statements.
    """

    BINDING_GROUP_TITLE = "SQL"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "copy", "Copy"),
        Binding("s", "leave", "Structure", show=False),
        Binding("up,k", "scroll(-1)", "Up", show=False),
        Binding("down,j", "scroll(1)", "Down", show=False),
    ]

    def __init__(self, name: str, text: str) -> None:
        super().__init__()
        self.made = name
        self.text = text

    def compose(self) -> ComposeResult:
        """Lays out caption and text."""
        yield Caption()
        with VerticalScroll(classes="sql-text"):
            yield Static(highlighted(self.text))

    def on_mount(self) -> None:
        """Says what they make."""
        lines = words.plural(self.text.count("\n"), "line")
        self.head(self.made, Content("the SQL that makes it"), Content.styled(lines, "$muted"))

    def take_focus(self) -> None:
        """The text has it."""
        self.screen.set_focus(self.query_one(VerticalScroll))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offers to scroll where there is more than fits."""
        return action != "scroll" or any(one.max_scroll_y for one in self.query(VerticalScroll))

    def action_scroll(self, lines: int) -> None:
        """Scrolls by lines."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)

    def action_copy(self) -> None:
        """Copies the statements as they are."""
        copying.take(self.app, self.text, "SQL", self.made, "insert")

    def action_leave(self) -> None:
        """Goes back to the structure."""
        self.post_message(View.Close())
