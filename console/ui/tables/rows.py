"""The rows of a relation, or words in their place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from console.catalog.relations import Relation
from console.ui import words
from console.ui.clipboard import copy
from console.ui.tables.view import View
from console.ui.trouble import keys
from console.ui.widgets.caption import Caption
from console.ui.widgets.grid import Grid, RowsAtHand, fitted
from console.ui.widgets.relations import protection
from console.visible import visible

if TYPE_CHECKING:
    from console.browse.page import Page
    from console.connection.session import ServerInfo


def described(relation: Relation) -> Content:
    """Says what the catalog knows of a relation, before anything of it is read."""
    facts = [("kind", relation.kind)]
    if relation.rows_estimate is not None:
        facts.append(("rows", words.estimate(relation.rows_estimate)))
    if relation.bytes is not None:
        facts.append(("size", words.size(relation.bytes)))
    if word := protection(relation)[0]:
        policies = words.plural(relation.policies, "policy", "policies")
        facts.append(("access", f"{word}, {policies}"))
    facts.append(("owner", relation.owner))
    lines = [Content.styled(visible(relation.identity), "bold")]
    if relation.comment:
        lines.append(Content(visible(relation.comment)))
    lines.append(Content(""))
    lines += [Content.assemble((f"{name:<8}", "$muted"), visible(text)) for name, text in facts]
    return Content("\n").join([*lines, Content(""), keys(("enter", "opens"), ("/", "filters"))])


def amount(page: Page) -> str:
    """Says how many rows these are, and of how many; estimates are marked as such."""
    number = len(page.rows)
    if not page.more:
        return words.plural(number, "row")
    if page.relation.rows_estimate is None:
        return f"the first {words.count(number)} rows"
    whole = words.estimate(max(page.relation.rows_estimate, number + 1))
    return f"the first {words.count(number)} of {whole} rows"


def nothing(page: Page, server: ServerInfo | None) -> Content:
    """Says that there are no rows, or none that this login may see."""
    bound = server is not None and not (server.superuser or server.bypass_rls)
    hidden = page.relation.rls and bound
    text = "No rows that you may see: row-level security is on here." if hidden else "No rows."
    return Content.styled(text, "$muted")


class Rows(View):
    """One row that says what is shown, and the rows."""

    def __init__(self) -> None:
        super().__init__()
        self.page: Page | None = None
        self.read_at = ""

    def compose(self) -> ComposeResult:
        """Lays out everything there may be; rows or words are displayed."""
        yield Caption()
        yield Grid(id="rows")
        yield Static(id="about")

    def on_mount(self) -> None:
        """Starts with words."""
        self.grid.display = False

    @property
    def grid(self) -> Grid:
        """The rows."""
        return self.query_one(Grid)

    def take_focus(self) -> None:
        """The grid has it, where there is one."""
        if self.page is not None:
            self.screen.set_focus(self.grid)

    def say(self, heading: str, text: Content) -> None:
        """Shows words in place of a relation."""
        self.page = None
        self.head(heading, Content(""))
        about = self.query_one("#about", Static)
        about.update(text)
        about.display, self.grid.display = True, False

    def show(self, page: Page, read_at: str, server: ServerInfo | None) -> None:
        """Shows the rows of a page; of the same relation, the cursor stays where it is."""
        again = self.page is not None and self.page.relation.identity == page.relation.identity
        self.page, self.read_at = page, read_at
        names = [column.name for column in page.columns]
        numeric = [column.category == "N" for column in page.columns]
        rows = RowsAtHand(fitted(names, numeric, page.rows), page.rows)
        self.grid.display = True
        self.grid.show(rows, keep_cursor=again)
        about = self.query_one("#about", Static)
        about.update(nothing(page, server))
        about.display = not page.rows
        self.grid.set_class(not page.rows, "-empty")
        self._write_caption()

    def _write_caption(self) -> None:
        page = self.page
        if page is None:
            return
        word, style = protection(page.relation)
        facts = Content.assemble(f"{amount(page)}  ", (word, style))
        grid = self.grid
        place = ""
        if len(grid.source.columns) > 1 and grid.source.row_count:
            place = f"{grid.cursor_row + 1}:{grid.cursor_column + 1}/{len(grid.source.columns)}  "
        spent = words.duration(page.elapsed)
        self.head(
            page.relation.identity,
            facts,
            Content.assemble(place, (f"{self.read_at}, {spent}", "$muted")),
        )

    @on(Grid.Moved)
    def _moved(self) -> None:
        self._write_caption()

    @on(Grid.CopyCell)
    def _copy(self, message: Grid.CopyCell) -> None:
        row = self.grid.source.row(message.row)
        value = row[message.column] if row is not None else None
        if value is None:
            self.notify("NULL holds no text to copy", timeout=2, markup=False)
        elif self.page is not None and (message.row, message.column) in self.page.cut:
            copy(self.app, value, f"The first {words.count(len(value))} characters")
        else:
            copy(self.app, value, "Cell")
