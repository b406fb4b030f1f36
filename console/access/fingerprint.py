"""What decides about a table in short: equal as long as nobody changed who may do what.

A count only tells what the rows of today show. A CHECK that was loosened shows in none.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass

from console.access.catalog import PLATFORM_SCHEMAS
from console.access.rules import looking
from console.connection.session import Session, query_text

_DIGITS = 12

MEANINGS: Mapping[str, str] = {
    "rls": "Row-level security was switched.",
    "privileges": "What the roles hold on the table, its columns or its schema has changed.",
    "policies": "The policies that apply to the roles, or functions they call, have changed.",
    "definition": "The view's query or its options have changed.",
}
"""By part of a fingerprint: what it means when it is another one."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What decides about one table for a few roles.

    Attributes:
        rls: Row-level security: `off`, `on` or `forced`.
        privileges: Of what the roles hold on the table, its columns and its schema.
        policies: Of those that apply to the roles, and of the functions they call; or `none`.
        definition: Of a view's query and options; empty for a table.
    """

    rls: str
    privileges: str
    policies: str
    definition: str = ""

    @property
    def parts(self) -> Mapping[str, str]:
        """Its parts by name, without those that are empty."""
        return {name: said for name, said in asdict(self).items() if said}


async def read_fingerprints(login: Session, roles: Collection[str]) -> dict[str, Fingerprint]:
    """Reads the fingerprint of every table but the system's and the platform's.

    Args:
        login: Reads as the person at the console.
        roles: Those it is about; what others hold does not count.

    Raises:
        ConsoleError: The connection is gone or the server refused.
    """
    parameters = {"roles": sorted(roles), "platform": list(PLATFORM_SCHEMAS)}
    async with looking(login) as transaction:
        found = await transaction.texts(query_text("console.access", "fingerprints"), parameters)
    return {
        str(identity): _fingerprint(str(rls), json.loads(said or "{}"))
        for identity, rls, said in found.rows
    }


def _fingerprint(rls: str, said: Mapping[str, object]) -> Fingerprint:
    return Fingerprint(
        rls,
        _short(said["privileges"]),
        _short(said["policies"]) if said["policies"] else "none",
        _short(said["definition"]) if said["definition"] else "",
    )


def _short(said: object) -> str:
    text = json.dumps(said, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
