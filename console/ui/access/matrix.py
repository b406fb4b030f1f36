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

from console.access.marks import CELLS, COUNTED, UNCOUNTED, WITHHELD
from console.errors import ConsoleError
from console.ui import words
from console.ui.access.board import COMMANDS, Board, weight
from console.ui.access.cells import CellTable, Heading
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

    from console.access.counting import Known
    from console.access.matrix import Matrix
    from console.access.persona import Persona


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
        Binding("escape", "stop", "Cancel"),
        Binding("escape,q", "unfilter", "All tables", show=False),
    ]
    legend = (*CELLS.values(), WITHHELD, UNCOUNTED, *COUNTED)

    @dataclass
    class Listed(Message):
        """It is known which tables there are."""

        number: int
        board: Board

    @dataclass
    class Filled(Message):
        """Some cells became known."""

        number: int
        cells: Sequence[Known]

    def __init__(self, connections: Connections) -> None:
        super().__init__(connections)
        self._others: list[Persona] = []
        self._command = "select"
        self._board = Board()
        self._by_access = False
        self._wanted: tuple[object, ...] = ()
        self._found: Matrix | None = None
        self._read = Content("")

    def body(self) -> ComposeResult:
        """Yields the filter, the cells under their heading, and words on one of them."""
        table = CellTable()
        yield Field(placeholder=f"a table's name, or a state: {' '.join(CELLS)}", id="cell-filter")
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
        board = Board(people, self._command)
        wanted = (tuple(people), board.commands)
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
            board.tables = tables
            self.post_message(self.Listed(number, board))
            return await matrix(
                login,
                await self.acting(),
                people,
                commands=[Command(command) for command in board.commands],
                catalog=tables,
                on_cells=heard,
            )

        self.ask(f"counting as {who}", question, self._take)

    @on(Listed)
    def _listed(self, message: Listed) -> None:
        message.stop()
        if message.number == self._number and self.busy:
            self._board, self._read = message.board, Content("")
            self._draw()
            self.show_body()

    @on(Filled)
    def _filled(self, message: Filled) -> None:
        message.stop()
        if message.number == self._number and self.busy:
            self._board.hear(message.cells)
            self._draw()

    def _take(self, found: Matrix) -> None:
        self._found = found
        self._board.take(found)
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

    def _draw(self) -> None:
        board = self._board
        lines = board.lines()
        text = self.query_one("#cell-filter", Input).value.lower().split()
        shown = [line for line in lines if line.has(text)]
        if self._by_access:
            place = max(0, min(self.table.column, len(board.columns) - 1))
            shown.sort(key=lambda line: weight(line.cells[place]))
        self.table.show([heading for heading, _, _ in board.columns], shown)
        self.caption.left = board.summary(lines, len(shown), sorted_=self._by_access)
        if self._read and not self.busy:
            self.caption.right = self._read
        self.query_one(Heading).refresh()

    @on(CellTable.Turned)
    @on(Lines.Moved)
    def _turned(self) -> None:
        self.query_one(Heading).refresh()
        told = self._board.told(self.table.current, self.table.column)
        self.query_one(".access-foot", Static).update(told)
        self.refresh_bindings()

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
