"""What the tables pane says of a relation and of its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from console.catalog.relations import Relation
from console.ui import words
from console.ui.trouble import keys
from console.ui.widgets.relations import protection
from console.visible import visible

if TYPE_CHECKING:
    from console.browse.foresight import Foresight
    from console.browse.window import Window
    from console.connection.session import ServerInfo
    from console.ui.tables.reading import Opened
    from console.ui.widgets.grid import Grid

_NAME = 12
"""Cells of a name where room lacks."""


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


def amount(window: Window) -> str:
    """Says how many rows there are: exactly, about, or at least."""
    total = window.total
    if total.certainty == "exact":
        return words.plural(total.rows, "row")
    if total.certainty == "estimate":
        return f"{words.estimate(total.rows)} rows"
    return f"≥ {words.count(total.rows)} rows"


def row_number(window: Window, index: int) -> str:
    """Says which row this is, counted from 1; away from both ends that is an estimate."""
    return f"{'' if window.is_exact(index) else '~'}{words.count(index + 1)}"


def nothing(opened: Opened, server: ServerInfo | None) -> Content:
    """Says why there is nothing to see, where there are no rows or no columns."""
    wanted, page = opened.wanted, opened.page
    if page.rows:
        number = amount(opened.window)
        return Content.styled(f"No columns: this table has none, and {number}.", "$muted")
    if wanted.persona is not None:
        name = visible(wanted.persona.label)
        which = "that match, as" if wanted.where else "for"
        text = f"No rows {which} {name}: the API would return an empty list."
        return Content("\n").join(
            [Content.styled(text, "$muted"), keys(("x", "every row, with what is hidden marked"))]
        )
    bound = server is not None and not (server.superuser or server.bypass_rls)
    if page.relation.rls and bound:
        return Content.styled("No rows that you may see: row-level security is on here.", "$muted")
    if wanted.where:
        ways = keys(("/", "change the filter"), ("backspace", "every row"))
        return Content.assemble(("No rows match.   ", "$muted"), ways)
    return Content.styled("No rows.", "$muted")


def brief(label: str) -> str:
    """Makes what somebody is called visible where room lacks: of an address, only the name."""
    name = visible(label).partition("@")[0]
    return name if len(name) <= _NAME else f"{name[: _NAME - 1]}…"


def facts(opened: Opened) -> list[Content]:
    """Says in ever fewer words how rows are protected, and through whose eyes these were read."""
    word, style = protection(opened.wanted.relation)
    persona = opened.wanted.persona
    denied = f" · {words.plural(len(opened.denied), 'column')} denied" if opened.denied else ""
    if persona is None:
        return [Content.assemble((word, style), (denied, "$warning"))]
    refused = ": the API refuses *" if opened.denied else ""
    only = f"only what {brief(persona.label)} sees{denied}"
    number = amount(opened.window)
    told = (
        f"{number} · only what {visible(persona.label)} sees{denied}{refused}",
        f"{number} · {only}",
        only,
    )
    return [Content.styled(one, "$primary") for one in told]


def forewarned(foresight: Foresight | None) -> list[Content]:
    """Says in ever fewer words what makes a wait long; nothing where there is no need."""
    if foresight is None or not foresight.warning:
        return []
    from console.browse.foresight import MANY

    rows, does = foresight.sorted_rows, "sort"
    if rows < MANY:
        rows, does = foresight.scanned_rows, "look at"
    short = f"no index: {words.estimate(rows)} rows to {does}"
    return [Content.styled(said, "$warning") for said in (foresight.warning, short)]


def asides(opened: Opened, grid: Grid) -> tuple[Content, Content, Content]:
    """Says in ever fewer words which row and column this is, of how many, and when it was read."""
    window, columns = opened.window, len(grid.source.columns)
    place, column = amount(window), ""
    if window.extent and columns:
        place = f"{row_number(window, grid.cursor_row)} of {place.rpartition(' ')[0]}"
        if columns > 1:
            column = f"  {grid.cursor_column + 1}/{columns}"
    spent = words.duration(opened.elapsed)
    return (
        Content.assemble(place, column, (f"  read {opened.at} in {spent}", "$muted")),
        Content.assemble(place, (f"  {opened.at}", "$muted")),
        Content(place),
    )
