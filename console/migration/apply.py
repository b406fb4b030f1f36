"""Applies the migration: verified or nothing.

Everything happens in one transaction that commits only after what it made has been verified
inside it. Only what would lock a big table for long is left for after the commit; it is
counted as pending until then, and a later apply takes it up where this one was interrupted.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from random import SystemRandom
from typing import TYPE_CHECKING, Any

from console.connection.session import query_text
from console.errors import CannotConnect, CheckFailed, ConsoleError, Refused, TimedOut
from console.migration.blockers import APPLY_LOCK
from console.migration.execute import (
    RETRIED,
    Step,
    StepFailed,
    name_failure,
    run_steps,
    uninterrupted,
)
from console.migration.expected import Expected, load_expected
from console.migration.finish import finish
from console.migration.history import recording, refuse_unless_recordable
from console.migration.model import (
    ApplyOptions,
    ApplyProgress,
    ApplyResult,
    Difference,
    Plan,
    Severity,
    Verification,
)
from console.migration.plan import Conflicted, make_plan, tables_query
from console.migration.record import Record
from console.migration.settle import look_again
from console.migration.snapshot import SEARCH_PATH
from console.migration.verify import verify_in
from console.migration.watch import Watch

if TYPE_CHECKING:
    from psycopg.errors import Diagnostic

    from console.connection.session import Session, Transaction

RETRIES = 5
_BAD = (Severity.CRITICAL, Severity.ERROR)
_STATEMENT_TIMEOUT = 600.0
_WAIT_FOR_OTHERS = 600.0
_POLL = 0.25
_FIRST_PAUSE = 0.1
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
            f"{d.state} {d.kind} {d.identity}" for d in verification.differences if not d.pending
        ]
        more = f" and {len(wrong) - 5} more" if len(wrong) > 5 else ""
        super().__init__(
            f"the result did not verify, so nothing was committed: {', '.join(wrong[:5])}{more}",
            hint="see the detail for what it came to; often another role owns what is in the way",
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
    if session.server is not None and session.server.standby:
        raise Refused(
            "this server is a standby: it replays another server's log and takes no writes",
            hint="connect to the primary",
        )
    options = options or ApplyOptions()
    if options.only is not None:
        options = replace(options, history=False)
    applying = _Applying(session, options, expected or load_expected(), on_progress, confirmed)
    return await applying.run()


@dataclass(frozen=True, slots=True)
class _Entered:
    """What is known once no other apply is at work.

    Attributes:
        pid: Our backend.
        access: What stands where the history is kept, and what we may do there.
        tables: What bears our tables' names.
    """

    pid: int
    access: dict[str, Any]
    tables: dict[str, Any]


class _Busy(Exception):
    """Another apply is at work; ours is this backend."""

    def __init__(self, pid: int) -> None:
        super().__init__()
        self.pid = pid


class _Applying:
    """One apply, from the first look to the commit and what comes after."""

    def __init__(
        self,
        session: Session,
        options: ApplyOptions,
        expected: Expected,
        on_progress: OnProgress | None,
        confirmed: Plan | None,
    ) -> None:
        self.session = session
        self.options = options
        self.expected = expected
        self.on_progress = on_progress
        self.confirmed = confirmed
        self.record = Record(session, expected.path.name, dry_run=options.dry_run)
        self.started = time.perf_counter()
        self.total = 0
        self.retries = 0
        self.notices = 0
        self.executed = 0
        self.later = 0
        self.committing = False

    def tell(self, phase: str, done: int = 0, identity: str = "") -> None:
        if self.on_progress is not None:
            elapsed = time.perf_counter() - self.started
            self.on_progress(
                ApplyProgress(phase, min(done, self.total), self.total, identity, elapsed)
            )

    async def run(self) -> ApplyResult:
        self.tell("verifying")
        try:
            async with Watch(self.session, self.tell) as watch:
                result = await self._retried(watch)
        except BaseException as failure:
            await self.record.fail(failure, committing=self.committing)
            raise
        return await self.record.succeed(result)

    async def _retried(self, watch: Watch) -> ApplyResult:
        """Runs the transaction, again after a lock timeout or a deadlock, and what comes after."""
        while True:
            try:
                result = await self._settled(watch)
                break
            except ConsoleError as failure:
                if failure.sqlstate not in RETRIED:
                    raise
                if self.retries == RETRIES:
                    raise _gave_up(failure, watch) from failure
                self.retries += 1
                blocked = "; ".join(map(str, watch.blockers)) or failure.message
                self.tell("waiting", 0, f"attempt {self.retries + 1}: {blocked}")
                await asyncio.sleep(_RANDOM.uniform(0.5, 1.5) * _FIRST_PAUSE * 2**self.retries)
        if self.options.dry_run or not self.later:
            return result
        self.total = self.later
        executed, verification = await finish(
            self.session, self.options, self.expected, watch, self.tell
        )
        return self._result(
            verification, result.statements_executed + executed, result.history_recorded
        )

    async def _settled(self, watch: Watch) -> ApplyResult:
        """Runs the transaction alone; finds out what became of a commit nobody answered."""
        try:
            while True:
                try:
                    return await self._transaction(watch)
                except _Busy as busy:
                    await self._wait_for_others(watch, busy.pid)
        except CannotConnect as lost:
            if not self.committing:
                lost.hint = "nothing was changed: the server rolls back what was not committed"
                raise
            verification = await look_again(
                self.session, self.expected, lost, self.tell, only=self.options.only
            )
            self.committing = False
        return self._result(verification, self.executed, self.options.history)

    async def _transaction(self, watch: Watch) -> ApplyResult:
        async with self.session.transaction(
            read_only=False,
            search_path=SEARCH_PATH,
            lock_timeout=self.options.lock_timeout,
            statement_timeout=_STATEMENT_TIMEOUT,
            commit=not self.options.dry_run,
        ) as tx:
            tables = await tx.value(*tables_query(self.expected))
            if tables["tables"]:
                # Not yet under the lock: a database that is right is not to be locked at all.
                planned = self._checked(await verify_in(tx, self.expected), tables)
                if not planned.actions:
                    return self._result(planned.verification)
            entered = await self._enter(tx)
            self.tell("verifying")
            verification = await verify_in(tx, self.expected, as_is=True)
            planned = self._checked(verification, entered.tables)
            if not planned.actions:
                return self._result(verification)  # another apply was first
            if self.options.history:
                refuse_unless_recordable(entered.access)
            self.record.intend(planned)
            await self._execute(tx, planned, entered, watch)
            self.tell("checking", self.total)
            later = {(a.kind, a.identity) for a in planned.actions if a.after_commit}
            verification = await verify_in(tx, self.expected, pending=later, as_is=True)
            if wrong := self._wrong(planned.verification, verification):
                raise NotVerified(replace(verification, differences=wrong))
            if not self.options.dry_run:
                self.tell("committing", self.total)
            self.later = len(later)
            self.committing = not self.options.dry_run
        self.committing = False
        return self._result(verification, self.executed, self.options.history)

    def _wrong(self, before: Verification, after: Verification) -> tuple[Difference, ...]:
        """Returns what must not be left: all that is bad, or of a part what it asked for."""
        found = [d for d in after.differences if not d.pending]
        bad = [d for d in found if d.severity in _BAD]
        if (only := self.options.only) is None:
            return tuple(bad)
        known = {(d.kind, d.identity) for d in before.differences} - only
        left = [d for d in found if (d.kind, d.identity) in only and d not in bad]
        return (*(d for d in bad if (d.kind, d.identity) not in known), *left)

    def _checked(self, verification: Verification, tables: Mapping[str, Any]) -> Plan:
        """Makes the plan, and makes sure that it may be carried out."""
        planned = make_plan(self.expected, self.options, verification, tables)
        if planned.conflicts:
            raise Conflicted(planned.conflicts)
        agreed = self.confirmed is None or _statements(planned) == _statements(self.confirmed)
        if planned.actions and not agreed:
            raise Refused(
                "nothing was changed: the database is not as it was when the plan was made",
                hint="look at the plan again",
            )
        assert self.session.server is not None
        if self.session.server.pooled and any(a.after_commit for a in planned.actions):
            raise Refused(
                "big tables need steps after the commit, which a transaction pooler can't hold",
                hint="connect directly, or through the session pooler",
            )
        return planned

    async def _execute(
        self, tx: Transaction, planned: Plan, entered: _Entered, watch: Watch
    ) -> None:
        steps = [Step(a.sql, a) for a in planned.actions if not a.after_commit]
        self.executed = len(steps)
        if self.options.history:
            texts = [self.expected.text(s) for s in self.expected.statements]
            history = recording(entered.access, self.expected.path.name, texts)
            steps += [Step(sql, None, parameters) for sql, parameters in history]
        self.total = len(steps)
        tx.connection.add_notice_handler(self._count_notice)
        try:
            await run_steps(tx, steps, watch, entered.pid)
        except StepFailed as failed:
            raise name_failure(failed, steps, self.session, self.expected) from failed.error
        finally:
            tx.connection.remove_notice_handler(self._count_notice)

    async def _enter(self, tx: Transaction) -> _Entered:
        """Makes sure that no other apply is at work on this database, and looks around.

        Raises:
            _Busy: There is another.
        """
        with self.session.faults():
            (pid, alone, _), (access,), (tables,) = await uninterrupted(
                tx.connection, self._look_around(tx)
            )
        if not alone:
            raise _Busy(pid)
        return _Entered(pid, access, tables)

    async def _look_around(self, tx: Transaction) -> list[tuple[Any, ...]]:
        async with tx.connection.pipeline():
            cursors = [
                await tx.execute(query_text("console.migration", "enter"), [APPLY_LOCK]),
                await tx.execute(query_text("console.migration", "history_access")),
                await tx.execute(*tables_query(self.expected)),
            ]
        return [await cursor.fetchone() or () for cursor in cursors]

    async def _wait_for_others(self, watch: Watch, pid: int) -> None:
        """Waits until the other apply is over.

        Polls instead of queueing, because a lock timeout must not end this wait, and holds no
        transaction open, because building an index waits for all that are older.
        """
        while True:
            await watch.look(pid)
            if time.perf_counter() - self.started > _WAIT_FOR_OTHERS:
                raise TimedOut(
                    "another apply is at work on this database and does not end",
                    hint="; ".join(map(str, watch.blockers)) or "find it in pg_stat_activity",
                )
            await asyncio.sleep(_POLL)
            if await self.session.value(
                "select pg_catalog.pg_try_advisory_xact_lock(%s)", [APPLY_LOCK]
            ):
                return

    def _count_notice(self, _: Diagnostic) -> None:
        self.notices += 1

    def _result(
        self, verification: Verification, executed: int = 0, recorded: bool = False
    ) -> ApplyResult:
        return ApplyResult(
            applied=not self.options.dry_run
            and (self.options.only is not None or not verification.failed()),
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
