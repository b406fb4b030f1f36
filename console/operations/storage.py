"""What the database keeps: sizes, dead rows, indexes, sequences; what it runs most slowly."""

from __future__ import annotations

from console.operations.asking import Answer, Row, Unanswered
from console.operations.check import (
    Check,
    Limit,
    Thresholds,
    Unit,
    counted,
    duration,
    judged,
    size,
    unavailable,
    written,
)
from console.operations.rights import Offers

DEAD_ROWS_FROM = 1_000
"""Dead rows below which a table's share of them is of no interest."""


def storage_checks(answers: dict[str, Answer], offers: Offers, limits: Thresholds) -> list[Check]:
    """Judges the answers of a survey."""
    missing = Unanswered("pg_stat_statements is not installed")
    jobless = Unanswered("pg_cron is not installed")
    judges = (
        ("database_size", _database_size, answers["database_size"], limits.database_size),
        ("dead_rows", _dead_rows, answers["vacuum"], limits.dead_rows),
        ("invalid_indexes", _invalid_indexes, answers["indexes"], limits.invalid_indexes),
        ("unused_indexes", _unused_indexes, answers["indexes"], limits.unused_indexes),
        ("sequences", _sequences, answers["sequences"], limits.sequences),
        ("statements", _statements, answers.get("statements", missing), limits.statements),
        ("scheduled_jobs", _jobs, answers.get("jobs", jobless), limits.scheduled_jobs),
    )
    return [
        unavailable(name, answer.why, limit)
        if isinstance(answer, Unanswered)
        else judge(answer, limit)
        for name, judge, answer, limit in judges
    ]


def _named(row: Row) -> str:
    return f"{row['schema']}.{row['name']}"


def _database_size(rows: tuple[Row, ...], limit: Limit) -> Check:
    (row,) = rows
    return judged("database_size", limit, float(row["bytes"]), str(row["database"]))


def _dead_rows(rows: tuple[Row, ...], limit: Limit) -> Check:
    many = [row for row in rows if row["dead"] >= DEAD_ROWS_FROM]
    if not many:
        return judged("dead_rows", limit, 0.0, f"no table has {DEAD_ROWS_FROM:,} dead rows")
    worst = max(many, key=lambda row: row["share"])
    since = worst["since_vacuum"]
    ago = "never vacuumed" if since is None else f"last vacuumed {duration(since)} ago"
    detail = f"{worst['dead']:,} in {_named(worst)} beside {worst['live']:,} live ones, {ago}"
    return judged("dead_rows", limit, worst["share"], detail)


def _invalid_indexes(rows: tuple[Row, ...], limit: Limit) -> Check:
    invalid = [row for row in rows if not row["valid"] and not row["building"]]
    building = sum(not row["valid"] and row["building"] for row in rows)
    words = ", ".join(f"{_named(row)} on {row['table_name']}" for row in invalid[:5])
    if building:
        words = f"{words}{'; ' if words else ''}{building:,} being built"
    return judged("invalid_indexes", limit, float(len(invalid)), words or "none")


def _unused_indexes(rows: tuple[Row, ...], limit: Limit) -> Check:
    unused = [row for row in rows if row["valid"] and not row["is_unique"] and not row["scans"]]
    total = float(sum(row["bytes"] for row in unused))
    biggest = ", ".join(f"{_named(row)} {size(row['bytes'])}" for row in unused[:3])
    detail = f"{len(unused):,}, the biggest {biggest}" if unused else "none"
    return judged("unused_indexes", limit, total, detail)


def _sequences(rows: tuple[Row, ...], limit: Limit) -> Check:
    hidden = sum(row["hidden"] for row in rows)
    seen = [row for row in rows if not row["hidden"]]
    unseen = f"{counted(hidden, 'sequence')} hidden from this role" if hidden else ""
    if not seen:
        if hidden:
            return unavailable("sequences", unseen, limit)
        return judged("sequences", limit, 0.0, "none")
    worst = seen[0]
    column = f" of {worst['column_name']}" if worst["column_name"] else ""
    reached = "not used yet" if worst["reached"] is None else f"at {worst['reached']:,}"
    detail = f"{_named(worst)}{column} is {reached} of {worst['last_possible']:,}"
    detail = f"{detail}; {unseen}" if hidden else detail
    return judged("sequences", limit, float(worst["share"] or 0), detail)


def _statements(rows: tuple[Row, ...], limit: Limit) -> Check:
    if not rows:
        return judged("statements", limit, 0.0, "no statement ran ten times yet")
    slowest = rows[0]
    text = " ".join((slowest["statement"] or "").split())[:80]
    share = written(slowest["share"] or 0, Unit.RATIO)
    detail = f"{counted(slowest['calls'], 'call')}, {share} of all time: {text}"
    return judged("statements", limit, float(slowest["mean_seconds"]), detail)


def _jobs(rows: tuple[Row, ...], limit: Limit) -> Check:
    active = [row for row in rows if row["active"]]
    failed = [row for row in active if row["status"] == "failed"]
    detail = counted(len(active), "active job")
    if failed:
        named = "; ".join(f"{row['name']}: {row['message'] or 'failed'}" for row in failed[:3])
        detail = f"{detail}, failed the last time: {named}"
    return judged("scheduled_jobs", limit, float(len(failed)), detail)
