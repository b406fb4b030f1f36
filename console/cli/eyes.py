"""Whose eyes `rows` looks through: one's own, a persona's, or both at once."""

from __future__ import annotations

import argparse
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import TYPE_CHECKING

from console.cli.connecting import session
from console.cli.personas import resolved, sides, typed
from console.errors import DatabaseFailed, UsageError

if TYPE_CHECKING:
    from console.access.impersonation import Preview
    from console.access.persona import Persona
    from console.access.visibility import State
    from console.catalog.relations import Relation
    from console.connection.session import Session

VISIBLE = "_visible"
"""The field that says whether the persona sees a row."""


class Sight:
    """Tells of rows whether a persona sees them.

    Attributes:
        shown: How many columns of a row are to be shown; behind them are those of the key.
    """

    def __init__(self, login: Session, acting: Preview, persona: Persona) -> None:
        self.shown = 0
        self._login = login
        self._acting = acting
        self._persona = persona
        self._relation: Relation | None = None
        self._key: tuple[str, ...] = ()
        self._denied: tuple[str, ...] = ()
        self._message = ""
        self._may_nothing = False
        self._counts: Counter[State] = Counter()

    async def columns(self, relation: Relation, wanted: Sequence[str] | None) -> list[str]:
        """Returns the columns to read: those that are wanted, and those rows are known by.

        Raises:
            UsageError: There is nothing to know its rows by.
        """
        from console.access.visibility import usable_key
        from console.catalog.paths import find_paths

        self._relation = relation
        self._key = await usable_key(self._login, relation)
        if self._key == ("ctid",) and relation.kind != "table":
            raise UsageError(
                f"{relation.identity} has no key to know its rows by",
                hint="leave out --xray: --as alone shows what the persona gets",
            )
        if wanted is None:
            wanted = [column.name for column in (await find_paths(self._login, relation)).columns]
        self.shown = len(wanted)
        return [*wanted, *(name for name in self._key if name not in wanted)]

    async def seen(
        self, names: Sequence[str], rows: Sequence[Sequence[str | None]]
    ) -> tuple[State, ...]:
        """Tells of each row whether the persona sees it.

        Args:
            names: The columns of the rows.
            rows: The server's own text of each value, not cut.
        """
        from console.access.visibility import xray

        assert self._relation is not None
        places = [names.index(name) for name in self._key]
        keys = [tuple(row[place] or "" for place in places) for row in rows]
        found = await xray(
            self._login, self._acting, self._persona, self._relation, keys, columns=self._key
        )
        self._counts.update(found.states)
        self._denied, self._message = found.denied_columns, found.message or self._message
        self._may_nothing = found.method == "denied"
        return found.states

    async def words(self) -> str:
        """Says how many rows there are for whom, so that empty is not taken for hidden."""
        from console.access.visibility import count_total, count_visible

        assert self._relation is not None
        all_ = await count_total(self._login, self._relation)
        mine = "nothing"
        if not self._may_nothing:
            mine = str(await count_visible(self._acting, self._persona, self._relation))
        who, counts = self._persona.label, self._counts
        lines = [
            f"{counts['visible']:,} visible to {who}, {counts['hidden']:,} hidden;"
            f" in all {who} sees {mine} of {all_}"
        ]
        if counts["error"]:
            lines.append(f"{counts['error']:,} rows can't be read: they end with an error")
        if counts["unknown"]:
            lines.append(f"{counts['unknown']:,} rows are not found out about: it took too long")
        if counts["gone"]:
            lines.append(f"{counts['gone']:,} rows are gone since they were read")
        if self._denied and not self._may_nothing:
            lines.append(f"no SELECT on {', '.join(self._denied)}")
        if self._message:
            lines.append(self._message)
        return "\n".join(lines)


@contextlib.contextmanager
def _as_the_api_says(persona: Persona) -> Iterator[None]:
    """A privilege that is missing is the persona's, not the login's."""
    try:
        yield
    except DatabaseFailed as error:
        if error.sqlstate != "42501":
            raise
        raise DatabaseFailed(
            f"denied to {persona.label}, with an error: {error.message}",
            hint="rowsight access why says what is missing; --columns leaves single columns out",
            sqlstate=error.sqlstate,
            detail=error.detail,
        ) from error


@contextlib.asynccontextmanager
async def eyes(
    options: argparse.Namespace,
) -> AsyncIterator[tuple[Session, Session, Sight | None]]:
    """Opens what `rows` reads with.

    Returns:
        The login's session; the session to read rows on; and with `--xray` what tells whether
        the persona sees them.

    Raises:
        UsageError: `--xray` without `--as`, or more than one.
        ConsoleError: The persona can't be found or stood for.
    """
    if not options.personas:
        if options.xray:
            typed(options)  # says that a persona is missing
        async with session(options, "rows") as login:
            yield login, login, None
        return
    wanted = typed(options)
    async with sides(options, "rows") as (login, acting):
        (persona,) = await resolved(login, wanted)
        if not options.xray:
            acting.persona = persona
            with _as_the_api_says(persona):
                yield login, acting, None
            return
        # While rows are streamed their connection is in use.
        async with login.another("xray") as looking:
            yield login, login, Sight(looking, acting, persona)
