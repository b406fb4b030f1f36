"""What makes a statement fail, and the privilege that is missing."""

from __future__ import annotations

import re

from psycopg import sql

from console.access.evaluation import Value
from console.access.inquiry import Remedy
from console.connection.session import Transaction, query_text

_PRIVILEGES = {
    "function": "EXECUTE",
    "table": "SELECT",
    "view": "SELECT",
    "sequence": "USAGE",
    "schema": "USAGE",
}
_DENIED = re.compile(r"permission denied for (\w+) (.+)", re.DOTALL)


def in_words(failure: Value) -> str:
    """Says what a failure of a policy means, where the server's words need it."""
    match failure.sqlstate:
        case "42P17":
            return (
                f"{failure.error}: a policy reads a table whose policies read the first one again"
            )
        case "22P02":
            return f"{failure.error}: what is compared is not of the type, as a sub that is no uuid"
    return failure.error


def denied_object(message: str) -> tuple[str, str] | None:
    """Returns the kind and the name of what a privilege is missing on."""
    found = _DENIED.fullmatch(message)
    return (found[1], found[2]) if found and found[1] in _PRIVILEGES else None


async def grants(transaction: Transaction, role: str, message: str) -> tuple[Remedy, ...]:
    """Returns the privilege a failure is about; with SQL where the name stands for one thing."""
    denied = denied_object(message)
    if denied is None:
        return ()
    kind, name = denied
    privilege = _PRIVILEGES[kind]
    parameters = {"kind": kind, "name": name, "role": role}
    found = await transaction.texts(query_text("console.access", "ungranted"), parameters)
    grant = ""
    if len(found.rows) == 1 and found.rows[0][0]:
        on = found.rows[0][0] if kind in ("table", "view") else f"{kind} {found.rows[0][0]}"
        to = sql.Identifier(role).as_string()
        grant = f"grant {privilege.lower()} on {on} to {to};"
    return (Remedy(f"{privilege} on {kind} {name} for {role}", grant),)
