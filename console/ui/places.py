"""Where a pane can send a person: what `Pane.Visit` carries and `Pane.open` is given."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from console.access.persona import Persona
    from console.access.rules import Command


class TablePlace(NamedTuple):
    """A table in the first tab.

    Attributes:
        identity: As `Relation.identity` and `tables --json` write it.
        where: Which rows, in the language of the filter bar; empty for all.
    """

    identity: str
    where: str = ""


class WhyPlace(NamedTuple):
    """The question why somebody can or can't do something to one row.

    Attributes:
        identity: The table.
        key: Columns and values, as the server's own text, that name one row.
        persona: Who; None for the lens.
        command: What is tried; None for SELECT.
    """

    identity: str
    key: tuple[tuple[str, str], ...]
    persona: Persona | None = None
    command: Command | None = None


class PersonPlace(NamedTuple):
    """Somebody in the access pane.

    Attributes:
        who: An e-mail or a user's id, as `--as` takes it.
    """

    who: str


Place = TablePlace | WhyPlace | PersonPlace
