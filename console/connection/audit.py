"""What this console does, in the database's own log as well: `audit = "database"` in a profile.

The journal on this machine comes first and is never left out. A log that is missing or can't be
written stops nothing: the reason is told along with the result.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from psycopg import sql

from console.connection.profile import Audit
from console.connection.transaction import query_text
from console.errors import CannotConnect, ConsoleError
from console.journal import without_secrets
from console.visible import json_text

if TYPE_CHECKING:
    from console.connection.session import Session

_SECONDS = 5.0
_LOCK_SECONDS = 1.0


async def audited(
    session: Session, action: str, resource: str, operation: str, facts: Mapping[str, object]
) -> str | None:
    """Adds a row to `audit_logs` where the profile asks for it.

    Returns:
        None where it does not; otherwise why there is no row, or '' where there is.
    """
    if session.profile.audit is not Audit.DATABASE:
        return None
    secret = session.profile.password
    shown = without_secrets(facts, (secret.reveal(),) if secret else ())
    try:
        return await write_audit(session, action, resource, operation, shown)
    except ConsoleError as failure:
        return failure.message


async def write_audit(
    session: Session, action: str, resource: str, operation: str, facts: Mapping[str, object]
) -> str:
    """Adds a row to `audit_logs`, as the login or else as service_role.

    Args:
        session: May be read-only by default.
        action: Such as `import.started`.
        resource: What it is about, such as a table's name.
        operation: Its id in the journal.
        facts: Go into `metadata`.

    Returns:
        Why there is no row; empty where there is.

    Raises:
        CannotConnect: The connection is gone.
    """
    row = sql.SQL(query_text("console.connection", "audit")).format(
        action=sql.Literal(action),
        resource=sql.Literal(resource),
        operation=sql.Literal(operation),
        metadata=sql.Literal(json_text({"operation": operation, **facts})),
    )
    rights = query_text("console.connection", "audit_rights")
    return await add_row(session, row, rights)


async def add_row(session: Session, row: sql.Composable, rights: str = "") -> str:
    """Adds one row to a log, in a transaction of its own.

    Args:
        session: May be read-only by default.
        row: The statement.
        rights: Asks whether the log is there, whether the login may write it, and whether
            service_role may in its place; empty to just try.

    Returns:
        Why there is no row; empty where there is.

    Raises:
        CannotConnect: The connection is gone.
    """
    if session.server is not None and session.server.standby:
        return "this server is a standby and takes no writes"
    try:
        async with session.transaction(
            read_only=False,
            statement_timeout=_SECONDS,
            lock_timeout=_LOCK_SECONDS,
            search_path="",
            commit=True,
        ) as tx:
            if rights:
                ((there, login_may, service_may),) = await tx.fetch(rights)
                if not there:
                    return "this database has no such table"
                if service_may and not login_may:
                    await tx.execute("set local role service_role")
            await tx.execute(row)
    except CannotConnect:
        raise
    except ConsoleError as refusal:
        return refusal.message
    return ""


def told(audit: str | None) -> str:
    """Says in words what came of it; nothing where nobody asked for it."""
    if audit is None:
        return ""
    return f"not in audit_logs: {audit}" if audit else "also in audit_logs"
