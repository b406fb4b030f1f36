"""The view `matrix` of the access pane: every table, by command for one or by persona for many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from console.errors import ConsoleError
from console.ui import words
from console.ui.access.cells import STATES, CellLine, CellTable, Heading, amount
from console.ui.access.files import AskFile
from console.ui.access.view import View
from console.ui.connections import Connections
from console.ui.pane import Pane
from console.ui.places import Place, TablePlace
from console.ui.widgets.field import Field
from console.ui.widgets.lines import Lines
from console.visible import visible

if TYPE_CHECKING:
    from pathlib import Path

    from console.access.catalog import Governed
    from console.access.cells import Cell
    from console.access.counting import Known
    from console.access.matrix import Matrix
    from console.access.persona import Persona

COMMANDS = ("select", "insert", "update", "delete")
_GRAVEST = {"error": 0, "all": 1, "open": 2, "some": 3, "none": 4, "denied": 5}
"""The order in which cells are worth a look."""


class MatrixView(View):
    """Fills as the cells become known; each can be opened as the persona it is of."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "add", "Add persona"),
        Binding("x", "leave_out", "Leave out"),
        Binding("o", "command", "Command"),
        Binding("s", "sort", "Sort"),
        Binding("slash", "filter", "Filter", key_display="/", priority=True),
        Binding("e", "export", "Export"),
        Binding("down", "pick(1)", "Next match", show=False),
        Binding("up", "pick(-1)", "Match before", show=False),
        Binding("escape,q", "unfilter", "All tables", show=False),
    ]

    @dataclass
    class Listed(Message):
        """It is known which tables there are."""

        number: int
        tables: list[Governed]

    @dataclass
    class Filled(Message):
        """Some cells became known."""

        number: int
        cells: Sequence[Known]

    def __init__(self, connections: Connections) -> None:
        super().__init__(connections)
        self._others: list[Persona] = []
        self._command = "select"
        self._by_access = False
        self._tables: list[Governed] = []
        self._cells: dict[tuple[str, str, str], Cell] = {}
        self._wanted: tuple[object, ...] = ()
        self._found: Matrix | None = None
        self._read = Content("")

    def body(self) -> ComposeResult:
        """Yields the filter, the cells under their heading, and words on one of them."""
        table = CellTable()
        yield Field(placeholder=f"a table's name, or a state: {' '.join(STATES)}", id="cell-filter")
        yield Heading(table)
        yield table
        yield Static(classes="access-foot")

    @property
    def table(self) -> CellTable:
        """The cells."""
        return self.query_one(CellTable)

    @property
    def people(self) -> list[Persona]:
        """Whose cells are shown: the lens first."""
        lens = [self.persona] if self.persona is not None else []
        return [*lens, *(p for p in self._others if p.label not in {q.label for q in lens})]

    def take_focus(self) -> None:
        """Puts the focus on the cells."""
        self.screen.set_focus(self.table if self.has_body else self.query_one(".access-words"))

    # Asking

    def look(self, place: Place | None = None) -> None:
        """Counts, unless what is shown is of the same people and commands."""
        people = self.people
        commands = COMMANDS if len(people) == 1 else (self._command,)
        wanted = (tuple(people), commands)
        if wanted == self._wanted:
            self._draw()
            return
        self._wanted, self._found = wanted, None
        number = self._number + 1
        who = words.plural(len(people), "persona") if len(people) > 1 else visible(people[0].label)

        def heard(cells: Sequence[Known], _known: int, _all: int) -> None:
            self.post_message(self.Filled(number, cells))

        async def question() -> Matrix:
            from console.access.catalog import read_catalog
            from console.access.matrix import matrix
            from console.access.rules import Command

            login = await self.login()
            tables = await read_catalog(login, {persona.role for persona in people})
            self.post_message(self.Listed(number, tables))
            return await matrix(
                login,
                await self.acting(),
                people,
                commands=[Command(command) for command in commands],
                catalog=tables,
                on_cells=heard,
            )

        self.ask(f"counting as {who}", question, self._take)

    @on(Listed)
    def _listed(self, message: Listed) -> None:
        message.stop()
        if message.number == self._number and self.busy:
            self._tables, self._cells = message.tables, {}
            self._read = Content("")
            self._draw()
            self.show_body()

    @on(Filled)
    def _filled(self, message: Filled) -> None:
        message.stop()
        if message.number == self._number and self.busy:
            for known in message.cells:
                self._cells[known.table, known.persona, known.command.value] = known.cell
            self._draw()

    def _take(self, found: Matrix) -> None:
        self._found = found
        for row in found.rows:
            for label, cells in row.cells.items():
                for command, cell in cells.items():
                    self._cells[row.table, label, command.value] = cell
        spent = words.duration(found.elapsed)
        self._read = Content.styled(f"{words.clock()}, {spent}", "$muted")
        if not found.rows:
            self.say(Content.styled("There is no table that anybody could be granted.", "$muted"))
            return
        self._draw()
        self.show_body()

    def cancelled(self) -> None:
        """Keeps the cells that were known; the others stay open until they are asked for again."""
        self._wanted = ()
        super().cancelled()

    def failed(self, error: ConsoleError) -> None:
        """Asks anew the next time."""
        self._wanted = ()
        super().failed(error)

    def action_again(self) -> None:
        """Counts again."""
        self._wanted = ()
        super().action_again()

    # Drawing

    def _columns(self) -> list[tuple[str, str, str]]:
        """Each column's heading, persona and command."""
        people = self.people
        if len(people) == 1:
            return [(command, people[0].label, command) for command in COMMANDS]
        return [(persona.label, persona.label, self._command) for persona in people]

    def _draw(self) -> None:
        columns = self._columns()
        lines = [
            CellLine(
                table.identity,
                table.kind,
                tuple(self._cells.get((table.identity, who, what)) for _, who, what in columns),
            )
            for table in self._tables
        ]
        text = self.query_one("#cell-filter", Input).value.lower().split()
        shown = [line for line in lines if line.has(text)]
        if self._by_access:
            place = max(0, min(self.table.column, len(columns) - 1))
            shown.sort(key=lambda line: _weight(line.cells[place]))
        self.table.show([heading for heading, _, _ in columns], shown)
        self._write_caption(len(shown), lines)
        self.query_one(Heading).refresh()

    def _write_caption(self, shown: int, lines: list[CellLine]) -> None:
        known = sum(cell is not None for line in lines for cell in line.cells)
        every = len(lines) * len(self._columns())
        people = self.people
        who = (
            Content.styled(visible(people[0].label), "bold")
            if len(people) == 1
            else Content.assemble(
                (self._command.upper(), "bold"), f"  {words.plural(len(people), 'persona')}"
            )
        )
        tables = words.plural(len(lines), "table")
        if shown < len(lines):
            tables = f"{words.count(shown)} of {tables}"
        order = "  by access" if self._by_access else ""
        progress = f"  {words.count(known)} of {words.count(every)} cells" if known < every else ""
        self.caption.left = Content.assemble(who, f"  {tables}{order}", (progress, "$warning"))
        if self._read and not self.busy:
            self.caption.right = self._read

    @on(CellTable.Turned)
    @on(Lines.Moved)
    def _turned(self) -> None:
        self.query_one(Heading).refresh()
        self.query_one(".access-foot", Static).update(self._foot())
        self.refresh_bindings()

    def _foot(self) -> Content:
        line, columns = self.table.current, self._columns()
        if line is None or self.table.column >= len(columns):
            return Content.styled("no table fits", "$muted")
        _, who, what = columns[self.table.column]
        cell = line.cells[self.table.column]
        said = "not known yet" if cell is None else _told(cell, what)
        return Content.assemble(
            (visible(line.table), "bold"), f"  {what.upper()} as {visible(who)}: {visible(said)}"
        )

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offers only what applies now."""
        focused = self.screen.focused
        match action:
            case "add":
                return self.online and self.persona is not None
            case "leave_out":
                return self.has_body and self.table.column > 0 and len(self.people) > 1
            case "command":
                return self.has_body and len(self.people) > 1
            case "sort" | "filter":
                return self.has_body and focused is self.table
            case "export":
                return self._found is not None
            case "pick":
                return isinstance(focused, Input)
            case "unfilter":
                return isinstance(focused, Input) or bool(
                    self.has_body and not self.busy and self.query_one(Input).value
                )
            case _:
                return super().check_action(action, parameters)

    @on(Lines.Chosen)
    def _chosen(self) -> None:
        """Opens the table as the persona of the column."""
        line, people = self.table.current, self.people
        if line is None:
            return
        persona = people[self.table.column] if len(people) > 1 else people[0]
        if persona is not self.persona:
            self.post_message(Pane.Adopt(persona))
        self.post_message(Pane.Visit(TablePlace(line.table)))

    def action_add(self) -> None:
        """Asks for somebody to stand beside those who are there."""
        from console.access.persona import told_apart
        from console.ui.access.picker import PersonaPicker

        def answer(persona: Persona | None) -> None:
            if persona is None:
                return
            other = told_apart(persona, self.people)
            if other is None:
                self.notify(f"{visible(persona.label)} is there already", markup=False)
                return
            self._others.append(other)
            self._look(None)

        self.app.push_screen(PersonaPicker(self.connections, None), answer)

    def action_leave_out(self) -> None:
        """Leaves out the persona of the column."""
        label = self.people[self.table.column].label
        self._others = [other for other in self._others if other.label != label]
        self._look(None)

    def action_command(self) -> None:
        """Shows another command."""
        self._command = COMMANDS[(COMMANDS.index(self._command) + 1) % len(COMMANDS)]
        self._look(None)

    def action_sort(self) -> None:
        """Puts what is worth a look in this column first, or goes back to names."""
        self._by_access = not self._by_access
        self._draw()

    def action_filter(self) -> None:
        """Goes to the filter."""
        self.add_class("-filtering")
        self.screen.set_focus(self.query_one(Input))

    def action_pick(self, step: int) -> None:
        """Moves through the matches without leaving the filter."""
        self.table.action_move(step)

    def action_unfilter(self) -> None:
        """Shows every table again."""
        self.query_one(Input).value = ""
        self.remove_class("-filtering")
        self.take_focus()

    @on(Input.Changed, "#cell-filter")
    def _narrowed(self) -> None:
        if self.has_body:
            self._draw()

    @on(Input.Submitted, "#cell-filter")
    def _narrowed_enough(self) -> None:
        self.set_class(bool(self.query_one(Input).value), "-filtering")
        self.take_focus()

    def action_export(self) -> None:
        """Asks where to, and writes the matrix there."""
        found = self._found
        assert found is not None

        def write(path: Path, replace: bool) -> str:
            from console.access.exported import as_file, write_text

            write_text(path, as_file(found, path), replace=replace)
            return "The matrix is written."

        self.app.push_screen(AskFile("Write the matrix to", "access-matrix.csv", write))


def _weight(cell: Cell | None) -> tuple[int, int]:
    if cell is None:
        return 9, 0
    return _GRAVEST[cell.state], -(cell.visible or 0)


def _told(cell: Cell, command: str) -> str:
    seen, whole = amount(cell)
    verb = {"select": "sees", "update": "may change", "delete": "may delete"}.get(command, "")
    match cell.state:
        case "denied":
            return cell.message or f"no privilege for {command.upper()}"
        case "error":
            return cell.message
        case "open":
            return cell.message or "some row could be inserted"
        case "none":
            return f"no row{'; ' + cell.message if cell.message else ''}"
        case _ if command == "insert":
            return f"any row{'; ' + cell.message if cell.message else ''}"
    rows = f"{seen}{whole}" if seen else cell.state
    extra = f"; {cell.message}" if cell.message else ""
    return f"{verb} {'all ' if cell.state == 'all' and seen else ''}{rows} rows{extra}"
