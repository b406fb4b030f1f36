"""Roles that one may stand for."""

from __future__ import annotations

from dataclasses import dataclass

from console.connection.session import Session, query_text

API_ROLES = ("anon", "service_role")
"""Roles of the project's two keys, with nobody behind them."""


@dataclass(frozen=True, slots=True)
class Role:
    """A role, with what matters about it.

    Attributes:
        free: Whether no policy binds it.
    """

    name: str
    free: bool

    @property
    def named(self) -> str:
        """As `--as` takes it."""
        return self.name if self.name in API_ROLES else f"role:{self.name}"


async def list_roles(login: Session) -> list[Role]:
    """Lists the roles that the login may take: the API's first, then by name.

    Raises:
        ConsoleError: The connection is gone or the server refused.
    """
    found = await login.texts(query_text("console.access", "roles"))
    roles = [
        Role(name or "", "true" in (superuser, bypass)) for name, superuser, bypass in found.rows
    ]
    return sorted(roles, key=lambda role: (role.name not in API_ROLES, role.name))
