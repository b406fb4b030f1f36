"""How a persona is named in a file: by name, and by what it does not have by its name alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from console.access.people import resolve
from console.access.persona import Persona
from console.connection.session import Session
from console.errors import UsageError

_TIMES = ("iat", "exp")
"""Claims that are others at every sign-in."""


@dataclass(frozen=True, slots=True)
class Named:
    """A persona by name.

    Attributes:
        name: As on the command line: an e-mail, an id, `anon`, `role:NAME`.
        claims: Merged over the defaults; a JSON object or nothing.
        aal: 1 or 2, or nothing.
    """

    name: str
    claims: str | None = None
    aal: int | None = None

    def __str__(self) -> str:
        level = f" · aal{self.aal}" if self.aal is not None else ""
        return f"{self.name}{level}{' · ' + self.claims if self.claims else ''}"

    async def resolve(self, login: Session) -> Persona:
        """Finds the persona.

        Raises:
            NotFound: There is nobody of that name.
            UsageError: The claims do not parse, or the name fits several people.
        """
        return await resolve(login, self.name, claims=self.claims, aal=self.aal)


async def named_of(login: Session, persona: Persona) -> Named:
    """Returns how a file names a persona.

    Raises:
        NotFound: There is nobody of that name.
        UsageError: Merging can't make these claims: one of them is null.
        ConsoleError: The connection is gone or the server refused.
    """
    named = Named(str(persona.named))
    try:
        usual = await named.resolve(login)
    except UsageError:
        if persona.user_id is None:
            raise
        named = Named(persona.user_id)  # several people have that address
        usual = await named.resolve(login)
    if persona.aal in ("aal1", "aal2") and persona.aal != usual.aal:
        named = replace(named, aal=int(persona.aal[-1]))
        usual = await named.resolve(login)
    mine = _lasting(persona)
    own = _difference(mine, _lasting(usual))
    if not own:
        return named
    named = replace(named, claims=json.dumps(own, sort_keys=True))
    if _difference(mine, _lasting(await named.resolve(login))):
        raise UsageError(
            "these claims can't be told from the usual ones: one of them is null",
            hint="a claim that is null is taken for one that is not there; take it out",
        )
    return named


def _lasting(persona: Persona) -> dict[str, Any]:
    claims = {key: value for key, value in persona.claims.items() if key not in _TIMES}
    ways = claims.get("amr")
    if isinstance(ways, list):
        kept = [
            {k: v for k, v in way.items() if k != "timestamp"} if isinstance(way, dict) else way
            for way in ways
        ]
        claims["amr"] = kept
    return claims


def _difference(mine: Mapping[str, Any], usual: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what to merge over the usual claims to have mine: null takes a claim out."""
    own: dict[str, Any] = {key: None for key in usual if key not in mine}
    for key, value in mine.items():
        before = usual.get(key)
        if isinstance(value, dict) and isinstance(before, dict):
            if within := _difference(value, before):
                own[key] = within
        elif key not in usual or json.dumps(value) != json.dumps(before):  # 1 is not true
            own[key] = value
    return own
