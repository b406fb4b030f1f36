"""The right side of the tables pane: what is known of a relation, its rows, its columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from console.catalog.relations import Relation
from console.ui import words
from console.ui.clipboard import copy
from console.ui.trouble import keys
from console.ui.widgets.caption import Caption
from console.ui.widgets.grid import Grid, RowsAtHand, fitted
from console.ui.widgets.relations import protection
from console.visible import visible

if TYPE_CHECKING:
    from console.browse.page import Page
    from console.connection.session import ServerInfo

_COLUMN_HEADINGS = ("column", "type", "null", "key", "default", "comment")


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


class Contents(Vertical):
    """One row that says what is shown, and what is shown."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "columns", "Columns / rows"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.page: Page | None = None
        self.read_at = ""
        self.show_columns = False

    def compose(self) -> ComposeResult:
        """Lays out everything there may be; one of them is displayed."""
        yield Caption()
        yield Grid(id="rows")
        yield Grid(id="columns")
        yield Static(id="about")

    def on_mount(self) -> None:
        """Starts with words."""
        self._display("about")

    @property
    def caption(self) -> Caption:
        """The row that says what is shown."""
        return self.query_one(Caption)

    @property
    def grid(self) -> Grid:
        """Rows or columns, whichever are shown."""
        return self.query_one("#columns" if self.show_columns else "#rows", Grid)

    def _display(self, which: str) -> None:
        for name in ("about", "rows", "columns"):
            self.query_one(f"#{name}").display = name == which

    def say(self, heading: str, text: Content) -> None:
        """Shows words in place of a relation."""
        self.page = None
        self.caption.left = Content.styled(visible(heading), "bold")
        self.caption.right = Content("")
        self.query_one("#about", Static).update(text)
        self._display("about")

    def show(self, page: Page, read_at: str, server: ServerInfo | None) -> None:
        """Shows the rows of a page; of the same relation, the cursor stays where it is."""
        again = self.page is not None and self.page.relation.identity == page.relation.identity
        self.page, self.read_at = page, read_at
        names = [column.name for column in page.columns]
        numeric = [column.category == "N" for column in page.columns]
        rows = RowsAtHand(fitted(names, numeric, page.rows), page.rows)
        self.query_one("#rows", Grid).show(rows, keep_cursor=again)
        self._fill_columns(page)
        self.query_one("#about", Static).update(nothing(page, server))
        self._present()

    def _fill_columns(self, page: Page) -> None:
        lines = [
            (
                column.name,
                column.type,
                "no" if column.not_null else "yes",
                f"key {column.key_position}" if column.key_position else "",
                column.default or "",
                column.comment or "",
            )
            for column in page.columns
        ]
        columns = fitted(_COLUMN_HEADINGS, (False,) * len(_COLUMN_HEADINGS), lines)
        self.query_one("#columns", Grid).show(RowsAtHand(columns, lines))

    def _present(self) -> None:
        assert self.page is not None
        self._display("columns" if self.show_columns else "rows")
        empty = not self.page.rows and not self.show_columns
        self.query_one("#about").display = empty
        self.query_one("#rows").set_class(empty, "-empty")
        self.screen.set_focus(self.grid)
        self._write_caption()

    def _write_caption(self) -> None:
        page = self.page
        if page is None:
            return
        word, style = protection(page.relation)
        number = words.plural(len(page.columns), "column") if self.show_columns else amount(page)
        facts = Content.assemble(f"  {number}  ", (word, style))
        grid = self.grid
        place = ""
        if len(grid.source.columns) > 1 and grid.source.row_count:
            place = f"{grid.cursor_row + 1}:{grid.cursor_column + 1}/{len(grid.source.columns)}  "
        spent = words.duration(page.elapsed)
        right = Content.assemble(place, (f"{self.read_at}, {spent}", "$muted"))
        # Of a long name the beginning has to do: how many rows these are must be told.
        room = self.size.width - facts.cell_length - right.cell_length - 5
        name = Content.styled(visible(page.relation.identity), "bold")
        self.caption.left = name.truncate(max(12, room), ellipsis=True) + facts
        self.caption.right = right

    def on_resize(self) -> None:
        """Lays the caption out anew."""
        if not self.caption.is_busy:
            self._write_caption()

    @on(Grid.Moved)
    def _moved(self) -> None:
        if not self.caption.is_busy:
            self._write_caption()

    @on(Grid.CopyCell)
    def _copy(self, message: Grid.CopyCell) -> None:
        row = self.grid.source.row(message.row)
        value = row[message.column] if row is not None else None
        if value is None:
            self.notify("NULL holds no text to copy", timeout=2, markup=False)
        elif (
            self.page is not None
            and not self.show_columns
            and (message.row, message.column) in self.page.cut
        ):
            copy(self.app, value, f"The first {words.count(len(value))} characters")
        else:
            copy(self.app, value, "Cell")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Columns can be shown of what is shown."""
        return action != "columns" or self.page is not None

    def action_columns(self) -> None:
        """Shows the columns of the open relation instead of its rows, or the other way."""
        self.show_columns = not self.show_columns
        self._present()
