"""Applies the migration: verified or nothing.

Everything happens in one transaction that commits only after what it made has been verified
inside it. Only what would lock a big table for long is left for after the commit; it is
counted as pending until then, and a later apply takes it up where this one was interrupted.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from random import SystemRandom
from typing import TYPE_CHECKING, Any

from console.connection.session import query_text
from console.errors import CannotConnect, CheckFailed, ConsoleError, Refused, TimedOut
from console.journal import Journal
from console.migration.blockers import APPLY_LOCK
from console.migration.execute import RETRIED, Step, StepFailed, name_failure, run_steps
from console.migration.expected import Expected, load_expected
from console.migration.finish import finish
from console.migration.history import read_access, recording, refuse_unless_recordable
from console.migration.model import (
    ApplyOptions,
    ApplyProgress,
    ApplyResult,
    DriftState,
    Plan,
    Severity,
    Verification,
)
from console.migration.plan import Conflicted, plan, plan_in
from console.migration.verify import verify, verify_in
from console.migration.watch import Watch

if TYPE_CHECKING:
    from psycopg.errors import Diagnostic

    from console.connection.session import Session, Transaction

RETRIES = 5
_STATEMENT_TIMEOUT = 600.0
_WAIT_FOR_OTHERS = 600.0
_POLL = 0.25
_SETTLE = 30.0
_RANDOM = SystemRandom()

OnProgress = Callable[[ApplyProgress], None]


class NotVerified(CheckFailed):
    """The statements ran, but what they made is not what the migration says.

    Attributes:
        verification: What was found before everything was rolled back.
    """

    code = "not_verified"

    def __init__(self, verification: Verification) -> None:
        wrong = [
            f"{d.state} {d.kind} {d.identity}"
            for d in verification.differences
            if not d.pending and d.severity in (Severity.CRITICAL, Severity.ERROR)
        ]
        more = f" and {len(wrong) - 5} more" if len(wrong) > 5 else ""
        super().__init__(
            f"the result did not verify, so nothing was committed: {', '.join(wrong[:5])}{more}",
            hint="rowsight migrate verify shows each difference with the SQL that mends it",
            detail="\n".join(wrong),
        )
        self.verification = verification


async def apply(
    session: Session,
    options: ApplyOptions | None = None,
    *,
    on_progress: OnProgress | None = None,
    expected: Expected | None = None,
    confirmed: Plan | None = None,
) -> ApplyResult:
    """Brings a database to what the migration says, or leaves it exactly as it is.

    A database that verifies is not touched: no statement, no lock. Cancelling the task rolls
    back and leaves the session usable.

    Args:
        session: Where to apply; may be read-only by default.
        options: How.
        on_progress: Told while it runs, from the same event loop.
        expected: The migration; the shipped one when None.
        confirmed: The plan a person has said yes to; apply stops if the database no longer
            wants exactly that.

    Raises:
        Conflicted: Nothing was begun; lists every conflict.
        Refused: The database changed since the plan, or the history can't be written.
        MigrationFailed: A statement failed; names its place. Everything was rolled back.
        NotVerified: The result is not what the migration says. Everything was rolled back.
        TimedOut: A lock was not to be had, after several attempts.
        CannotConnect: The connection was lost; says whether it was applied, where that can
            be found out.
        ConsoleError: Anything else the server refused.
    """
    applying = _Applying(
        session, options or ApplyOptions(), expected or load_expected(), on_progress
    )
    return await applying.run(confirmed)


class _Applying:
    """One apply, from the first look to the commit and what comes after."""

    def __init__(
        self,
        session: Session,
        options: ApplyOptions,
        expected: Expected,
        on_progress: OnProgress | None,
    ) -> None:
        self.session = session
        self.options = options
        self.expected = expected
        self.on_progress = on_progress
        self.started = time.perf_counter()
        self.total = 0
        self.retries = 0
        self.notices = 0
        self.committing = False

    def tell(self, phase: str, done: int = 0, identity: str = "") -> None:
        if self.on_progress is not None:
            elapsed = time.perf_counter() - self.started
            self.on_progress(
                ApplyProgress(phase, min(done, self.total), self.total, identity, elapsed)
            )

    async def run(self, confirmed: Plan | None) -> ApplyResult:
        self.tell("verifying")
        planned = confirmed or await plan(self.session, self.options, self.expected)
        if planned.conflicts:
            raise Conflicted(planned.conflicts)
        if not planned.actions:
            return self._result(planned.verification)
        self._refuse_what_a_pooler_cannot(planned)
        journal = Journal()
        action = "migrate apply, dry run" if self.options.dry_run else "migrate apply"
        operation = await asyncio.to_thread(
            journal.intend, action, self.session.profile, **self._facts(planned)
        )
        try:
            async with Watch(self.session, self.tell) as watch:
                result = await self._retried(planned, watch)
        except BaseException as failure:
            outcome, facts = _outcome(failure)
            journal.conclude(operation, outcome, **facts)
            raise
        await asyncio.to_thread(
            journal.conclude,
            operation,
            "rolled back" if self.options.dry_run else "done",
            statements=result.statements_executed,
            retries=result.retries,
        )
        return result

    def _refuse_what_a_pooler_cannot(self, planned: Plan) -> None:
        assert self.session.server is not None
        if self.session.server.pooled and any(a.after_commit for a in planned.actions):
            raise Refused(
                "big tables need steps after the commit, which a transaction pooler can't hold",
                hint="connect directly, or through the session pooler",
            )

    def _facts(self, planned: Plan) -> dict[str, Any]:
        """What goes on record beforehand: what is to be done, and what it replaces."""
        touched = {(action.kind, action.identity) for action in planned.actions}
        replaced = [
            {"kind": d.kind, "identity": d.identity, "was": d.actual}
            for d in planned.verification.differences
            if d.state is not DriftState.MISSING and (d.kind, d.identity) in touched
        ]
        words: dict[str, list[str]] = {}
        for kind, identity in dict.fromkeys((a.action, a.identity) for a in planned.actions):
            words.setdefault(kind, []).append(identity)
        return {
            "migration": self.expected.path.name,
            "statements": len(planned.actions),
            "actions": words,
            "undo": replaced,
        }

    async def _retried(self, planned: Plan, watch: Watch) -> ApplyResult:
        """Runs the transaction, again after a lock timeout or a deadlock."""
        while True:
            try:
                result, current = await self._settled(planned, watch)
                break
            except ConsoleError as failure:
                if failure.sqlstate not in RETRIED:
                    raise
                if self.retries == RETRIES:
                    raise _gave_up(failure, watch) from failure
                self.retries += 1
                blocked = "; ".join(map(str, watch.blockers)) or failure.message
                self.tell("waiting", 0, f"attempt {self.retries + 1}: {blocked}")
                await asyncio.sleep(_RANDOM.uniform(0.1, 0.3) * 2**self.retries)
        if self.options.dry_run or not any(action.after_commit for action in current.actions):
            return result
        self.total = sum(action.after_commit for action in current.actions)
        executed, verification = await finish(
            self.session, self.options, self.expected, watch, self.tell
        )
        return replace(
            self._result(verification, result.statements_executed + executed),
            history_recorded=result.history_recorded,
        )

    async def _settled(self, planned: Plan, watch: Watch) -> tuple[ApplyResult, Plan]:
        """Runs the transaction once; finds out what became of a commit nobody answered."""
        try:
            return await self._transaction(planned, watch)
        except CannotConnect as lost:
            if not self.committing:
                lost.hint = "nothing was changed: the server rolls back what was not committed"
                raise
            verification = await self._look_again(lost)
        if verification.failed():
            raise CannotConnect(
                "the connection was lost at the commit; looked again: it was not applied",
                hint="the database is as it was; apply again when you are ready",
            )
        return self._result(verification, self.total, self.options.history), planned

    async def _transaction(self, planned: Plan, watch: Watch) -> tuple[ApplyResult, Plan]:
        async with self.session.transaction(
            read_only=False,
            search_path="",
            lock_timeout=self.options.lock_timeout,
            statement_timeout=_STATEMENT_TIMEOUT,
            commit=not self.options.dry_run,
        ) as tx:
            pid, access = await self._enter(tx, watch)
            self.tell("verifying")
            current = await plan_in(tx, self.options, self.expected)
            if not current.actions and not current.conflicts:
                return self._result(current.verification), current  # another apply was first
            if _statements(current) != _statements(planned) or current.conflicts:
                raise Refused(
                    "nothing was changed: the database is not as it was when the plan was made",
                    hint="look at the plan again",
                )
            steps = [Step(a.sql, a) for a in current.actions if not a.after_commit]
            executed = len(steps)
            if self.options.history:
                refuse_unless_recordable(access)
                texts = [self.expected.text(s) for s in self.expected.statements]
                record = recording(access, self.expected.path.name, texts)
                steps += [Step(sql, None, parameters) for sql, parameters in record]
            self.total = len(steps)
            tx.connection.add_notice_handler(self._count_notice)
            try:
                await run_steps(tx, steps, watch, pid)
            except StepFailed as failed:
                raise name_failure(failed, steps, self.session, self.expected) from failed.error
            finally:
                tx.connection.remove_notice_handler(self._count_notice)
            self.tell("checking", self.total)
            later = {(a.kind, a.identity) for a in current.actions if a.after_commit}
            verification = await verify_in(tx, self.expected, pending=later)
            if verification.failed():
                raise NotVerified(verification)
            self.tell("committing", self.total)
            self.committing = not self.options.dry_run
        self.committing = False
        return self._result(verification, executed, self.options.history), current

    async def _enter(self, tx: Transaction, watch: Watch) -> tuple[int, dict[str, Any]]:
        """Waits until no other apply is at work on this database.

        Polls instead of queueing, because a lock timeout must not end this wait.

        Returns:
            Our backend's pid, and what read_access() says.
        """
        enter = query_text("console.migration", "enter")
        deadline = time.monotonic() + _WAIT_FOR_OTHERS
        while True:
            async with tx.connection.pipeline():
                entered = await tx.execute(enter, [APPLY_LOCK])
                access = await read_access(tx)
                pid, alone, _ = await entered.fetchone() or (0, False, None)
            if alone:
                return pid, access
            await watch.look(pid)
            if time.monotonic() > deadline:
                raise TimedOut(
                    "another apply is at work on this database and does not end",
                    hint="; ".join(map(str, watch.blockers)) or "find it in pg_stat_activity",
                )
            await asyncio.sleep(_POLL)

    async def _look_again(self, lost: CannotConnect) -> Verification:
        """Connects anew, waits until the lost transaction is over, and verifies."""
        deadline = time.monotonic() + _SETTLE
        while time.monotonic() < deadline:
            self.tell("verifying", 0, "the connection was lost at the commit; looking again")
            try:
                async with self.session.another("apply", read_only=False) as session:
                    async with session.transaction(read_only=False) as tx:
                        over = await tx.value(
                            "select pg_catalog.pg_try_advisory_xact_lock(%s)", [APPLY_LOCK]
                        )
                    if over:
                        return await verify(session, self.expected)
            except CannotConnect:
                pass
            await asyncio.sleep(_POLL * 2)
        raise CannotConnect(
            "the connection was lost at the commit: whether it was applied is unknown",
            hint="rowsight migrate verify tells, as soon as the server answers",
            detail=lost.detail,
        ) from lost

    def _count_notice(self, _: Diagnostic) -> None:
        self.notices += 1

    def _result(
        self, verification: Verification, executed: int = 0, recorded: bool = False
    ) -> ApplyResult:
        return ApplyResult(
            applied=not self.options.dry_run and not verification.failed(),
            statements_executed=executed,
            elapsed_ms=(time.perf_counter() - self.started) * 1000,
            retries=self.retries,
            history_recorded=recorded and not self.options.dry_run,
            verification=verification,
            dry_run=self.options.dry_run,
            notices=self.notices,
            pending=tuple(d for d in verification.differences if d.pending),
        )


def _statements(planned: Plan) -> list[tuple[str, str]]:
    return [(action.identity, action.sql) for action in planned.actions]


def _gave_up(failure: ConsoleError, watch: Watch) -> ConsoleError:
    held = "; ".join(map(str, watch.blockers))
    return TimedOut(
        f"nothing was changed: a lock was not to be had in {RETRIES + 1} attempts"
        + (f", held by {held}" if held else ""),
        hint="wait until it is done, or end that session, and apply again",
        sqlstate=failure.sqlstate,
        detail=failure.detail,
    )


def _outcome(failure: BaseException) -> tuple[str, dict[str, str]]:
    if isinstance(failure, ConsoleError):
        return "failed", {"error": failure.message, "sqlstate": failure.sqlstate or ""}
    if isinstance(failure, asyncio.CancelledError | KeyboardInterrupt):
        return "cancelled", {}
    return "failed", {"error": type(failure).__name__}
