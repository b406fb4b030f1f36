"""The three logs, and how a row of each becomes an entry of one kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from psycopg import sql

from console.connection.session import query_text
from console.errors import UsageError

if TYPE_CHECKING:
    from console.connection.session import Transaction

SOURCES = ("audit_logs", "audit_log", "privacy_transparency_log")
"""The logs by name; all are in schema public."""

DETAIL_LENGTH = 4000
"""Characters of an entry's metadata that are read; the whole is in `history.read_row`."""

TEXT_LENGTH = 1000
"""Characters of an entry's other texts that are read."""

# A column goes by another name in older databases; the first that is there is taken.
_NAMES = {
    "id": ("id",),
    "time": ("timestamp", "ts", "createdAt", "created_at"),
    "user": ("userId", "user_id"),
    "action": ("action",),
    "resource": ("resource",),
    "resource_id": ("resourceId", "resource_id"),
    "detail": ("metadata", "meta"),
}
_NEEDED = ("id", "time", "action")
_NUMBERS = frozenset({"smallint", "integer", "bigint"})

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST = datetime(1, 1, 2, tzinfo=UTC)
LATEST = datetime(9999, 12, 30, tzinfo=UTC)
"""Python's calendar, less a day for time zones. What lies outside counts as undated."""

_TRANSACTION = sql.SQL(
    "((select pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text::bigint)"
    " - (((select pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text::bigint)"
    " - a.xmin::text::bigint) & 4294967295))"
)

EntryKey = tuple[datetime, str, int, str]


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One row of a log.

    Attributes:
        source: The log's name, one of SOURCES.
        time: When, as the log has it: the start of the transaction, unless the writer chose
            another. None where it is null, infinite or outside of the years 1 to 9999.
        user: Whom the entry speaks of, as the id in text; None for jobs.
        detail: The metadata's JSON as the server writes it, at most DETAIL_LENGTH characters.
        transaction: Number of the transaction that last wrote the row, 64 bits.
        serial: The id as a number where it is one, else 0.
    """

    source: str
    id: str
    time: datetime | None
    user: str | None
    action: str | None
    resource: str | None
    resource_id: str | None
    detail: str | None
    transaction: int
    serial: int = 0

    @property
    def key(self) -> EntryKey:
        """Place in the timeline: by time, then by source, then by id; undated ones first."""
        return (self.time or EARLIEST, self.source, self.serial, self.id)


@dataclass(frozen=True, slots=True)
class Source:
    """A log as this database has it and this role may read it.

    Attributes:
        id: Name of the column; `user`, `resource`, `resource_id` and `detail` may be missing.
        id_type: The id's type as SQL writes it.
        user_type: The user column's, or None without one.
        indexed: Whether rows come in order of time from an index. Without, every look
            at the newest rows reads the whole table.
        filtered: Whether row-level security decides which rows this role sees.
        rows_estimate: As of the last analyze; None where there was none.
        problem: Why it can't be read; empty where it can.
    """

    name: str
    id: str = ""
    time: str = ""
    user: str | None = None
    action: str = ""
    resource: str | None = None
    resource_id: str | None = None
    detail: str | None = None
    id_type: str = ""
    user_type: str | None = None
    indexed: bool = False
    filtered: bool = False
    rows_estimate: int | None = None
    problem: str = ""

    @property
    def table(self) -> sql.Identifier:
        """The table, for SQL."""
        return sql.Identifier("public", self.name)

    def column(self, name: str | None) -> sql.Composable:
        """A column of the row `a`, for SQL; null where it is missing."""
        return sql.SQL("null") if name is None else sql.Identifier("a", name)

    def text(self, name: str | None, length: int = TEXT_LENGTH) -> sql.Composable:
        """The beginning of a column's text as an entry holds it, in the order of code points."""
        if name is None:
            return sql.SQL("null::text")
        return sql.SQL('left(a.{}::text, {}) collate "C"').format(
            sql.Identifier(name), sql.Literal(length)
        )

    @property
    def id_order(self) -> sql.Composable:
        """The id, compared as `LogEntry.key` compares it."""
        plain = self.id_type == "uuid" or self.id_type in _NUMBERS
        return self.column(self.id) + sql.SQL("" if plain else ' collate "C"')

    @property
    def dated(self) -> sql.Composable:
        """Whether a row has a time that the timeline can show."""
        return sql.SQL("{} between {} and {}").format(
            self.column(self.time), sql.Literal(EARLIEST), sql.Literal(LATEST)
        )

    def formatted(self, query: str, **more: sql.Composable) -> sql.Composed:
        """Fits a statement of `queries/` to this log."""
        return sql.SQL(query_text("console.logs", query)).format(
            name=sql.Literal(self.name),
            table=self.table,
            id=sql.Identifier(self.id),
            time=sql.Identifier(self.time),
            dated=self.dated,
            transaction=_TRANSACTION,
            user=self.text(self.user),
            action=self.text(self.action),
            resource=self.text(self.resource),
            resource_id=self.text(self.resource_id),
            detail=self.text(self.detail, DETAIL_LENGTH),
            **more,
        )

    def serial(self, id_: str) -> int:
        """Returns an id as a number where it is one, else 0."""
        return int(id_) if self.id_type in _NUMBERS else 0

    def entry(self, row: Sequence[str | None]) -> LogEntry:
        """Makes an entry of a row of `entry.sql`, all in the server's own text."""
        _, id_, microseconds, user, action, resource, resource_id, detail, transaction = row
        assert id_ is not None
        assert transaction is not None
        return LogEntry(
            *(self.name, id_, moment(microseconds), user, action, resource, resource_id, detail),
            transaction=int(transaction),
            serial=self.serial(id_),
        )


