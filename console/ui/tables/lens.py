"""The X-ray of the rows on the screen: which of them somebody else sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from console.access.marks import DENIED, ROWS
from console.errors import ConsoleError
from console.ui import words
from console.ui.connections import Connections
from console.ui.tables.told import brief
from console.ui.widgets.rows import Mark
from console.visible import visible

if TYPE_CHECKING:
    from console.access.persona import Persona
    from console.access.visibility import Count, State
    from console.browse.page import Page, Place
    from console.browse.window import Window
    from console.ui.tables.reading import Opened

XRAY = "x-ray"
"""The purpose of the login's side of the X-ray, so that a slow policy holds up no paging."""

_BRIGHT = ("visible", "unknown")
_MARKS = {state: Mark(mark.glyph, dimmed=state not in _BRIGHT) for state, mark in ROWS.items()}
LEGEND = (*ROWS.values(), DENIED)
"""The marks of the X-ray, for the help."""
_SAID = {
    "visible": "seen by",
    "hidden": "hidden from",
    "error": "an error to",
    "unknown": "not known of",
    "gone": "gone",
}
_MOST = 20_000
"""Rows whose marks are remembered."""


class Lens:
    """What is known of the rows of one window through somebody's eyes.

    Attributes:
        denied: Columns the persona may not read.
        count: How many rows it sees altogether; None while that is not known.
        refusal: What happens to it instead of seeing any row, and why; None where it may look.
        over: Whether there is nothing more to find out about rows.
        message: Why nothing can be told.
        warning: What the connection can't hold to; empty for nothing.
    """

    def __init__(self, persona: Persona) -> None:
        self.persona = persona
        self.denied: frozenset[str] = frozenset()
        self.count: Count | None = None
        self.refusal: tuple[str, str] | None = None
        self.over = False
        self.message = ""
        self.warning = ""
        self._states: dict[Place, State] = {}

    def mark(self, place: Place) -> Mark:
        """Returns the mark of the row at a place."""
        return _MARKS[self._states.get(place, "unknown")]

    def lacking(self, window: Window, rows: range) -> list[Page]:
        """Returns the pages at hand with rows on the screen that nothing is known of."""
        found: list[Page] = []
        for index in rows:
            at = window.find(index)
            if at is None or at[0].places[at[1]] in self._states:
                continue
            if not any(page is at[0] for page in found):
                found.append(at[0])
        return found

    def on_screen(self, window: Window, rows: range) -> tuple[int, int]:
        """Returns how many of the rows on the screen are seen, and how many there are."""
        places = [at[0].places[at[1]] for at in map(window.find, rows) if at is not None]
        return sum(self._states.get(place) == "visible" for place in places), len(places)

    async def examine(self, connections: Connections, opened: Opened, rows: range) -> None:
        """Finds out about the rows on the screen, and counts all once.

        Raises:
            ConsoleError: The server refused, or a connection is gone.
        """
        from psycopg import sql

        from console.access.visibility import count_visible

        await self.look(connections, opened.window, rows)
        if self.count is None:
            preview, relation = await connections.preview(), opened.wanted.relation
            conditions = opened.window.source.selection.chosen.conditions
            where = sql.SQL(" and ").join(conditions) if conditions else None
            self.count = await count_visible(preview, self.persona, relation, where=where)

    async def look(self, connections: Connections, window: Window, rows: range) -> None:
        """Finds out about some rows.

        Raises:
            ConsoleError: The server refused, or a connection is gone.
        """
        from console.access.visibility import xray

        source = window.source
        login = await connections.open(XRAY)
        preview = await connections.preview()
        self.warning = preview.warning
        for page in () if self.over else self.lacking(window, rows):
            keys = [source.key(place) for place in page.places]
            if not keys[0]:
                self.message = "no key to tell rows by"
                self.over = True
                break
            seen = await xray(
                login,
                preview,
                self.persona,
                source.selection.relation,
                [[value for _, value in key] for key in keys],
                columns=[name for name, _ in keys[0]],
            )
            if len(self._states) > _MOST:
                self._states.clear()
            self._states.update(zip(page.places, seen.states, strict=True))
            self.denied = frozenset(seen.denied_columns)
            # What took too long for one page would for the next.
            self.over = seen.method == "denied" or "unknown" in seen.states
            if seen.method == "denied":
                self.refusal = "may not read this table", seen.message
            elif seen.message:
                self.refusal = "gets an error", seen.message

    async def glance(self, connections: Connections, window: Window, index: int) -> None:
        """Finds out about one row; why nothing can be told is kept as its message."""
        try:
            await self.look(connections, window, range(index, index + 1))
        except ConsoleError as error:
            self.message, self.over = error.message, True

    def anew(self) -> Lens:
        """Returns a lens of the same persona for other rows."""
        return Lens(self.persona)

    def said_of(self, place: Place) -> Content:
        """Says in short whether the row at a place is seen, with its mark."""
        if self.refusal is not None and (self.message or self.over):
            return Content.styled(
                f"  {DENIED.glyph} {brief(self.persona.label)} {self.refusal[0]}", "$warning"
            )
        state = self._states.get(place, "unknown")
        style = "$muted" if state in ("visible", "unknown") else "$warning"
        who = "" if state == "gone" else f" {brief(self.persona.label)}"
        return Content.styled(f"  {ROWS[state].glyph} {_SAID[state]}{who}", style)

    @property
    def name(self) -> str:
        """What the persona is called, made visible."""
        return visible(self.persona.label)

    def told(self, total: str, seen: int, there: int) -> list[str]:
        """Says in ever fewer words what is known.

        Args:
            total: Rows of the login.
            seen: Rows on the screen that the persona sees.
            there: Rows on the screen.
        """
        short = brief(self.persona.label)
        if self.refusal is not None:
            what, why = self.refusal
            said = f"{short} {what}"
            return [f"{total} · {self.name} {what}: {visible(why)}", f"{total} · {said}", said]
        screen = "" if self.message else f" · {words.count(seen)} of {there} on screen"
        sees = self._sees(short)
        return [
            f"{total} · {self._sees(self.name)}{screen}",
            f"{total} · {sees}{screen}",
            f"{sees}{screen}",
            sees,
        ]

    def _sees(self, name: str) -> str:
        if self.count is None:
            return f"{name} sees …"
        if self.count.value is None:
            return f"not counted for {name}: {visible(self.count.message)}"
        return f"{name} sees {self.count}"
