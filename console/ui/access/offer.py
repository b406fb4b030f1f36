"""Whom the picker can offer: read from the configuration, from this machine and from the server."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from console.errors import ConsoleError, Refused
from console.ui.access.choices import Choice, of_chosen, of_lens, of_person, of_role, of_text
from console.ui.connections import PEOPLE, Connections

if TYPE_CHECKING:
    from console.access.chosen import Chosen
    from console.access.persona import Persona

_MOST = 40


@dataclass
class Offer:
    """What can be chosen from.

    Attributes:
        kept: Who is looked as now, who was lately, and presets.
        roles: Those that can be taken.
        people: Who was found by `text`.
        wrong: What is wrong with the presets.
    """

    kept: list[Choice] = field(default_factory=list)
    roles: list[Choice] = field(default_factory=list)
    people: list[Choice] = field(default_factory=list)
    text: str = ""
    wrong: str = ""

    def matching(self, text: str) -> list[Choice]:
        """Returns what fits a text; without one, who is at hand."""
        if not text:
            api = [role for role in self.roles if role.label in ("anon", "service_role")]
            return [*self.kept, *api]
        kept = [c for c in self.kept if c.chosen.preset and c.has(text)]
        roles = [c for c in self.roles if text.casefold() in c.label.casefold()]
        exact = [c for c in roles if c.label.casefold() == text.casefold()]
        # People are who is asked about; a role's whole name means the role.
        return [*kept, *exact, *self.people, *(c for c in roles if c not in exact)]


async def known(connections: Connections, lens: Persona | None) -> Offer:
    """Reads what can be offered before anything is typed.

    Raises:
        ConsoleError: The connection is gone or the server refused.
    """
    from console.access.chosen import recent
    from console.access.presets import load_presets
    from console.access.roles import list_roles
    from console.connection.config import section

    wrong = ""
    presets: tuple[Chosen, ...] = ()
    try:
        presets = load_presets(section("access"))
    except ConsoleError as error:
        wrong = f"{error.message}: {error.hint}"
    session = await connections.open(PEOPLE)
    roles = [of_role(role) for role in await list_roles(session)]
    assert session.server is not None
    kept = [of_lens(lens)] if lens is not None else []
    names = {choice.chosen.name for choice in kept}
    kept += [of_chosen(c) for c in recent(session.server) if c.name not in names]
    kept += map(of_chosen, presets)
    return Offer(kept, roles, wrong=wrong)


async def found(connections: Connections, text: str) -> list[Choice]:
    """Finds people by a text.

    Raises:
        ConsoleError: The connection is gone or the server refused.
    """
    from console.access.people import find_people

    unknown = of_text(text)
    try:
        people = await find_people(await connections.open(PEOPLE), text, limit=_MOST)
    except Refused:
        if unknown is None:
            raise
        people = []
    choices = [of_person(person) for person in people]
    return [unknown] if unknown and not choices else choices


async def persona_of(connections: Connections, choice: Choice, aal: int | None) -> Persona:
    """Makes the persona of a choice.

    Raises:
        NotFound: There is nobody of that name any more.
        ConsoleError: The connection is gone or the server refused.
    """
    from console.access.people import resolve
    from console.access.persona import with_aal

    if choice.persona is not None:
        return choice.persona if aal is None else with_aal(choice.persona, aal)
    session = await connections.open(PEOPLE)
    return await resolve(session, choice.chosen.name, claims=choice.chosen.claims, aal=aal)
