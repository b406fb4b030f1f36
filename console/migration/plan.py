"""What apply would do, worked out before anything is done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from console.connection.session import query_text
from console.errors import Refused
from console.migration.conflicts import find_in_the_way, surroundings
from console.migration.expected import Expected, Statement, load_expected
from console.migration.mend import Mend, Mender
from console.migration.model import (
    Action,
    ApplyOptions,
    Conflict,
    Difference,
    DriftState,
    Plan,
    Severity,
    TouchedTable,
    Verdict,
    Verification,
)
from console.migration.phases import STRENGTH, is_big, lock_of, lock_of_referenced, phased
from console.migration.snapshot import SEARCH_PATH
from console.migration.verify import LOCK_TIMEOUT, verify_in
from console.visible import visible

if TYPE_CHECKING:
    from console.connection.session import Session

_STATEMENT_TIMEOUT = 60.0


class Conflicted(Refused):
    """The database holds what apply would have to drop, or could only guess about.

    Attributes:
        conflicts: All of them.
    """

    code = "conflicts"

    def __init__(self, conflicts: tuple[Conflict, ...]) -> None:
        names = ", ".join(conflict.identity for conflict in conflicts[:3])
        more = f" and {len(conflicts) - 3} more" if len(conflicts) > 3 else ""
        lines = []
        for conflict in conflicts:
            shape = f" ({conflict.fingerprint})" if conflict.fingerprint else ""
            # On one line, whatever the name holds: the rest of a comment would be run if pasted.
            lines.append(visible(f"-- {conflict.identity}{shape}: {conflict.reason}"))
            lines += [f"{statement};" for statement in conflict.resolve]
        super().__init__(
            f"nothing was changed: {len(conflicts)} in the way of the migration: {names}{more}",
            hint="run what resolves them, or give --set-aside for tables and"
            " --replace-policies for policies; rowsight migrate plan shows it all",
            detail="\n".join(lines),
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
        search_path=SEARCH_PATH, lock_timeout=LOCK_TIMEOUT, statement_timeout=_STATEMENT_TIMEOUT
    ) as tx:
        tables = await tx.value(*tables_query(expected))
        verification = await verify_in(tx, expected, as_is=True)
    return make_plan(expected, options or ApplyOptions(), verification, tables)


def tables_query(expected: Expected) -> tuple[str, Mapping[str, Any]]:
    """Returns the query, with its parameters, for what bears our tables' names."""
    tables = expected.scope.tables
    return query_text("console.migration", "tables"), {
        "schemas": [schema for schema, _ in tables],
        "names": [name for _, name in tables],
    }


def make_plan(
    expected: Expected,
    options: ApplyOptions,
    verification: Verification,
    tables: Mapping[str, Any],
) -> Plan:
    """Works out the plan from what is already known; asks nobody.

    Args:
        expected: What is to be made.
        options: How.
        verification: What verify found.
        tables: What tables_query() answered in the same transaction.
    """
    return _Planning(expected, options, verification, tables).plan()