def moment(microseconds: str | None) -> datetime | None:
    """Reads a time that the server gave as microseconds since 1970, exact in any time zone."""
    return None if microseconds is None else _EPOCH + timedelta(microseconds=int(microseconds))


def microseconds(time: datetime) -> int:
    """Returns a time as microseconds since 1970."""
    return (time - _EPOCH) // timedelta(microseconds=1)


async def find_sources(tx: Transaction, names: Sequence[str] = SOURCES) -> tuple[Source, ...]:
    """Looks which logs there are; one that can't be read says why in `problem`.

    Args:
        tx: A transaction with the search path '', of whoever is going to read.
        names: Which to look for, of SOURCES.

    Raises:
        UsageError: There is no log of such a name.
    """
    for name in names:
        if name not in SOURCES:
            raise UsageError(f"there is no log {name}", hint=f"the logs are {', '.join(SOURCES)}")
    rows = await tx.fetch(query_text("console.logs", "describe"), {"names": list(names)})
    found = []
    for name, kind, readable, filtered, columns, indexed, rows_estimate in rows:
        chosen = {
            role: next((column for column in candidates if column in columns), None)
            for role, candidates in _NAMES.items()
        }
        if problem := _problem(kind, readable, columns, chosen):
            found.append(Source(name, problem=problem))
            continue
        time = chosen["time"] or ""
        source = Source(
            name,
            **chosen,  # type: ignore[arg-type]
            id_type=columns[chosen["id"]][0],
            user_type=columns[chosen["user"]][0] if chosen["user"] else None,
            indexed=time in indexed,
            filtered=filtered,
            rows_estimate=None if rows_estimate < 0 else rows_estimate,
        )
        found.append(source)
    return tuple(found)


def _problem(
    kind: str | None,
    readable: bool,
    columns: dict[str, tuple[str, bool]],
    chosen: dict[str, str | None],
) -> str:
    missing = [role for role in _NEEDED if chosen[role] is None]
    if kind is None:
        return "the table does not exist"
    if kind not in ("r", "p"):
        return "it is a view, whose rows can't be followed"
    if not readable:
        return "this role may not read it"
    if missing:
        return f"it has no column {' and no column '.join(missing)}"
    if columns[chosen["time"] or ""][0] != "timestamp with time zone":
        return f"its column {chosen['time']} has no time zone"
    return ""


def describe_visibility(sources: Sequence[Source], user: str) -> str:
    """Says which rows one sees, so that an empty log is never misread.

    Args:
        sources: As found for that user.
        user: The login role, or whoever the transaction acts as.
    """
    filtered = [source.name for source in sources if source.filtered]
    if not filtered:
        return "all rows"
    if len(filtered) == sum(not source.problem for source in sources):
        return f"filtered by RLS as {user}"
    return f"{', '.join(filtered)} filtered by RLS as {user}"
