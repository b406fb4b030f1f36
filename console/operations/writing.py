"""What writes: only in write mode, on record before and after, never guessed about."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from psycopg import sql

from console.connection.audit import audited, told
from console.connection.transaction import text_table
from console.errors import CannotConnect, ConsoleError, DatabaseFailed, Refused
from console.journal import Journal, place_of
from console.operations.asking import rows

if TYPE_CHECKING:
    from psycopg.sql import Composable

    from console.connection.session import Session, Transaction
    from console.operations.asking import Row

_PATIENCE = 30.0
_POLL = 0.5


@dataclass(slots=True)
class Record:
    """What the journal will say of an action under way.

    Attributes:
        operation: Its id, the same in the journal and in `audit_logs`.
        outcome: What is written if it ends by itself.
        facts: Written along with the outcome.
        audit: Why it is not in `audit_logs`, where the profile wants it there: empty where it
            is, None where nobody asked.
    """

    journal: Journal
    operation: str
    outcome: str = "done"
    facts: dict[str, Any] = field(default_factory=dict)
    audit: str | None = None

    async def note(self, **facts: object) -> None:
        """Adds facts before the end."""
        await asyncio.to_thread(self.journal.note, self.operation, **facts)


def refuse_read_only(session: Session) -> None:
    """Refuses to act where write mode is off.

    Raises:
        Refused: It is.
    """
    if session.profile.read_only:
        raise Refused("this connection is read-only", hint="switch write mode on first")


def refuse_without_writes(session: Session) -> None:
    """Refuses to write where write mode is off, or the server takes no writes.

    Raises:
        Refused: With the reason.
    """
    refuse_read_only(session)
    if session.server is not None and session.server.standby:
        raise Refused("this server is a standby and takes no writes", hint="connect to the primary")


@contextlib.asynccontextmanager
async def recorded(
    session: Session, action: str, audit: str = "", about: str = "", /, **facts: object
) -> AsyncIterator[Record]:
    """Puts an action on record before it begins, and its outcome after it.

    Args:
        session: Where.
        action: What the journal calls it.
        audit: What `audit_logs` calls it, where the profile wants it there; empty for what
            writes there by itself.
        about: The table it is about, for `audit_logs`.
        **facts: Whatever else belongs on record.

    Raises:
        ConsoleError: The journal can't be written, so nothing is done.
    """
    journal = Journal()
    server = session.server
    if server is not None:
        facts["server"] = place_of(server)
    operation = await asyncio.to_thread(journal.intend, action, session.profile, **facts)
    record = Record(journal, operation)
    try:
        if audit:
            record.audit = await audited(session, f"{audit}.started", about, operation, facts)
        yield record
    except BaseException as failure:
        if record.outcome == "done":
            record.outcome = _outcome(failure)
        if isinstance(failure, ConsoleError):
            record.facts.setdefault("error", failure.message)
            if record.audit:
                failure.detail = f"{failure.detail}\n{told(record.audit)}".lstrip()
        raise
    finally:
        try:
            if record.audit == "":
                ending = f"{audit}.{record.outcome.replace(' ', '_')}"
                known = facts | record.facts
                record.audit = await audited(session, ending, about, operation, known)
            if record.audit:
                record.facts["audit"] = told(record.audit)
        finally:
            # What is done is done: if the journal can't be written to any more, the intent stays
            # unfinished, and is looked into at the next start. Not in a thread, which a second
            # cancellation would leave behind.
            with contextlib.suppress(ConsoleError):
                journal.conclude(operation, record.outcome, **record.facts)


def _outcome(failure: BaseException) -> str:
    if isinstance(failure, asyncio.CancelledError | KeyboardInterrupt):
        return "cancelled"
    return "failed"


class OutcomeUnknown(CannotConnect):
    """The connection was lost at the commit, and what became of it can't be found out now."""

    code = "outcome_unknown"


@dataclass(slots=True)
class Committing:
    """Tells whoever may cancel a write whether its commit is on its way."""

    sent: bool = False


async def write(
    session: Session,
    *statements: Composable,
    role: str | None = None,
    seconds: float = 60.0,
    lock_seconds: float = 1.0,
    committing: Committing | None = None,
) -> tuple[Row, ...]:
    """Runs our own statements in one transaction and commits; the rows of the last one.

    A commit that nobody answered is looked up by the transaction's number: if it was made
    after all, this returns as if nothing had happened, with a session that has lost its
    connection.

    Args:
        session: In write mode.
        *statements: Sent as one message.
        role: To be for them, instead of the login.
        seconds: Each may take.
        lock_seconds: Each may wait for a lock.
        committing: Told when the commit is sent.

    Raises:
        OutcomeUnknown: Whether it was committed can't be found out.
        CannotConnect: The connection is gone, and nothing was written.
        ConsoleError: The server refused; nothing was written.
    """
    state = committing or Committing()
    transaction = None
    found: tuple[Row, ...] = ()
    try:
        async with session.transaction(
            read_only=False,
            statement_timeout=seconds,
            lock_timeout=lock_seconds,
            search_path="",
            commit=True,
        ) as tx:
            found, transaction = await _execute(tx, statements, role)
            state.sent = True
    except CannotConnect as lost:
        state.sent = False
        # Without a number it had not written anything.
        if transaction is None or not await look_up_commit(session, transaction, lost):
            raise
    finally:
        state.sent = False
    return found


async def _execute(
    tx: Transaction, statements: tuple[Composable, ...], role: str | None
) -> tuple[tuple[Row, ...], str | None]:
    # The length of a day must not depend on the session's time zone.
    parts: list[Composable] = [sql.SQL("set local timezone = 'UTC'; set local datestyle = 'ISO'")]
    if role is not None:
        parts.append(sql.SQL("set local role {}").format(sql.Identifier(role)))
    number = sql.SQL("select pg_current_xact_id_if_assigned()::text as transaction")
    cursor = await tx.execute(sql.SQL("; ").join([*parts, *statements, number]))
    tables = [text_table(cursor)]
    while cursor.nextset():
        tables.append(text_table(cursor))
    return rows(tables[-2]), tables[-1].rows[0][0]


async def look_up_commit(session: Session, transaction: str, lost: CannotConnect) -> bool:
    """Finds out whether a transaction was committed whose answer never came.

    Args:
        session: The one whose connection is gone; another is made to the same place.
        transaction: Its number, from `pg_current_xact_id()`.
        lost: How the connection was lost.

    Raises:
        OutcomeUnknown: That can't be found out now.
    """
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        try:
            async with session.another("looking up") as second:
                state = await second.value(
                    "select pg_catalog.pg_xact_status(%s::text::pg_catalog.xid8)", [transaction]
                )
            if state in ("committed", "aborted"):
                return bool(state == "committed")
            if state is None:
                break  # so long ago that the server has forgotten
        except CannotConnect:
            pass
        except DatabaseFailed as refusal:
            # A server that took over has not come to that number yet: it was never committed.
            if refusal.sqlstate == "22023":
                return False
            break
        await asyncio.sleep(_POLL)
    raise OutcomeUnknown(
        "the connection was lost at the commit, and whether it was made is unknown",
        hint=f"select pg_xact_status('{transaction}') tells, as soon as the server answers",
        detail=lost.detail,
    ) from lost
