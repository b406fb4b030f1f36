"""What a policy would let through if it said something else: no DDL, no lock, nothing written."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from psycopg import sql

from console.access.evaluation import evaluate, over
from console.access.expression import sendable
from console.access.impersonation import Impersonation, Preview
from console.access.persona import Persona
from console.access.rules import (
    Command,
    Policy,
    Rules,
    enclosed,
    export_snapshot,
    looking,
    read_rules,
    whole,
)
from console.access.typed import check_typed
from console.access.verdict import Attempt, combined, stages
from console.catalog.relations import Relation
from console.connection.session import Session, TextTable, Transaction
from console.errors import ConsoleError, UsageError

ROWS = 10_000
"""Rows that are tried, in the order of the key."""
_BATCH = 500

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What would change.

    Attributes:
        command: Whose rows are compared: `select` also for a policy for everything.
        before: Rows the persona passes now.
        after: Rows it would pass.
        appear: Keys of rows that would be let through, at most a sample.
        disappear: Keys of rows that would no more.
        appearing: How many there are.
        disappearing: Likewise.
        failing: Rows for which the new expression raises.
        error: What it raises.
        tried: Rows that were looked at.
        complete: Whether that is all there are.
        key: The columns of the keys; `ctid` without a key.
        sql: The statement that would make it so.
        notes: What limits it.
        elapsed: Seconds.
    """

    persona: Persona
    table: str
    policy: str
    command: Command
    before: int
    after: int
    appear: tuple[Key, ...]
    disappear: tuple[Key, ...]
    appearing: int
    disappearing: int
    failing: int
    error: str
    tried: int
    complete: bool
    key: tuple[str, ...]
    sql: str
    notes: tuple[str, ...]
    elapsed: float


OnRows = Callable[[int], None]
"""Told how many rows have been tried."""


async def whatif(
    login: Session,
    preview: Preview,
    persona: Persona,
    relation: Relation,
    policy: str,
    using: str,
    *,
    rows: int = ROWS,
    sample: int = 20,
    on_rows: OnRows | None = None,
) -> WhatIf:
    """Tries another USING expression for a policy, over the rows there are.

    Args:
        login: Reads the rows.
        preview: The connection for the persona's side.
        persona: For whom.
        relation: The table.
        policy: The policy's name; one that does not exist would be a new permissive one, for
            SELECT, to the persona's role.
        using: The expression, as `USING ( … )` would hold it.
        rows: How many rows to try.
        sample: How many keys to return.
        on_rows: Told of progress.

    Raises:
        UsageError: The expression does not parse or does not suit the table.
        Refused: It could do more than answer; or the login may not act as the persona.
        ContainmentBroken: It left the role or the transaction.
        ConsoleError: The connection is gone or the server refused.
    """
    started = time.perf_counter()
    async with looking(login, statement_timeout=30) as transaction:
        rules = await read_rules(transaction, relation.schema, relation.name, persona.role)
        sendable(policy, "the policy's name")
        await check_typed(transaction, rules, using)
        old, proposed, statement = _proposal(rules, policy, using)
        command = Command.SELECT if old.command == "all" else Command(old.command)
        notes = _notes(rules, proposed)
        changed = replace(
            rules,
            policies=(*(p for p in rules.policies if p.name != policy), proposed),
        )
        trial = _Trial(rules, changed, command, sample)
        if rules.binding and rules.usage:
            snapshot = await export_snapshot(transaction)
            async with preview.impersonate(persona, snapshot=snapshot) as acting:
                await trial.run(transaction, acting, using, rows, on_rows)
    return WhatIf(
        persona=persona,
        table=rules.identity,
        policy=policy,
        command=command,
        before=trial.before,
        after=trial.after,
        appear=tuple(trial.appear[:sample]),
        disappear=tuple(trial.disappear[:sample]),
        appearing=len(trial.appear),
        disappearing=len(trial.disappear),
        failing=trial.failing,
        error=trial.error,
        tried=trial.tried,
        complete=trial.tried <= rows and not trial.more,
        key=trial.key,
        sql=statement,
        notes=notes,
        elapsed=time.perf_counter() - started,
    )


def _proposal(rules: Rules, name: str, using: str) -> tuple[Policy, Policy, str]:
    """Returns the policy as it is and as it would be, and the statement between them."""
    named = sql.SQL("{} on {}").format(sql.Identifier(name), rules.table).as_string()
    for policy in rules.policies:
        if policy.name == name:
            if policy.command == "insert":
                raise UsageError(
                    f"{name} is for INSERT, which has no USING",
                    hint="ask why with a row to try instead",
                )
            return policy, replace(policy, using=using), f"alter policy {named} using ({using});"
    new = Policy(name, "select", True, (rules.role,), True, using, None)
    role = sql.Identifier(rules.role).as_string()
    create = f"create policy {named} for select to {role} using ({using});"
    return replace(new, using="false"), new, create


