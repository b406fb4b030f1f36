"""What is there to be asked or run, and as whom this login may do it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql

from console.errors import Refused
from console.operations.asking import SERVICE_ROLE, ask, query

if TYPE_CHECKING:
    from console.connection.session import Session


@dataclass(frozen=True, slots=True)
class Right:
    """Whether a function can be run.

    Attributes:
        function: With its argument types, such as `public.system_healthcheck()`.
        there: Whether the database has it.
        role: Whom to be for it: the login itself for None, or service_role.
        allowed: Whether it can be run, as `role`.
        login: The login role.
    """

    function: str
    there: bool
    allowed: bool
    role: str | None
    login: str

    @property
    def why_not(self) -> str:
        """Why it can't be run; empty where it can."""
        if self.allowed:
            return ""
        if not self.there:
            return f"the database has no function {self.function}"
        return f"{self.login} may not execute {self.function}"

    def refuse(self) -> None:
        """Refuses to go on where it can't be run.

        Raises:
            Refused: With the reason.
        """
        if not self.there:
            raise Refused(self.why_not, hint="rowsight migrate apply brings it")
        if not self.allowed:
            raise Refused(
                self.why_not,
                hint="log in as the tables' owner, or as a role that may become service_role",
            )


@dataclass(frozen=True, slots=True)
class Offers:
    """What this database has beyond a plain server.

    Attributes:
        statements_schema: Where pg_stat_statements is; None where it is not.
        jobs: Whether pg_cron's tables are there.
        rights: By function, as asked for.
    """

    statements_schema: str | None
    jobs: bool
    rights: dict[str, Right]


async def read_offers(session: Session, functions: Sequence[str]) -> Offers:
    """Reads what there is to ask, and which functions this login may run.

    Raises:
        ConsoleError: The connection is gone, or the server refused.
    """
    (here,), found = await ask(
        session, query("offers"), query("rights", names=sql.Literal(list(functions)))
    )
    rights = {}
    for row in found:
        by_role = not row["login_may"] and here["may_serve"]
        rights[row["name"]] = Right(
            function=row["name"],
            there=row["there"],
            allowed=bool(row["service_may"] if by_role else row["login_may"]),
            role=SERVICE_ROLE if by_role else None,
            login=here["login"],
        )
    return Offers(here["statements_schema"], here["jobs"], rights)
