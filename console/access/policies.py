"""The policies of a database, to choose one from."""

from __future__ import annotations

import json
from dataclasses import dataclass

from console.access.catalog import PLATFORM_SCHEMAS
from console.access.rules import looking
from console.connection.session import Session, query_text


@dataclass(frozen=True, slots=True)
class Listed:
    """A policy where it stands.

    Attributes:
        table: The table's identity.
        command: One of the four, or `all`.
        roles: Whom it is for; `public` is everybody.
        using: Deparsed with qualified names; None where it has none.
        check: Likewise.
        asked: Whether row-level security is on, so that it is asked at all.
    """

    table: str
    name: str
    command: str
    permissive: bool
    roles: tuple[str, ...]
    using: str | None
    check: str | None
    asked: bool

    @property
    def purpose(self) -> str:
        """What it is for: `select to authenticated`, `restrictive all to public`."""
        kind = "" if self.permissive else "restrictive "
        return f"{kind}{self.command} to {', '.join(self.roles)}"


async def list_policies(login: Session) -> list[Listed]:
    """Reads all policies but those of the platform, by table and name.

    Raises:
        ConsoleError: The connection is gone or the server refused.
    """
    async with looking(login) as transaction:
        found = await transaction.texts(
            query_text("console.access", "policies"), {"platform": list(PLATFORM_SCHEMAS)}
        )
    policies = []
    for row in found.rows:
        policy = json.loads(row[0] or "{}")
        policies.append(Listed(**policy | {"roles": tuple(policy["roles"])}))
    return policies
