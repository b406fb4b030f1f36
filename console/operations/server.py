"""What the server says about its memory, its log, its replicas and its numbers."""

from __future__ import annotations

from collections.abc import Sequence

from console.operations.asking import Answer, Row, Unanswered
from console.operations.check import (
    Check,
    Limit,
    Status,
    Thresholds,
    counted,
    duration,
    judged,
    size,
    unavailable,
)

_FEW_BLOCKS = 10_000
"""Blocks (80 MB) below which a share of hits says nothing."""
_NO_REPLICAS = "no replicas"


def cache_check(moment: Row, limit: Limit) -> Check:
    """Judges how many blocks were in memory already, since statistics began."""
    hit, read = moment["blocks_hit"], moment["blocks_read"]
    total = hit + read
    if total < _FEW_BLOCKS:
        few = f"only {total:,} blocks were asked for, too few to tell"
        return Check("cache_hit", Status.OK, None, limit.unit, few, str(limit))
    return judged("cache_hit", limit, hit / total, f"{read:,} of {total:,} blocks were read")


def transaction_ids_check(rows: Sequence[Row], limit: Limit) -> Check:
    """Judges the database whose oldest rows have used up most numbers."""
    worst = rows[0]
    kind = "multixacts" if worst["multixacts"] > worst["transactions"] else "transactions"
    detail = (
        f"{worst[kind]:,} {kind} old in {worst['database']}; vacuum begins to freeze at"
        f" {worst['freeze_from']:,}"
    )
    return judged("transaction_ids", limit, worst["share"], detail)


def archiving_check(answer: Answer, limit: Limit) -> Check:
    """Judges the failures since a file of the log was last archived."""
    if isinstance(answer, Unanswered):
        return unavailable("archiving", answer.why, limit)
    (row,) = answer
    if row["mode"] == "off":
        return Check("archiving", Status.OK, None, limit.unit, "switched off", str(limit))
    detail = f"{row['archived']:,} files, the last at {row['last_archived'] or 'no time yet'}"
    if row["failures"]:
        detail += f"; {row['failed_file']} failed at {row['last_failed']}"
    return judged("archiving", limit, row["failures"], detail)


def wal_check(answer: Answer, limit: Limit) -> Check:
    """Judges the log on disk against what checkpoints aim for."""
    if isinstance(answer, Unanswered):
        return unavailable("wal", answer.why, limit)
    (row,) = answer
    detail = (
        f"{size(row['bytes'])} in {row['files']:,} files; max_wal_size {size(row['max_bytes'])}"
    )
    return judged("wal", limit, row["bytes"] / row["max_bytes"], detail)


def replication_checks(replicas: Answer, replay: Answer, limits: Thresholds) -> list[Check]:
    """Judges how far replicas are behind us, or we behind our primary: log, and time."""
    names = (("replication", limits.replication), ("replication_delay", limits.replication_delay))
    if isinstance(replicas, Unanswered) or isinstance(replay, Unanswered):
        why = next(a.why for a in (replicas, replay) if isinstance(a, Unanswered))
        return [unavailable(name, why, limit) for name, limit in names]
    (own,) = replay
    if own["standby"]:
        return _own_delay(own, limits)
    seen = [row for row in replicas if row["state"] is not None]
    if len(seen) < len(replicas):
        why = "pg_stat_replication is hidden from this role; pg_read_all_stats shows it"
        return [unavailable(name, why, limit) for name, limit in names]
    checks = []
    for column, (name, limit) in zip(("bytes", "seconds"), names, strict=True):
        worst = max(seen, key=lambda row: row[column] or 0, default=None)
        value = float(worst[column] or 0) if worst else 0.0
        checks.append(judged(name, limit, value, _replica(worst, len(seen))))
    return checks


def _replica(row: Row | None, number: int) -> str:
    if row is None:
        return _NO_REPLICAS
    named = " ".join(part for part in (row["application"], row["client"]) if part)
    return f"{counted(number, 'replica')}, the slowest {named}: {row['state']}, {row['sync_state']}"


def _own_delay(own: Row, limits: Thresholds) -> list[Check]:
    behind, seconds = float(own["bytes"] or 0), own["seconds"]
    paused = ", replay is paused" if own["paused"] else ""
    if not own["receiving"]:
        why = f"this server receives nothing from its primary{paused}"
        return [
            Check(name, Status.FAIL, value, limit.unit, why, str(limit))
            for name, value, limit in (
                ("replication", behind, limits.replication),
                ("replication_delay", seconds, limits.replication_delay),
            )
        ]
    source = own["sender"] or "its primary"
    time = "" if seconds is None else f" and {duration(seconds)}"
    detail = f"this server replays {source}, {size(behind)}{time} behind{paused}"
    checks = [judged("replication", limits.replication, behind, detail)]
    if seconds is None:
        why = f"{detail}, and has replayed no transaction yet to tell the time by"
        return [*checks, unavailable("replication_delay", why, limits.replication_delay)]
    return [*checks, judged("replication_delay", limits.replication_delay, seconds, detail)]


def slots_check(answer: Answer, limit: Limit) -> Check:
    """Judges the log that the most demanding slot keeps; a lost slot has failed for good."""
    if isinstance(answer, Unanswered):
        return unavailable("slots", answer.why, limit)
    if not answer:
        return judged("slots", limit, 0.0, "no slots")
    worst = answer[0]
    idle = sum(not row["active"] for row in answer)
    detail = f"{counted(len(answer), 'slot')}, {idle:,} inactive; {worst['name']} keeps most"
    check = judged("slots", limit, float(worst["bytes"] or 0), detail)
    lost = [row["name"] for row in answer if row["wal_status"] == "lost"]
    if not lost:
        return check
    why = f"the log is gone that these slots need: {', '.join(lost)}"
    return Check("slots", Status.FAIL, check.value, check.unit, why, check.threshold)