def _notes(rules: Rules, policy: Policy) -> tuple[str, ...]:
    notes = []
    if not rules.binding:
        notes.append(f"no policy binds {rules.role} on {rules.called}: nothing would change")
    elif not policy.applies:
        roles = ", ".join(policy.roles)
        notes.append(f"{policy.name} is for {roles}, not for {rules.role}: nothing would change")
    if rules.login_filtered:
        notes.append("policies bind this login too: rows it may not see are not tried")
    return tuple(notes)


@dataclass
class _Trial:
    """Rows tried with the policies as they are and as they would be."""

    rules: Rules
    changed: Rules
    command: Command
    sample: int
    before: int = 0
    after: int = 0
    tried: int = 0
    failing: int = 0
    error: str = ""
    more: bool = False

    def __post_init__(self) -> None:
        self.appear: list[Key] = []
        self.disappear: list[Key] = []
        self.key = self.rules.key or ("ctid",)

    async def run(
        self,
        transaction: Transaction,
        acting: Impersonation,
        using: str,
        rows: int,
        on_rows: OnRows | None,
    ) -> None:
        await self._check(acting, using)
        keys = [
            sql.SQL("{}.{}").format(self.rules.alias, sql.Identifier(name)) for name in self.key
        ]
        order = sql.SQL(", ").join(
            sql.SQL("{}.{}").format(self.rules.alias, sql.Identifier(name)) for name in self.key
        )
        declare = sql.SQL(
            "declare rowsight_rows no scroll cursor for"
            " select {5}, {1} from {2} as {0} order by {3} limit {4}"
        ).format(
            self.rules.alias,
            sql.SQL(", ").join(keys),
            self.rules.table,
            order,
            sql.Literal(rows + 1),
            whole(self.rules.alias),
        )
        await transaction.execute(declare)
        while True:
            found = await transaction.texts(f"fetch {_BATCH} from rowsight_rows")
            kept = found.rows[: rows - self.tried]
            self.more = self.more or len(kept) < len(found.rows)
            await self._try(acting, kept)
            if on_rows is not None:
                on_rows(self.tried)
            if len(found.rows) < _BATCH or self.more:
                return

    def _condition(self, rules: Rules) -> str:
        rounds = [s for s in stages(Attempt(self.command, returning=False)) if s.filters]
        return " and ".join(f"({combined(rules, stage)})" for stage in rounds)

    async def _check(self, acting: Impersonation, using: str) -> None:
        """Has the server parse the new condition before any row is tried."""
        # IS TRUE takes nothing but a boolean, and WHERE no aggregate, as it is with USING.
        nothing = sql.SQL("select from unnest(array[null::{}]) as {} where {} is true").format(
            self.rules.table, self.rules.alias, enclosed(using)
        )
        found = await acting.attempt(sql.SQL("explain {}").format(nothing))
        if not isinstance(found, TextTable):
            lacking = found.sqlstate == "42501"
            hint = "name columns as they are, the table by its bare name"
            raise UsageError(
                f"the expression does not suit {self.rules.called}: {found.message}",
                hint=f"a policy reads as whoever asks: {self.rules.role} lacks this privilege"
                if lacking
                else hint,
                sqlstate=found.sqlstate,
            )

    async def _try(self, acting: Impersonation, rows: Sequence[tuple[str | None, ...]]) -> None:
        if not rows:
            return
        texts = [row[0] or "" for row in rows]
        now, then = self._condition(self.rules), self._condition(self.changed)
        columns = sql.SQL("{}::boolean, {}::boolean").format(enclosed(now), enclosed(then))
        found = await acting.attempt(sql.SQL("select ") + columns + over(self.rules, *texts))
        flags: Sequence[tuple[str | None, ...]]
        if isinstance(found, TextTable):
            flags = found.rows
        elif found.sqlstate == "57014":
            raise found
        else:
            flags = [await self._alone(acting, text, now, then) for text in texts]
        for row, (was, will) in zip(rows, flags, strict=True):
            key = tuple(str(part) for part in row[1:])
            self.tried += 1
            self.before += was == "t"
            self.after += will == "t"
            self.failing += will == "error"
            if was == "t" and will != "t":
                self.disappear.append(key)
            elif was != "t" and will == "t":
                self.appear.append(key)

    async def _alone(
        self, acting: Impersonation, text: str, now: str, then: str
    ) -> tuple[str | None, str | None]:
        """Tries one row; what was typed is parsed as nobody but the persona."""
        (was,) = await evaluate(acting, self.rules, text, [now])
        condition = sql.SQL("select {}::boolean").format(enclosed(then)) + over(self.rules, text)
        will = await acting.attempt(condition)
        if isinstance(will, TextTable):
            return "t" if was.holds else None, will.rows[0][0]
        self.error = self.error or _words(will)
        return "t" if was.holds else None, "error"


def _words(failure: ConsoleError) -> str:
    return failure.message if failure.sqlstate != "57014" else "it ran longer than allowed"
