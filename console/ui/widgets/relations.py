"""Schemas and what is in them, as a list with a filter and folds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.strip import Strip

from console.catalog.relations import Relation
from console.ui import words
from console.ui.trouble import keys
from console.ui.widgets.lines import Lines
from console.visible import visible

GLYPHS = {
    "table": "▪",
    "partitioned": "▤",
    "view": "◇",
    "materialized view": "◆",
    "foreign table": "↗",
}

_NO_MATCH = (
    Content.styled(" No table or view is called so.", "$muted"),
    Content.assemble(" ", keys(("enter", "reads the list again"))),
)


def protection(relation: Relation) -> tuple[str, str]:
    """Says in a word how rows are protected, and in which colour."""
    if relation.kind not in ("table", "partitioned"):
        return "", ""
    if not relation.rls:
        return "no rls", "$warning"
    return ("forced", "$success") if relation.forced else ("rls", "$success")


class RelationList(Lines):
    """The tree of schemas and relations."""

    BINDING_GROUP_TITLE = "Tables and views"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "Open"),
        Binding("left", "fold(True)", "Fold the schema", show=False),
        Binding("right", "fold(False)", "Unfold the schema", show=False),
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._relations: list[Relation] = []
        self._shown: list[Relation | str] = []
        self._folded: set[str] = set()
        self._words: list[str] = []

    @property
    def line_count(self) -> int:
        """Schemas and relations that are not folded or filtered away."""
        return len(self._shown)

    @property
    def current(self) -> Relation | None:
        """The relation under the cursor; None on a schema."""
        if 0 <= self.cursor < len(self._shown):
            entry = self._shown[self.cursor]
            return None if isinstance(entry, str) else entry
        return None

    def show(self, relations: Iterable[Relation]) -> None:
        """Shows other relations; the cursor stays on the one it was on."""
        self._relations = list(relations)
        self._arrange()

    def narrow(self, text: str) -> None:
        """Shows only the relations whose name has every word of the text."""
        self._words = text.lower().split()
        self._arrange()

    def _arrange(self) -> None:
        before = self.current
        self._shown = []
        schema = None
        for relation in self._relations:
            if not all(word in relation.identity.lower() for word in self._words):
                continue
            if relation.schema != schema:
                schema = relation.schema
                self._shown.append(schema)
            if self._words or schema not in self._folded:
                self._shown.append(relation)
        identities = [None if isinstance(e, str) else e.identity for e in self._shown]
        if before is not None and before.identity in identities:
            self.renew(cursor=identities.index(before.identity))
        else:
            # Past the first heading: what a person most likely wants is a table.
            self.renew(cursor=min(1, max(0, len(self._shown) - 1)))

    def action_fold(self, folded: bool) -> None:
        """Folds or unfolds the schema the cursor is in."""
        if not self._shown:
            return
        entry = self._shown[self.cursor]
        schema = entry if isinstance(entry, str) else entry.schema
        if folded:
            self._folded.add(schema)
        else:
            self._folded.discard(schema)
        self._arrange()
        if folded:
            self.cursor = self._shown.index(schema)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offers to open also what nothing matches: it may have been made meanwhile."""
        return bool(self._words) or super().check_action(action, parameters)

    def action_choose(self) -> None:
        """Opens the relation, or folds and unfolds the schema; with no match, asks for more."""
        if self.current is not None:
            super().action_choose()
        elif self._words and not self._shown:
            self.post_message(self.Chosen(self, 0))
        elif self._shown:
            self.action_fold(self._shown[self.cursor] not in self._folded)

    def render_line(self, y: int) -> Strip:
        """Draws one line of the screen; with no match it says so."""
        if self._words and not self._shown and y < len(_NO_MATCH):
            text = _NO_MATCH[y].truncate(self.size.width, ellipsis=True, pad=True)
            return Strip(text.render_segments(self.visual_style), self.size.width)
        return super().render_line(y)

    def line(self, index: int, width: int) -> Content:
        """Writes a schema, or a relation with its rows and its protection."""
        entry = self._shown[index]
        if isinstance(entry, str):
            mark = "▸" if entry in self._folded and not self._words else "▾"
            number = sum(relation.schema == entry for relation in self._relations)
            left = Content.assemble((f" {mark} ", "$muted"), (visible(entry), "bold"))
            return _spread(left, Content.styled(f"{number} ", "$muted"), width)
        rows = "" if entry.rows_estimate is None else words.estimate(entry.rows_estimate)
        word, style = protection(entry)
        right = Content.assemble((f"{rows} ", "$muted"), (f"{word:>6} ", style))
        left = Content(f"   {GLYPHS[entry.kind]} {visible(entry.name)}")
        return _spread(left, right, width)


def _spread(left: Content, right: Content, width: int) -> Content:
    """Puts one content at each edge; the left one gives way."""
    left = left.truncate(max(0, width - right.cell_length - 1), ellipsis=True)
    return Content.assemble(left, " " * (width - left.cell_length - right.cell_length), right)
