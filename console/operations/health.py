"""The server's health: what changes by the second, what changes slowly, the schema's functions."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql

from console.errors import DatabaseFailed, NotFound
from console.operations.activity import (
    Backend,
    Waiter,
    activity_checks,
    connections_check,
    read_backends,
    waiting_tree,
)
from console.operations.asking import Answer, Questions, Row, Unanswered, ask, ask_one, query
from console.operations.check import Check, Status, Thresholds, counted, unavailable
from console.operations.rights import read_offers
from console.operations.server import (
    archiving_check,
    cache_check,
    replication_checks,
    slots_check,
    transaction_ids_check,
    wal_check,
)
from console.operations.storage import storage_checks

if TYPE_CHECKING:
    from console.connection.session import Session
    from console.operations.rights import Right

FUNCTIONS = (
    "system_healthcheck",
    "privacy_guardian_health_check",
    "get_table_sizes",
    "get_index_usage",
)
"""The health functions of the master schema, all without arguments."""

_LIVE = (
    "moment",
    "connections",
    "sessions",
    "waiting",
    "transaction_ids",
    "archiving",
    "wal_files",
    "replicas",
    "replay",
    "slots",
)
_SURVEY = ("sizes", "vacuum", "indexes", "sequences")
_DATABASE_SIZE = sql.SQL(
    "select current_database()::text as database, pg_database_size(current_database()) as bytes"
)
_COUNTERS = (
    *("wal_bytes", "transactions", "blocks_hit"),
    *("blocks_read", "temp_bytes", "deadlocks"),
)
_FUNCTION_SECONDS = 15.0
_FINDINGS = {
    "tables_without_rls": ("table", " without row-level security"),
    "invalid_indexes": ("index", " not valid"),
    "stuck_runs": ("workflow run", " stuck"),
    "retention_overdue": ("retention run", " overdue"),
}
_STATES = {"ok": Status.OK, "warning": Status.WARN, "error": Status.FAIL}


@dataclass(frozen=True, slots=True)
class Pulse:
    """What changes by the second, at one moment.

    Attributes:
        checks: The figures, judged.
        backends: Sessions but ours, the oldest transaction first; at most 1,000.
        roots: Trees of who waits for whom, the one that holds up most first.
        replicas: Who replays our log.
        slots: Replication slots.
        counters: What only grows, such as `wal_bytes`, for rates.
        clock: Seconds since 1970 by the server.
        read_at: The same as the server writes it.
        elapsed: Seconds it took to read.
    """

    checks: tuple[Check, ...]
    backends: tuple[Backend, ...]
    roots: tuple[Waiter, ...]
    replicas: tuple[Row, ...]
    slots: tuple[Row, ...]
    counters: Mapping[str, float]
    clock: float
    read_at: str
    elapsed: float


@dataclass(frozen=True, slots=True)
class Survey:
    """What changes slowly and takes longer to find out.

    Attributes:
        checks: The figures, judged.
        tables: Rows behind them by name: `sizes`, `vacuum`, `indexes`, `sequences`,
            `statements`, `jobs`; without those that are not to be had.
        missing: Why those are not to be had, by name.
        elapsed: Seconds it took.
    """

    checks: tuple[Check, ...]
    tables: Mapping[str, tuple[Row, ...]]
    missing: Mapping[str, str]
    elapsed: float


@dataclass(frozen=True, slots=True)
class FunctionRows:
    """What the schema's health functions returned.

    Attributes:
        checks: One for each function.
        rows: By function; without those that could not be run. `system_healthcheck` is one
            row, its document.
        elapsed: Seconds they took.
    """

    checks: tuple[Check, ...]
    rows: Mapping[str, tuple[Row, ...]]
    elapsed: float


@dataclass(frozen=True, slots=True)
class Health:
    """All of it."""

    pulse: Pulse
    survey: Survey
    functions: FunctionRows

    @property
    def checks(self) -> tuple[Check, ...]:
        """All figures."""
        return self.pulse.checks + self.survey.checks + self.functions.checks

    def failed(self) -> bool:
        """Tells whether a check failed."""
        return any(check.status is Status.FAIL for check in self.checks)


async def check_health(session: Session, limits: Thresholds | None = None) -> Health:
    """Reads everything once.

    Raises:
        CannotConnect: The connection is gone. A figure that is not to be had is no failure.
    """
    return Health(
        await read_pulse(session, limits),
        await read_survey(session, limits),
        await run_functions(session),
    )


async def read_pulse(
    session: Session, limits: Thresholds | None = None, questions: Questions | None = None
) -> Pulse:
    """Reads what changes by the second, in one round trip where every figure is to be had.

    Args:
        session: Where; nothing slow should run on it.
        limits: What the figures are judged by.
        questions: Kept from one pulse to the next by whoever takes many.

    Raises:
        CannotConnect: The connection is gone.
        DatabaseFailed: The server does not even tell its sessions.
    """
    limits = limits or Thresholds()
    started = time.perf_counter()
    answers = await (questions or Questions()).ask(
        session, {name: query(name) for name in _LIVE}, seconds=2.0
    )
    (moment,) = _needed(answers["moment"])
    backends = read_backends(_needed(answers["sessions"]))
    waiting = answers["waiting"]
    roots = () if isinstance(waiting, Unanswered) else waiting_tree(waiting, backends)
    activity = activity_checks(backends, roots, limits)
    if isinstance(waiting, Unanswered):
        activity[-1] = unavailable("blocking", waiting.why, limits.blocking)
    checks = (
        connections_check(_needed(answers["connections"]), limits.connections),
        *activity,
        cache_check(moment, limits.cache_hit),
        _transaction_ids(answers["transaction_ids"], limits),
        archiving_check(answers["archiving"], limits.archiving),
        wal_check(answers["wal_files"], limits.wal),
        *replication_checks(answers["replicas"], answers["replay"], limits),
        slots_check(answers["slots"], limits.slots),
    )
    return Pulse(
        checks,
        backends,
        roots,
        _rows(answers["replicas"]),
        _rows(answers["slots"]),
        {name: float(moment[name] or 0) for name in _COUNTERS},
        moment["clock"],
        moment["read_at"],
        time.perf_counter() - started,
    )


async def find_backend(session: Session, pid: int) -> Backend:
    """Finds a session of the server by its process.

    Raises:
        NotFound: There is none, or it is ours.
        ConsoleError: The connection is gone.
    """
    (rows,) = await ask(session, query("sessions"))
    for backend in read_backends(rows):
        if backend.pid == pid:
            return backend
    raise NotFound(
        f"there is no session {pid}", hint="rowsight health --json lists those there are"
    )


def _needed(answer: Answer) -> tuple[Row, ...]:
    if isinstance(answer, Unanswered):
        raise DatabaseFailed(answer.why, sqlstate=answer.sqlstate)
    return answer


def _rows(answer: Answer) -> tuple[Row, ...]:
    return () if isinstance(answer, Unanswered) else answer


def _transaction_ids(answer: Answer, limits: Thresholds) -> Check:
    if isinstance(answer, Unanswered):
        return unavailable("transaction_ids", answer.why, limits.transaction_ids)
    return transaction_ids_check(answer, limits.transaction_ids)


async def read_survey(
    session: Session, limits: Thresholds | None = None, questions: Questions | None = None
) -> Survey:
    """Reads what changes slowly, in two round trips where every figure is to be had.

    Args:
        session: Where; takes up to some seconds on it.
        limits: What the figures are judged by.
        questions: Kept from one survey to the next by whoever takes many.

    Raises:
        CannotConnect: The connection is gone.
    """
    started = time.perf_counter()
    offers = await read_offers(session, ())
    asked = {name: query(name) for name in _SURVEY} | {"database_size": _DATABASE_SIZE}
    if offers.statements_schema is not None:
        asked["statements"] = query("statements", schema=sql.Identifier(offers.statements_schema))
    if offers.jobs:
        asked["jobs"] = query("jobs")
    answers = await (questions or Questions()).ask(session, asked, seconds=5.0)
    return Survey(
        tuple(storage_checks(answers, offers, limits or Thresholds())),
        {name: found for name, found in answers.items() if not isinstance(found, Unanswered)},
        {name: found.why for name, found in answers.items() if isinstance(found, Unanswered)},
        time.perf_counter() - started,
    )


async def run_functions(session: Session, *, seconds: float = _FUNCTION_SECONDS) -> FunctionRows:
    """Runs the schema's health functions where they exist and are allowed, one by one.

    Args:
        session: Where; they count whole tables, so take one that nothing else waits for.
        seconds: Each may take.

    Raises:
        CannotConnect: The connection is gone.
    """
    started = time.perf_counter()
    names = {name: f"public.{name}()" for name in FUNCTIONS}
    offers = await read_offers(session, list(names.values()))
    checks, rows = [], {}
    for name, signature in names.items():
        answer = await _run(session, name, offers.rights[signature], seconds)
        checks.append(_function_check(name, answer))
        if not isinstance(answer, Unanswered):
            rows[name] = answer
    return FunctionRows(tuple(checks), rows, time.perf_counter() - started)


async def _run(session: Session, name: str, right: Right, seconds: float) -> Answer:
    if not right.allowed:
        return Unanswered(right.why_not)
    call = sql.SQL("select * from public.{}()").format(sql.Identifier(name))
    answer = await ask_one(session, call, seconds=seconds, role=right.role)
    if name == "system_healthcheck" and not isinstance(answer, Unanswered):
        return tuple(row[name] for row in answer)
    return answer


def _function_check(name: str, answer: Answer) -> Check:
    if isinstance(answer, Unanswered):
        return unavailable(name, answer.why)
    check = unavailable(name, "it returned nothing")
    if name != "system_healthcheck":
        return Check(name, Status.OK, float(len(answer)), check.unit, "rows", "")
    if not answer:
        return check
    state = str(answer[0].get("status"))
    wrong = [
        counted(answer[0][key], noun) + rest
        for key, (noun, rest) in _FINDINGS.items()
        if answer[0].get(key)
    ]
    status = _STATES.get(state, Status.WARN)
    return Check(name, status, None, check.unit, ", ".join(wrong) or state, "as the function says")
