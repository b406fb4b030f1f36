"""What apply would do, worked out before anything is done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from console.connection.session import query_text
from console.errors import Refused
from console.migration.conflicts import Surroundings, find_in_the_way, surroundings
from console.migration.expected import Expected, Statement, load_expected
from console.migration.model import (
    Action,
    ApplyOptions,
    Conflict,
    Difference,
    DriftState,
    Key,
    Plan,
    Severity,
    Verdict,
    Verification,
)
from console.migration.phases import lock_of, phased
from console.migration.verify import verify_in

if TYPE_CHECKING:
    from console.connection.session import Session, Transaction

_LOCK_TIMEOUT = 2.0
_STATEMENT_TIMEOUT = 60.0
_LAST = 1_000_000  # after every statement of the file

# The objects without which nothing else of their statement can exist.
_CONTAINERS = ("table", "function", "schema")


class Conflicted(Refused):
    """The database holds what apply would have to lose or guess about.

    Attributes:
        conflicts: All of them.
    """

    code = "conflicts"

    def __init__(self, conflicts: tuple[Conflict, ...]) -> None:
        listed = "; ".join(f"{conflict.identity}: {conflict.reason}" for conflict in conflicts)
        noun = "1 conflict" if len(conflicts) == 1 else f"{len(conflicts)} conflicts"
        super().__init__(
            f"nothing was changed: {noun} ({listed})",
            hint="rowsight migrate plan shows the statements that resolve each",
            detail="\n".join(
                f"{statement};" for conflict in conflicts for statement in conflict.resolve
            ),
        )
        self.conflicts = conflicts


async def plan(
    session: Session, options: ApplyOptions | None = None, expected: Expected | None = None
) -> Plan:
    """Works out what apply would do; reads only, under locks that hold nobody up.

    Raises:
        ConsoleError: The connection is gone, or the server refused.
    """
    expected = expected or load_expected()
    async with session.transaction(
        search_path="", lock_timeout=_LOCK_TIMEOUT, statement_timeout=_STATEMENT_TIMEOUT
    ) as tx:
        return await plan_in(tx, options or ApplyOptions(), expected)


async def plan_in(tx: Transaction, options: ApplyOptions, expected: Expected) -> Plan:
    """Works out the plan in a transaction whose search path is empty."""
    verification = await verify_in(tx, expected)
    found = await tx.value(
        query_text("console.migration", "tables"),
        {
            "schemas": [schema for schema, _ in expected.scope.tables],
            "names": [name for _, name in expected.scope.tables],
        },
    )
    missing_roles = {
        difference.identity
        for difference in verification.differences
        if difference.kind == "role" and difference.state is DriftState.MISSING
    }
    return make_plan(expected, options, verification, surroundings(found, missing_roles))


def make_plan(
    expected: Expected, options: ApplyOptions, verification: Verification, around: Surroundings
) -> Plan:
    """Works out the plan from what is already known; asks nobody."""
    return _Planning(expected, options, verification, around).plan()


class _Planning:
    """One plan in the making."""

    def __init__(
        self,
        expected: Expected,
        options: ApplyOptions,
        verification: Verification,
        around: Surroundings,
    ) -> None:
        self.expected = expected
        self.options = options
        self.verification = verification
        self.around = around
        self.in_the_way = tuple(find_in_the_way(expected, around))
        self.blocked = {found.conflict.identity for found in self.in_the_way}
        self.anchors: dict[Key, int] = {}
        for statement in reversed(expected.statements):
            self.anchors.update(dict.fromkeys(statement.creates, statement.number))

    def plan(self) -> Plan:
        acted: list[Difference] = []
        conflicts: list[Conflict] = []
        if not self.options.set_aside:
            conflicts += [found.conflict for found in self.in_the_way]
        for difference in self.verification.differences:
            if difference.severity not in (Severity.CRITICAL, Severity.ERROR):
                continue
            if difference.table in self.blocked:
                continue  # what hangs on a table that is in the way goes with it
            conflict = self._conflict(difference)
            if conflict is None:
                acted.append(difference)
            else:
                conflicts.append(conflict)
        wrong = {
            key
            for difference in self.verification.differences
            if difference.state is not DriftState.EXTRA
            for key in (difference.covers or ((difference.kind, difference.identity),))
        }
        return Plan(
            actions=tuple(self._actions(acted)),
            skipped=len(self.expected.objects.keys() - wrong),
            conflicts=tuple(conflicts),
            foreign=sum(self.verification.foreign.values()),
            verification=self.verification,
        )

    def _conflict(self, difference: Difference) -> Conflict | None:
        """Says why a difference is nothing that apply may mend by itself."""
        extra = difference.state is DriftState.EXTRA
        if extra and difference.kind == "policy":
            if self.options.replace_policies:
                return None
            reason = (
                "a policy that the migration does not have lets in whom it names; "
                "--replace-policies drops it and keeps its CREATE statement in the journal"
            )
        elif extra and difference.kind in ("rule", "trigger"):
            reason = f"a {difference.kind} that the migration does not have acts on the table"
        elif not difference.mend and not self._statements(difference):
            reason = difference.note or f"no statement mends this {difference.kind}"
        else:
            return None
        return Conflict(difference.identity, reason, fingerprint=None, resolve=difference.mend)

    def _actions(self, acted: list[Difference]) -> Iterator[Action]:
        chosen: dict[int, Statement] = {}
        steps: list[tuple[int, int, Action]] = []
        fresh = self.verification.verdict is Verdict.NOT_APPLIED
        platform = fresh or any(difference.kind == "role" for difference in acted)
        for number, difference in enumerate(sorted(acted, key=lambda item: item.order)):
            statements = self._statements(difference)
            chosen.update({statement.number: statement for statement in statements})
            if not statements:
                anchor = self.anchors.get((difference.kind, difference.identity), _LAST)
                steps += [(anchor, number, action) for action in self._mends(difference)]
        moved = self.blocked if self.options.set_aside else set()
        if not (chosen or steps or moved or fresh):
            return
        for statement in self.expected.statements:
            keys = _primary(statement)
            if (
                fresh
                or statement.seed
                or (platform and not statement.creates)
                or any(self._table(key) in moved for key in keys)
            ):
                chosen[statement.number] = statement
        steps += [(number, -1, self._create(chosen[number])) for number in chosen]
        steps.sort(key=lambda step: step[:2])
        before = max((s.number for s in self.expected.statements if not s.creates), default=0)
        aside = list(self._set_aside()) if moved else []
        yield from (action for anchor, _, action in steps if anchor <= before)
        yield from aside
        for anchor, _, action in steps:
            if anchor > before:
                yield from phased(action)

    def _statements(self, difference: Difference) -> list[Statement]:
        """Returns the file's statements that make what is missing, if they can."""
        if difference.state is not DriftState.MISSING:
            return []
        covered = set(difference.covers) | {(difference.kind, difference.identity)}
        found = [s for s in self.expected.statements if not covered.isdisjoint(_primary(s))]
        makes = {key for statement in found for key in _primary(statement)}
        return (
            found
            if (difference.kind, difference.identity) in makes
            or (difference.kind == "grant" and found)
            else []
        )

    def _table(self, key: Key) -> str | None:
        found = self.expected.objects.get(key)
        return found.table if found else None

    def _create(self, statement: Statement) -> Action:
        keys = _primary(statement)
        kind, identity = next(iter(keys), ("platform", "roles and schema auth"))
        if statement.seed:
            kind = "rows"
        action = Action(
            action="create",
            kind=kind,
            identity=identity,
            sql=self.expected.text(statement),
            line=statement.line,
            offset=statement.start,
        )
        return self._with_lock(action, self._table((kind, identity)) or identity)

    def _mends(self, difference: Difference) -> Iterator[Action]:
        word = "create" if difference.state is DriftState.MISSING else "change"
        if difference.state is DriftState.EXTRA and difference.kind == "policy":
            word = "drop_policy"
        for statement in difference.mend:
            action = Action(word, difference.kind, difference.identity, statement)
            yield self._with_lock(action, difference.table)

    def _set_aside(self) -> Iterator[Action]:
        for found in self.in_the_way:
            for statement in found.set_aside:
                action = Action("set_aside", "table", found.conflict.identity, statement)
                yield self._with_lock(action, action.identity, moved=True)

    def _with_lock(self, action: Action, table: str | None, *, moved: bool = False) -> Action:
        live = self.around.tables.get(table or "")
        lock = lock_of(action.sql)
        if live is None or lock is None or (live.identity in self.blocked and not moved):
            return action
        return replace(action, lock=lock, rows_estimate=live.rows, table_bytes=live.bytes)


def _primary(statement: Statement) -> tuple[Key, ...]:
    """Returns the objects a statement is about: without them the rest of it cannot exist."""
    for kind in _CONTAINERS:
        if found := tuple(key for key in statement.creates if key[0] == kind):
            return found
    return statement.creates
