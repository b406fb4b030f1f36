"""The view that suits a whole value: a tree, a dump, or wrapped text."""

from __future__ import annotations

from functools import partial

from console.browse.document import read_array, read_document
from console.browse.page import Place
from console.browse.source import PageSource
from console.catalog.relations import Column
from console.ui.connections import Connections
from console.ui.tables.documents import DocumentView
from console.ui.tables.reader import LongValue, StoredText
from console.ui.tables.view import View
from console.ui.tables.wrapping import dumped, wrapped


def whole_view(
    connections: Connections, source: PageSource, place: Place, column: Column, called: str
) -> View:
    """Makes the view that suits a column, of the row at a place, which is called so."""
    title = f"{called} · {column.name}"
    text = StoredText(source, place, column.name)
    if column.base in ("json", "jsonb"):
        return DocumentView(connections, title, text, read_document)
    if column.category == "A":
        return DocumentView(connections, title, text, partial(read_array, base=column.base))
    if column.base == "bytea":
        return LongValue(connections, title, text, dumped, unit="byte")
    return LongValue(connections, title, text, wrapped)
