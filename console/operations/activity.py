"""Who is connected, what runs for how long, and who waits for whom."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from console.operations.asking import Row
from console.operations.check import Check, Limit, Status, Thresholds, counted, judged

_SHOWN = 80
"""Characters of a statement within a sentence."""


@dataclass(frozen=True, slots=True)
class Backend:
    """A session of the server as it is right now.

    Attributes:
        pid: Its process; 0 for a prepared transaction, which has none.
        started: When it began, in the server's text; tells apart two with the same pid.
        database: None for one that replicates.
        user: Its login.
        application: What it calls itself.
        client: Its address; None on a socket, or where this role may not see it.
        kind: Such as `client backend`; None where hidden.
        state: Such as `active` or `idle in transaction`; None where hidden.
        waits_for: The kind of event it waits for, such as `Lock`.
        waits_at: The event.
        transaction_seconds: Since its transaction began; None without one.
        query_seconds: Since its last statement began.
        state_seconds: Since its state changed.
        statement: The beginning of its last statement, at most 500 characters, as the server
            has it: control characters and all.
    """

    pid: int
    started: str | None = None
    database: str | None = None
    user: str | None = None
    application: str = ""
    client: str | None = None
    kind: str | None = None
    state: str | None = None
    waits_for: str | None = None
    waits_at: str | None = None
    transaction_seconds: float | None = None
    query_seconds: float | None = None
    state_seconds: float | None = None
    statement: str | None = None

    @property
    def hidden(self) -> bool:
        """Whether this role may not see what the session does."""
        return self.kind is None and self.database is not None

    @property
    def is_client(self) -> bool:
        """Whether a person or a program is behind it, as far as can be seen."""
        return self.kind == "client backend"

    def __str__(self) -> str:
        if self.pid == 0:
            return "a prepared transaction (see pg_prepared_xacts)"
        words = [f"pid {self.pid}", self.user, self.application, self.state]
        words.append(" ".join((self.statement or "").split())[:_SHOWN])
        return " · ".join(word for word in words if word)


@dataclass(frozen=True, slots=True)
class Waiter:
    """A session in the tree of those that wait; a root waits for nobody.

    Attributes:
        backend: The session.
        blockers: The pids that keep it waiting, its parent's among them.
        lock: What it waits for, such as `ShareLock on transactionid`; empty for a root.
        seconds: How long it has waited.
        held_up: Those that wait for it, the one that has waited longest first.
    """

    backend: Backend
    blockers: tuple[int, ...] = ()
    lock: str = ""
    seconds: float = 0.0
    held_up: tuple[Waiter, ...] = ()

    @property
    def count(self) -> int:
        """How many sessions wait for it, directly or not."""
        return sum(1 + waiter.count for waiter in self.held_up)

    def everybody(self) -> Iterable[Waiter]:
        """Goes through the tree, from the root down."""
        yield self
        for waiter in self.held_up:
            yield from waiter.everybody()


def read_backends(rows: Sequence[Row]) -> tuple[Backend, ...]:
    """Reads the rows of `sessions.sql`."""
    return tuple(Backend(**{**row, "application": row["application"] or ""}) for row in rows)


def waiting_tree(rows: Sequence[Row], backends: Iterable[Backend]) -> tuple[Waiter, ...]:
    """Makes trees of the rows of `waiting.sql`: who is at the root of it all comes first.

    A session that several keep waiting hangs below the one that itself waits deepest, so that
    a queue reads as a chain. In a circle, which the server is about to break, one of them
    counts as the root.
    """
    known = {backend.pid: backend for backend in backends}
    blockers: dict[int, list[int]] = {}
    locks: dict[int, Row] = {}
    for row in rows:
        blockers.setdefault(row["pid"], []).append(row["blocker"])
        locks[row["pid"]] = row
    depths = _depths(blockers)
    below: dict[int, list[int]] = {}
    roots = sorted({pid for pids in blockers.values() for pid in pids} - blockers.keys())
    for pid in sorted(blockers):
        parents = [parent for parent in blockers[pid] if depths[parent] < depths[pid]]
        if parents:
            below.setdefault(max(parents, key=lambda one: depths[one]), []).append(pid)
        else:
            roots.append(pid)

    def tree(pid: int) -> Waiter:
        lock = locks.get(pid, {})
        held_up = tuple(
            sorted((tree(one) for one in below.get(pid, ())), key=lambda one: -one.seconds)
        )
        return Waiter(
            backend=known.get(pid, Backend(pid)),
            blockers=tuple(sorted(blockers.get(pid, ()))),
            lock=_lock(lock) if lock else "",
            seconds=float(lock.get("seconds") or 0),
            held_up=held_up,
        )

    return tuple(sorted(map(tree, roots), key=lambda root: -root.count))


def _depths(blockers: Mapping[int, Sequence[int]]) -> dict[int, int]:
    """How many stand in a row before each, at most; a circle is cut where it was entered."""
    depths: dict[int, int] = {}

    def depth(pid: int, above: tuple[int, ...]) -> int:
        if pid not in depths:
            before = [one for one in blockers.get(pid, ()) if one not in above]
            depths[pid] = max((depth(one, (*above, pid)) + 1 for one in before), default=0)
        return depths[pid]

    for pid in sorted(blockers):
        depth(pid, (pid,))
    return depths


def _lock(row: Row) -> str:
    return f"{row['mode']} on {row['relation'] or row['kind']}"


def activity_checks(
    backends: Sequence[Backend], roots: Sequence[Waiter], limits: Thresholds
) -> list[Check]:
    """Judges how long sessions idle in transactions, work and wait."""
    clients = [backend for backend in backends if backend.is_client]
    hidden = sum(backend.hidden for backend in backends)
    idle = [b for b in clients if (b.state or "").startswith("idle in transaction")]
    active = [b for b in clients if b.state == "active"]
    return [
        _longest("idle_in_transaction", limits.idle_in_transaction, idle, _in_state, hidden),
        _longest("longest_transaction", limits.longest_transaction, clients, _in_tx, hidden),
        _longest("longest_query", limits.longest_query, active, _in_query, hidden),
        _blocking(limits.blocking, roots),
    ]


def _in_state(backend: Backend) -> float | None:
    return backend.state_seconds


def _in_tx(backend: Backend) -> float | None:
    return backend.transaction_seconds


def _in_query(backend: Backend) -> float | None:
    return backend.query_seconds


def _longest(
    name: str,
    limit: Limit,
    backends: Iterable[Backend],
    seconds: Callable[[Backend], float | None],
    hidden: int,
) -> Check:
    spans = [(span, backend) for backend in backends if (span := seconds(backend)) is not None]
    longest, backend = max(spans, key=lambda one: one[0], default=(0.0, None))
    check = judged(name, limit, max(longest, 0.0), str(backend) if backend else "none")
    if not hidden:
        return check
    unseen = f"{counted(hidden, 'session')} hidden from this role; pg_read_all_stats shows all"
    if check.status is Status.OK:
        # What is not seen may be worse than what is.
        return Check(name, Status.UNAVAILABLE, None, limit.unit, unseen, str(limit))
    return Check(
        name, check.status, check.value, limit.unit, f"{check.detail}; {unseen}", str(limit)
    )


def _blocking(limit: Limit, roots: Sequence[Waiter]) -> Check:
    if not roots:
        return judged("blocking", limit, 0.0, "nobody waits for a lock")
    longest = max(waiter.seconds for root in roots for waiter in root.everybody())
    first = roots[0]
    number = sum(root.count for root in roots)
    waits = "1 session waits" if number == 1 else f"{number:,} sessions wait"
    detail = f"{waits}; at the root of {first.count:,}: {first.backend}"
    return judged("blocking", limit, longest, detail)


def connections_check(rows: Sequence[Row], limit: Limit) -> Check:
    """Judges the connections there are by what limits them most."""
    total = sum(row["sessions"] for row in rows)
    one = rows[0]  # our own connection is always there
    shares = [("the server", total, one["server_limit"])]
    shares += [
        (whose, sum(row[counted] for row in rows), one[limited])
        for whose, counted, limited in (
            ("the database", "of_database", "database_limit"),
            ("this role", "of_role", "role_limit"),
        )
        if one[limited] >= 0
    ]
    whose, used, most = max(shares, key=lambda share: share[1] / max(share[2], 1))
    states = ", ".join(f"{row['sessions']:,} {row['state']}" for row in rows)
    detail = f"{used:,} of {most:,} that {whose} may have: {states}"
    return judged("connections", limit, used / max(most, 1), detail)