class _Planning:
    """One plan in the making."""

    def __init__(
        self,
        expected: Expected,
        options: ApplyOptions,
        verification: Verification,
        tables: Mapping[str, Any],
    ) -> None:
        self.expected = expected
        self.options = options
        self.verification = verification
        self.around = surroundings(
            tables,
            missing_roles={
                difference.identity
                for difference in verification.differences
                if difference.kind == "role" and difference.state is DriftState.MISSING
            },
        )
        self.in_the_way = tuple(find_in_the_way(expected, self.around, verification.differences))
        self.blocked = {found.conflict.identity for found in self.in_the_way}
        self.moved = self.blocked if options.set_aside else set()
        self.fresh = (
            options.only is None
            and verification.verdict is Verdict.NOT_APPLIED
            and not self.moved
            and all(item.state is DriftState.MISSING for item in self._bad())
        )
        self.mender = Mender(expected, owner=None)
        self.statements = {expected.text(s): s for s in reversed(expected.statements)}

    def plan(self) -> Plan:
        acted: list[Difference] = []
        conflicts: list[Conflict] = []
        if not self.options.set_aside:
            asked = {difference.table or difference.identity for difference in self._bad()}
            conflicts += [
                found.conflict
                for found in self.in_the_way
                if self.options.only is None or found.conflict.identity in asked
            ]
        for difference in self._bad():
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
            for key in difference.covers
        }
        actions = tuple(self._actions(acted))
        return Plan(
            actions=actions,
            skipped=len(self.expected.objects.keys() - wrong),
            conflicts=tuple(conflicts),
            foreign=sum(self.verification.foreign.values()),
            verification=self.verification,
            touched=tuple(self._touched(actions)),
        )

    def _touched(self, actions: Iterable[Action]) -> Iterator[TouchedTable]:
        locks: dict[str, str] = {}
        for action in actions:
            taken = [(action.table, action.lock)] if action.table and action.lock else []
            if action.kind in ("table", "constraint"):
                taken += lock_of_referenced(action.sql)
            for table, lock in taken:
                locks[table] = max(lock, locks.get(table, lock), key=STRENGTH.index)
        for table, lock in sorted(locks.items()):
            live = self.around.tables.get(table)
            if live is not None:
                yield TouchedTable(table, lock, live.rows, live.bytes)

    def _bad(self) -> Iterator[Difference]:
        """Yields what apply acts on; warnings are left alone unless they are asked for."""
        only = self.options.only
        for difference in self.verification.differences:
            if only is not None:
                if (difference.kind, difference.identity) in only:
                    yield difference
            elif difference.severity in (Severity.CRITICAL, Severity.ERROR):
                yield difference

    def _conflict(self, difference: Difference) -> Conflict | None:
        """Says why a difference is nothing that apply may mend by itself."""
        extra = difference.state is DriftState.EXTRA and self.options.only is None
        if extra and difference.kind == "policy":
            if self.options.replace_policies:
                return None
            reason = (
                "a policy that the migration does not have lets in whom it names;"
                " --replace-policies drops it and keeps its CREATE statement in the journal"
            )
        elif extra and difference.kind in ("rule", "trigger"):
            reason = f"a {difference.kind} that the migration does not have acts on the table"
        elif not difference.mend and not self.fresh:
            reason = difference.note or f"no statement mends this {difference.kind}"
        else:
            return None
        return Conflict(difference.identity, reason, fingerprint=None, resolve=difference.mend)

    def _actions(self, acted: list[Difference]) -> Iterator[Action]:
        if self.fresh:
            steps = [(0, self._create(statement)) for statement in self.expected.statements]
        else:
            steps = [step for difference in acted for step in self._mending(difference)]
        steps += self._making_anew()
        if not steps and not self.moved:
            return
        yield from self._set_aside()
        steps.sort(key=lambda step: step[0])
        for _, action in steps:
            yield from phased(action)
        done = {action.offset for _, action in steps}
        for statement in self.expected.statements:
            if statement.seed and self.options.only is None and statement.start not in done:
                yield self._create(statement)

    def _create(self, statement: Statement) -> Action:
        kind, identity = next(iter(statement.creates), ("platform", "roles and schema auth"))
        for key in statement.creates:
            if key[0] in ("table", "function"):
                kind, identity = key
                break
        found = self.expected.objects.get((kind, identity))
        return self._action(
            "create",
            "rows" if statement.seed else kind,
            identity,
            self.expected.text(statement),
            found.table if found else None,
        )

    def _mending(self, difference: Difference) -> Iterator[tuple[int, Action]]:
        """Yields what mends a difference, each with its rank in the order of mending."""
        word = "create" if difference.state is DriftState.MISSING else "change"
        if difference.state is DriftState.EXTRA and difference.kind == "policy":
            word = "drop_policy"
        rebuilt = (Mend(difference.order, difference, sql) for sql in self._rebuilt(difference))
        yield from self._acting(word, [*rebuilt] or self.mender.steps(difference))

    def _acting(self, word: str, mends: Iterable[Mend]) -> Iterator[tuple[int, Action]]:
        for rank, of, statement in mends:
            yield rank, self._action(word, of.kind, of.identity, statement, of.table)

    def _making_anew(self) -> Iterator[tuple[int, Action]]:
        """Yields what makes a table, and what hangs on it, after the old one was set aside."""
        items = (
            item
            for item in self.expected.objects.values()
            if item.table in self.moved and item.kind not in ("column", "constraint")
        )
        yield from self._acting("create", self.mender.make(items))

    def _rebuilt(self, difference: Difference) -> tuple[str, ...]:
        """On a big table an invalid index is made anew, which can be done concurrently."""
        live = self.around.tables.get(difference.table or "")
        key = (difference.kind, difference.identity)
        if (
            difference.mend != (f"reindex index {difference.identity}",)
            or live is None
            or not is_big(live.rows)
        ):
            return ()
        made = (self.expected.text(statement) for statement in self.expected.statements_for(key))
        return (f"drop index {difference.identity}", *made)

    def _set_aside(self) -> Iterator[Action]:
        for found in self.in_the_way if self.moved else ():
            identity = found.conflict.identity
            for statement in found.set_aside:
                yield self._action("set_aside", "table", identity, statement, identity)

    def _action(self, word: str, kind: str, identity: str, sql: str, table: str | None) -> Action:
        action = Action(word, kind, identity, sql)
        if statement := self.statements.get(sql):
            action = replace(action, line=statement.line, offset=statement.start)
        live = self.around.tables.get(table or "")
        made_anew = table in self.moved and word != "set_aside"
        if live is None or made_anew or (lock := lock_of(sql)) is None:
            return action
        return replace(
            action, lock=lock, rows_estimate=live.rows, table_bytes=live.bytes, table=table
        )
