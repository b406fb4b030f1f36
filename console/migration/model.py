"""The words of migration: what drifted, what would be done, what was done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Severity(StrEnum):
    """How much a difference matters; see `console.migration.severity`."""

    CRITICAL = "critical"
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class DriftState(StrEnum):
    """How a live object differs from the expected catalog."""

    MISSING = "missing"
    CHANGED = "changed"
    EXTRA = "extra"


Key = tuple[str, str]
"""Kind and identity: what names one object of a catalog."""


_NOT_COMPARED = frozenset({"needs", "columns", "version"})


@dataclass(frozen=True, slots=True)
class CatalogObject:
    """One object of a catalog, described by the attributes that are compared.

    Attributes:
        kind: `table`, `column`, `constraint`, `index`, `policy`, `trigger`, `function`,
            `grant`, `schema`, `extension`, `role`, `rule`, `publication`, …
        identity: The object's name as SQL writes it, quoted where needed; unique per kind.
        table: Identity of the relation it belongs to, or None.
        definition: Attribute name to value, all plain JSON values.
        compared: The attributes that make two objects equal: all but what follows from other
            objects (`needs`: the columns it can't exist without) or is judged on its own
            (`columns`: their order, `version`: of an extension).
    """

    kind: str
    identity: str
    table: str | None
    definition: Mapping[str, object]

    @property
    def key(self) -> Key:
        """What names this object."""
        return self.kind, self.identity

    @property
    def compared(self) -> Mapping[str, object]:  # noqa: D102 - described by the class
        return {k: v for k, v in self.definition.items() if k not in _NOT_COMPARED}


@dataclass(frozen=True, slots=True)
class Difference:
    """One object that is not what the migration says.

    Attributes:
        expected: What the migration says, as readable SQL or `attribute: value` lines;
            None when the object is extra.
        actual: What the database has, in the same form; None when it is missing.
        mend: Statements that mend it, in order; empty where mending is not possible.
        table: Identity of the relation it belongs to, or None.
        pending: Left for after the commit on purpose (a constraint still to be validated,
            an index still to be built concurrently).
        note: One sentence that neither side shows: why there is no mend, what went with it.
        covers: Every object this one difference speaks of, itself first: what cannot exist
            without it (the columns of a missing table, the index of a missing column) and
            the privileges of one grant.
        order: Rank in the order of mending, which differs from the order of severity.
    """

    kind: str
    identity: str
    severity: Severity
    state: DriftState
    expected: str | None
    actual: str | None
    mend: tuple[str, ...]
    table: str | None = None
    pending: bool = False
    note: str = ""
    covers: tuple[Key, ...] = ()
    order: int = 0


class Verdict(StrEnum):
    """The answer to "is this database exactly what the migration says?"."""

    IN_SYNC = "in_sync"
    DRIFT = "drift"
    NOT_APPLIED = "not_applied"


@dataclass(frozen=True, slots=True)
class Verification:
    """The result of one verify.

    Attributes:
        differences: Most severe first, then in order of mending.
        foreign: Objects that are not ours, counted by kind.
        server_version: As the server writes it, such as `18.6`.
        elapsed_ms: Milliseconds the whole verify took.
    """

    verdict: Verdict
    differences: tuple[Difference, ...]
    foreign: Mapping[str, int]
    server_version: str
    elapsed_ms: float

    @property
    def counts(self) -> dict[Severity, int]:
        """Number of differences by severity, every severity present."""
        return {
            severity: sum(d.severity is severity for d in self.differences) for severity in Severity
        }

    def failed(self, *, strict: bool = False) -> bool:
        """Tells whether anything is critical or an error, or with `strict` a warning."""
        bad = {Severity.CRITICAL, Severity.ERROR} | ({Severity.WARNING} if strict else set())
        return any(d.severity in bad and not d.pending for d in self.differences)


@dataclass(frozen=True, slots=True)
class Action:
    """One step of a plan.

    Attributes:
        action: `create`, `change`, `drop_policy` or `set_aside`.
        sql: The statement or statements.
        lock: The strongest lock it takes on an existing table, in SQL's words, or None.
        rows_estimate: The planner's estimate for that table, or None.
        table_bytes: Size of that table with its indexes, or None.
        table: Identity of that table, or None.
        after_commit: Whether it runs by itself after the transaction, because inside it the
            lock would be held too long.
        line: Line of the migration file the statement starts at, or None when the
            statement mends a difference and stands in no file.
        offset: Character offset of the statement in the migration file, or None.
    """

    action: str
    kind: str
    identity: str
    sql: str
    lock: str | None = None
    rows_estimate: int | None = None
    line: int | None = None
    offset: int | None = None
    table_bytes: int | None = None
    table: str | None = None
    after_commit: bool = False


@dataclass(frozen=True, slots=True)
class Conflict:
    """Why the whole apply is refused, and the way out.

    Attributes:
        fingerprint: Name of the known legacy shape, or None.
        resolve: Statements that resolve it without losing a row.
    """

    identity: str
    reason: str
    fingerprint: str | None
    resolve: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TouchedTable:
    """An existing table that apply locks.

    Attributes:
        lock: The strongest lock it takes on it, in SQL's words.
        rows_estimate: The planner's estimate, or None for what holds no rows of its own.
        bytes: Size with its indexes.
    """

    identity: str
    lock: str
    rows_estimate: int | None
    bytes: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What apply would do, before it does anything.

    Attributes:
        actions: In order of execution; empty when nothing is to be done.
        skipped: Number of expected objects that are right already.
        conflicts: Any one of them refuses the whole apply.
        foreign: Number of objects that are not ours and stay untouched.
        verification: The verify the plan was made from.
        touched: Existing tables that are locked, by name.
    """

    actions: tuple[Action, ...]
    skipped: int
    conflicts: tuple[Conflict, ...]
    foreign: int
    verification: Verification
    touched: tuple[TouchedTable, ...] = ()


@dataclass(frozen=True, slots=True)
class ApplyProgress:
    """Told while an apply runs.

    Attributes:
        phase: `verifying`, `waiting`, `executing`, `checking`, `committing`, `finishing`.
        done: Statements executed so far.
        total: Statements in all.
        identity: The object in work, or what is waited for.
        elapsed: Seconds since apply began.
    """

    phase: str
    done: int
    total: int
    identity: str
    elapsed: float


@dataclass(frozen=True, slots=True)
class ApplyResult:
    """What an apply did.

    Attributes:
        applied: Whether the database now verifies (also when nothing was to be done).
        verification: The verify made inside the transaction before it committed.
        pending: Differences left for after the commit and not finished yet.
        notices: How many notices the server sent.
        audit: Why it is not in `audit_logs`; empty where it is, None where nobody asked.
    """

    applied: bool
    statements_executed: int
    elapsed_ms: float
    retries: int
    history_recorded: bool
    verification: Verification
    dry_run: bool = False
    notices: int = 0
    pending: tuple[Difference, ...] = field(default=())
    audit: str | None = None


@dataclass(frozen=True, slots=True)
class ApplyOptions:
    """How to plan and apply.

    Attributes:
        dry_run: Do everything in the transaction, then roll back.
        history: Record the migration as Supabase's CLI does.
        replace_policies: Drop policies on our tables that are not ours.
        set_aside: Rename conflicting tables out of the way.
        lock_timeout: Seconds a statement may wait for a lock.
        only: Mend these differences and leave all others; records no history. None means
            everything that is critical or an error.
    """

    dry_run: bool = False
    history: bool = True
    replace_policies: bool = False
    set_aside: bool = False
    lock_timeout: float = 3.0
    only: frozenset[Key] | None = None
