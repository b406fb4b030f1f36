"""All there is to say of one line of a row."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from console.browse.count import Certainty
from console.browse.detail import Value
from console.browse.references import Reference
from console.browse.window import Window
from console.ui import words
from console.ui.tables.values import in_one_line, taken
from console.ui.widgets.rows import is_blank
from console.visible import visible, visible_lines


def names_a_person(value: Value) -> bool:
    """Tells whether a value may be a user's id or an e-mail."""
    text = value.text or ""
    if value.column.base == "uuid":
        return bool(text)
    return 3 <= len(text) <= 254 and text.count("@") == 1 and " " not in text


def card(value: Value) -> Content:
    """Describes a column and shows what it holds, as far as that was read."""
    column = value.column
    facts = [column.type]
    if column.primary_key:
        facts.append("key")
    if column.not_null:
        facts.append("not null")
    if value.bytes is not None:
        facts.append(taken(value))
    lines = [Content.styled(visible(column.name), "bold")]
    lines.append(Content.styled(visible("  ".join(facts)), "$muted"))
    if column.default:
        how = "computed" if column.generated else "default"
        lines.append(Content.assemble((f"{how}  ", "$muted"), visible(column.default)))
    if column.comment:
        lines.append(Content.styled(visible(column.comment), "italic"))
    lines.append(Content(""))
    text = value.text or ""
    lines.append(in_one_line(value) if is_blank(text) else Content(visible_lines(text)))
    if value.cut:
        lines += [Content(""), Content.styled("enter shows all of it", "$muted")]
    return Content("\n").join(lines)


def signpost(reference: Reference) -> Content:
    """Describes a foreign key."""
    key = reference.key
    lines = [
        Content.styled(visible(key.name), "bold"),
        Content.assemble(
            (visible(key.table), "$primary"), f" ({', '.join(map(visible, key.columns))})"
        ),
        Content.assemble(
            ("→ ", "$accent"),
            (visible(key.to_table), "$primary"),
            f" ({', '.join(map(visible, key.to_columns))})",
        ),
        Content(""),
        Content.styled(f"on delete {key.on_delete}, on update {key.on_update}", "$muted"),
    ]
    if not reference.forwards and not key.indexed:
        lines.append(Content.styled("no index on the referring columns", "$warning"))
    return Content("\n").join(lines)


def dead_end(reference: Reference) -> str:
    """Says why a foreign key leads nowhere from a row."""
    key = reference.key
    held = zip(key.columns if reference.forwards else key.to_columns, reference.values, strict=True)
    empty = [visible(column) for column, value in held if value is None]
    one = len(empty) == 1
    said = f"{' and '.join(empty)} {'is' if one else 'are'} NULL"
    if not reference.forwards:
        return f"{said}: no row references {'it' if one else 'them'}"
    return f"{said}: {'it references' if one else 'they reference'} no row"


def standing(window: Window, index: int) -> str:
    """Says which row this is, and of how many, as far as that is known."""
    mark = "" if window.is_exact(index) else "~"
    return f"row {mark}{words.count(index + 1)} of {_total(window)}"


def extent(window: Window) -> str:
    """Says how many rows there are, as far as that is known."""
    exact = window.total.certainty is Certainty.EXACT
    return f"{_total(window)} {'row' if exact and window.total.rows == 1 else 'rows'}"


def _total(window: Window) -> str:
    total = window.total
    if total.certainty is Certainty.ESTIMATE:
        return words.estimate(total.rows)
    number = words.count(total.rows)
    return number if total.certainty is Certainty.EXACT else f"≥ {number}"


def called(window: Window, index: int, values: Sequence[Value]) -> str:
    """Names a row: by its key, or by its number."""
    relation = window.source.selection.relation
    name = "result" if relation.kind == "query" else relation.name
    key = [value.text or "" for value in values if value.column.primary_key]
    return f"{name} {', '.join(key)[:40] if key else words.count(index + 1)}"
