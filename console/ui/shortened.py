"""Texts that have to be shorter, with what tells them apart kept."""

from __future__ import annotations

from rich.cells import cell_len

from console.connection.destination import Destination
from console.visible import visible


def middle(text: str, cells: int) -> str:
    """Takes out the middle of a text that is too long: its beginning and end stay."""
    if cell_len(text) <= cells:
        return text
    begin, end = text[: len(text) // 2], text[len(text) // 2 :]
    while begin and cell_len(begin) + cell_len(end) >= cells:
        if cell_len(begin) > cell_len(end):
            begin = begin[:-1]
        else:
            end = end[1:]
    return f"{begin}…{end}"


def whereabouts(where: Destination, cells: int) -> str:
    """Writes a destination in so many cells: the host gives way first, then user and database.

    A port that is not the usual one stays as long as the host does: it alone tells two tunnels
    apart.
    """
    login, address, database = map(visible, (where.login, where.address, where.database))
    host, colon, port = address.rpartition(":")
    if not colon or "," in address:
        host, port = address, ""
    end = f"{colon}{port}/{database}" if port else f"/{database}"
    room = cells - cell_len(login) - cell_len(end)
    if room > 0:
        return f"{login}{middle(host, room)}{end}"
    login = middle(login, max(4, cells - cell_len(end) - 1))
    return f"{login}…{middle(end, max(4, cells - cell_len(login) - 1))}"
