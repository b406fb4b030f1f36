"""Answers: is this database exactly what the migration says?"""

from __future__ import annotations

import time
from collections.abc import Container
from typing import TYPE_CHECKING

from console.connection.session import Session, query_text
from console.errors import ConsoleError, TimedOut
from console.migration.blockers import Blocker
from console.migration.difference import Drift, find_drifts
from console.migration.expected import Expected, load_expected
from console.migration.mend import Mender
from console.migration.model import Difference, DriftState, Key, Severity, Verdict, Verification
from console.migration.render import sides
from console.migration.severity import judge, rank
from console.migration.snapshot import SEARCH_PATH, Snapshot, read_snapshot

if TYPE_CHECKING:
    from console.connection.session import Transaction

LOCK_TIMEOUT = 2.0
"""Seconds a definition may wait behind somebody's ACCESS EXCLUSIVE lock."""

_PERSON = "6f1c9d52-8a34-4c1e-9b7d-2f50c3a8e419"  # as in queries/ask_auth.sql
_AUTH_ANSWERS = (
    "auth.uid() and auth.role() answer the claims' sub and role, and nothing without claims"
)


async def verify(
    session: Session, expected: Expected | None = None, *, pending: Container[Key] = ()
) -> Verification:
    """Compares a database with what the migration makes, in one read-only transaction.

    Any login role may run it, also through transaction pooling. Nothing is changed.

    Args:
        session: Where to look.
        expected: What to compare with; the shipped migration when None.
        pending: Objects left for after a commit on purpose.

    Raises:
        ConsoleError: The expected catalog does not fit its file, or the server failed;
            TimedOut with SQLSTATE 55P03 names who holds the lock.
    """
    expected = expected or load_expected()
    started = time.perf_counter()
    try:
        async with session.transaction(
            search_path=SEARCH_PATH,
            lock_timeout=LOCK_TIMEOUT,
            statement_timeout=session.profile.statement_timeout,
        ) as tx:
            return await _verify(tx, expected, pending, started)
    except TimedOut as error:
        if error.sqlstate == "55P03":
            await _name_holders(session, expected, error)
        raise


async def verify_in(
    tx: Transaction, expected: Expected, *, pending: Container[Key] = (), as_is: bool = False
) -> Verification:
    """Like verify(), inside a transaction that is open already and stays as it was.

    Args:
        tx: The transaction.
        expected: What to compare with.
        pending: Objects left for after a commit on purpose.
        as_is: The search path is SEARCH_PATH already, and the locks that reading a definition
            takes may stay until the transaction ends: two round trips less.

    Raises:
        ConsoleError: The server failed; the transaction can then only be rolled back.
    """
    started = time.perf_counter()
    if as_is:
        return await _verify(tx, expected, pending, started)
    await tx.connection.execute(
        f"savepoint rowsight_verify; set local search_path = {SEARCH_PATH}; "
        "set local quote_all_identifiers = off".encode()
    )
    verification = await _verify(tx, expected, pending, started)
    await tx.connection.execute(
        b"rollback to savepoint rowsight_verify; release savepoint rowsight_verify"
    )
    return verification


async def _verify(
    tx: Transaction, expected: Expected, pending: Container[Key], started: float
) -> Verification:
    snapshot = await read_snapshot(tx, expected.scope)
    auth = await _ask_auth(tx, snapshot, expected)
    found = [*differences(expected, snapshot, pending=pending), *([auth] if auth else [])]
    found.sort(key=lambda d: (rank(d.severity), d.order, d.kind, d.identity))
    return Verification(
        verdict=_verdict(found, expected, snapshot),
        differences=tuple(found),
        foreign=snapshot.foreign,
        server_version=snapshot.server_version,
        elapsed_ms=(time.perf_counter() - started) * 1000,
    )


def differences(
    expected: Expected, snapshot: Snapshot, *, pending: Container[Key] = ()
) -> list[Difference]:
    """Judges everything in which a snapshot differs from the expected catalog."""
    mender = Mender(expected, snapshot.owner)

    def judged(drift: Drift) -> Difference:
        item = drift.item
        wanted, found = sides(drift, expected)
        mend, note = mender.mend(drift)
        return Difference(
            kind=item.kind,
            identity=item.identity,
            severity=judge(drift, expected, snapshot.objects),
            state=drift.state,
            expected=wanted,
            actual=found,
            mend=mend,
            table=item.table,
            pending=item.key in pending,
            note=note,
            covers=drift.covers,
            order=mender.order(drift),
        )

    return [judged(drift) for drift in find_drifts(expected, snapshot)]


def _verdict(found: list[Difference], expected: Expected, snapshot: Snapshot) -> Verdict:
    tables = [key for key in expected.objects if key[0] == "table"]
    if not any(key in snapshot.objects for key in tables):
        return Verdict.NOT_APPLIED
    if all(d.pending or d.severity is Severity.INFO for d in found):
        return Verdict.IN_SYNC
    return Verdict.DRIFT


async def _ask_auth(tx: Transaction, snapshot: Snapshot, expected: Expected) -> Difference | None:
    """Checks the functions that every policy rests on by what they answer.

    Their bodies differ between Supabase's versions, and are not ours.
    """
    if snapshot.asks_auth is None:
        return _auth_difference(
            Severity.ERROR,
            DriftState.MISSING,
            None,
            mend=tuple(expected.text(s) for s in expected.statements if not s.creates),
        )
    if not snapshot.asks_auth:
        reason = "this role may not call them: their answers were not checked"
        return _auth_difference(Severity.INFO, DriftState.CHANGED, reason)
    try:
        answers = await _answers(tx)
    except ConsoleError as error:
        await tx.connection.execute(b"rollback to savepoint rowsight_claims")
        return _auth_difference(Severity.CRITICAL, DriftState.CHANGED, error.message)
    if answers == [(_PERSON, "authenticated"), (None, None)]:
        return None
    said = "; ".join(
        f"{whose}: {uid or 'nobody'}, {role or 'no role'}"
        for whose, (uid, role) in zip(("with claims", "without claims"), answers, strict=True)
    )
    return _auth_difference(Severity.CRITICAL, DriftState.CHANGED, said)


async def _answers(tx: Transaction) -> list[tuple[str | None, str | None]]:
    cursor = await tx.execute(query_text("console.migration", "ask_auth"))
    answers = []
    more: bool | None = True
    while more:
        if cursor.description is not None and len(cursor.description) == 2:
            answers += await cursor.fetchall()
        more = cursor.nextset()
    return [(row[0], row[1]) for row in answers]


def _auth_difference(
    severity: Severity, state: DriftState, actual: str | None, mend: tuple[str, ...] = ()
) -> Difference:
    return Difference(
        kind="function",
        identity="auth.uid()",
        severity=severity,
        state=state,
        expected=_AUTH_ANSWERS,
        actual=actual,
        mend=mend,
        note="" if mend else "schema auth is not ours to change",
        covers=(("function", "auth.uid()"),),
    )


async def _name_holders(session: Session, expected: Expected, error: TimedOut) -> None:
    """Puts into a lock timeout's hint who holds the lock, asked on a second connection."""
    scope = expected.scope
    async with Session(session.profile, purpose="locks") as second:
        rows = await second.fetch(
            query_text("console.migration", "lock_holders"),
            {
                "schemas": [schema for schema, _ in scope.tables],
                "names": [name for _, name in scope.tables],
            },
        )
    holders = list(dict.fromkeys(f"{Blocker(*row[:6])} holds {row[6]}" for row in rows))
    if holders:
        error.hint = "wait for it or end it: " + "; ".join(holders)
