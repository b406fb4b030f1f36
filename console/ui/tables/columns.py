"""The columns of a relation, in place of its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.content import Content

from console.ui import words
from console.ui.tables.view import View
from console.ui.widgets.caption import Caption
from console.ui.widgets.grid import Grid, RowsAtHand, fitted

if TYPE_CHECKING:
    from console.browse.page import Page

_HEADINGS = ("column", "type", "null", "key", "default", "comment")


class Columns(View):
    """A line for each column.

    Args:
        page: What was read of the relation.
    """

    def __init__(self, page: Page) -> None:
        super().__init__()
        self.page = page

    def compose(self) -> ComposeResult:
        """Lays out caption and grid."""
        yield Caption()
        yield Grid(id="columns")

    def on_mount(self) -> None:
        """Fills both."""
        page = self.page
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
        grid = self.query_one(Grid)
        grid.show(RowsAtHand(fitted(_HEADINGS, (False,) * len(_HEADINGS), lines), lines))
        number = words.plural(len(page.columns), "column")
        self.head(page.relation.identity, Content(number))

    def take_focus(self) -> None:
        """The grid has it."""
        self.screen.set_focus(self.query_one(Grid))
