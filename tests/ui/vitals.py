"""Hand-made health for pictures: the same at every look."""

from __future__ import annotations

from dataclasses import replace

from console.operations.activity import (
    Backend,
    Waiter,
    activity_checks,
    connections_check,
)
from console.operations.check import Check, Status, Thresholds, Unit, judged, unavailable
from console.operations.health import FunctionRows, Pulse, Survey
from console.operations.monitor import Monitor, Sample
from console.ui.health.vitals import Vitals

LIMITS = Thresholds()
MB = 2**20


def backend(pid: int, state: str, seconds: float, statement: str, user: str = "app") -> Backend:
    return Backend(
        pid=pid,
        started="2026-11-28 10:00:00+00",
        database="clinic",
        user=user,
        application="worker",
        kind="client backend",
        state=state,
        transaction_seconds=None if state == "idle" else seconds,
        query_seconds=seconds,
        state_seconds=seconds,
        statement=statement,
    )


HOLDER = backend(4711, "idle in transaction", 754, "update invoices set paid = true where id = 7")
SECOND = backend(4720, "active", 42, "update invoices set total = 0 where id = 7", "billing")
THIRD = backend(4731, "active", 40, "alter table invoices add column note text", "migrator")
CALM = tuple(backend(4800 + n, "idle", 3 * n, "select 1") for n in range(1, 9))
TREE = Waiter(
    HOLDER,
    held_up=(
        Waiter(
            SECOND,
            (4711,),
            "ShareLock on transactionid",
            42,
            held_up=(Waiter(THIRD, (4720,), "AccessExclusiveLock on public.invoices", 40),),
        ),
    ),
)
CONNECTIONS = {
    **dict.fromkeys(("of_database", "of_role"), 0),
    "server_limit": 97,
    "database_limit": -1,
    "role_limit": -1,
}


def _ok(name: str, value: float, detail: str) -> Check:
    return judged(name, LIMITS.limit(name), value, detail)


def pulse(*, trouble: bool) -> Pulse:
    backends = (HOLDER, SECOND, THIRD, *CALM) if trouble else CALM
    roots = (TREE,) if trouble else ()
    rows = [{"state": "idle", "sessions": 80 if trouble else 8, **CONNECTIONS}]
    checks = (
        connections_check(rows, LIMITS.connections),
        *activity_checks(backends, roots, LIMITS),
        _ok("cache_hit", 0.87 if trouble else 0.998, "12,000 of 92,307 blocks were read"),
        _ok("transaction_ids", 0.04, "83,000,000 transactions old in clinic"),
        Check(
            "archiving", Status.OK, None, Unit.COUNT, "switched off", "warn from 1, fail from 10"
        ),
        _ok("wal", 0.3, "307 MB in 19 files; max_wal_size 1 GB"),
        _ok("replication", 12 * MB, "1 replica, the slowest west: streaming, async"),
        _ok("replication_delay", 1.4, "1 replica, the slowest west: streaming, async"),
        _ok("slots", 0, "no slots"),
    )
    return Pulse(checks, backends, roots, (), (), {}, 0.0, "2026-11-28 12:00:00+00", 0.004)


def survey() -> Survey:
    checks = (
        _ok("database_size", 1322 * MB, "clinic"),
        _ok("dead_rows", 0.31, "310,000 in public.events beside 690,000 live ones"),
        _ok("unused_indexes", 12 * MB, "3, the biggest public.idx_old 8 MB"),
        _ok("invalid_indexes", 0, "none"),
        _ok("sequences", 0.22, "public.orders_id_seq of orders.id is at 472,000,000"),
        unavailable("statements", "pg_stat_statements is not installed", LIMITS.statements),
        unavailable("scheduled_jobs", "pg_cron is not installed", LIMITS.scheduled_jobs),
    )
    sizes = tuple(
        {
            "schema": "public",
            "name": name,
            "rows_estimate": rows,
            "table_bytes": size,
            "index_bytes": size // 3,
            "total_bytes": size + size // 3,
        }
        for name, rows, size in (
            ("events", 10_000_000, 780 * MB),
            ("audit_logs", 1_200_000, 150 * MB),
            ("workflows", 90_000, 31 * MB),
            ("users", 3_000, MB),
        )
    )
    return Survey(checks, {"sizes": sizes}, {}, 0.1)


def functions() -> FunctionRows:
    checks = (
        Check("system_healthcheck", Status.OK, None, Unit.COUNT, "ok", "as the function says"),
        unavailable(
            "privacy_guardian_health_check",
            "ada may not execute public.privacy_guardian_health_check()",
        ),
        Check("get_table_sizes", Status.OK, 31.0, Unit.COUNT, "rows", ""),
        Check("get_index_usage", Status.OK, 81.0, Unit.COUNT, "rows", ""),
    )
    return FunctionRows(checks, {}, 0.1)


def vitals(*, trouble: bool) -> Vitals:
    taken = pulse(trouble=trouble)
    monitor = Monitor()
    monitor.pulse = taken
    last = {check.name: check.value for check in taken.checks if check.value is not None}
    for step in range(1, 25):
        values = {name: value * step / 24 for name, value in last.items()}
        values |= {
            "active": float(step % 5),
            "waiting": 2.0 * (trouble and step > 12),
            "transactions_per_second": 40.0 + 11 * (step % 7),
            "wal_bytes_per_second": 3000.0 * (step % 4),
            "cache_hit": 0.99 - 0.01 * (step % 3),
        }
        monitor.samples.append(Sample(float(step), values))
    made = Vitals(monitor, taken, survey(), functions(), "12:00:00", "11:59:30", "11:58:00")
    if trouble:
        return made
    healthy = tuple(
        check
        if check.status is not Status.WARN
        else replace(check, status=Status.OK, value=0.01, detail="no table has many dead rows")
        for check in made.survey.checks  # type: ignore[union-attr]
    )
    return replace(made, survey=replace(made.survey, checks=healthy))  # type: ignore[type-var]
