"""Why a persona may or may not do something with one row."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from psycopg import sql

from console.access import folded
from console.access.answer import Decision, Part, Read, Tested
from console.access.before import Before, as_written, look_before
from console.access.doubt import Reason, unanswered
from console.access.entrance import STATEMENT_TIMEOUT
from console.access.evaluation import Unsure, Value, evaluate, joined
from console.access.explanation import Case, Explanation, Key, explain
from console.access.expression import Node, conjuncts, split
from console.access.impersonation import Impersonation, Preview
from console.access.inquiry import Inquiry
from console.access.labels import Labels, shorten
from console.access.obstacles import Obstacle, find_dependents, find_obstacles
from console.access.persona import Persona
from console.access.row import BadDefault, NewRow, changed_row, columns_of, inserted_row, stored_row
from console.access.rules import (
    Command,
    Policy,
    Rules,
    export_snapshot,
    looking,
    parse_key,
    read_rules,
)
from console.access.steps import steps
from console.access.truth import Truth, planned, truth, untold
from console.access.verdict import (
    Attempt,
    Found,
    Outcome,
    Stage,
    denied,
    granted,
    judge,
    missing_privilege,
    stages,
    unknown,
)
from console.catalog.relations import Relation
from console.connection.session import Session, Transaction, query_text
from console.errors import ConsoleError, UsageError


async def why(
    login: Session,
    preview: Preview,
    persona: Persona,
    relation: Relation,
    *,
    command: Command = Command.SELECT,
    key: Mapping[str, str] | None = None,
    row: Mapping[str, Any] | None = None,
    changes: Mapping[str, Any] | None = None,
    reads: bool = True,
    returning: bool = True,
) -> Decision:
    """Says whether a persona may do something with a row, and why.

    Nothing is written: a write is judged by evaluating what the server would evaluate.

    Args:
        login: The person's own session; reads what governs the table, and the row.
        preview: The connection for the persona's side.
        persona: Who.
        relation: Which table.
        command: What is to be done.
        key: Which row, column to value; for all but an INSERT.
        row: For an INSERT, the row to try, column to JSON value.
        changes: For an UPDATE, what to change.
        reads: Whether an UPDATE or DELETE has a WHERE; with none, and no RETURNING, the
            policies for SELECT are not asked.
        returning: Whether a write gives the row back.

    Raises:
        NotFound: The table, a column or the row does not exist.
        UsageError: Key, row or changes do not fit the table or the command.
        Refused: The login may not act as the persona.
        ContainmentBroken: A policy left the role or the transaction.
        ConsoleError: The connection is gone or the server refused.
    """
    started = time.perf_counter()
    insert = command is Command.INSERT
    if insert is not (row is not None) or insert is (key is not None):
        raise UsageError(
            "an insert takes a row, every other command the key of one",
            hint="give --row for insert, --key for the others",
        )
    given = row if insert else changes if command is Command.UPDATE else None
    attempt = Attempt(command, tuple(given or ()), reads, returning)
    async with looking(login) as transaction:
        rules = await read_rules(transaction, relation.schema, relation.name, persona.role)
        condition = parse_key(rules, key) if key is not None else sql.SQL("")
        old = None if insert else await stored_row(transaction, rules, condition)
        snapshot = await export_snapshot(transaction)
        async with preview.impersonate(persona, snapshot=snapshot) as acting:
            case = _Asked(transaction, acting, rules, attempt, condition, key or {}, old)
            decision = await case.decide(given or {})
    return replace(decision, elapsed=time.perf_counter() - started)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question with both sides open in one snapshot."""

    transaction: Transaction
    acting: Impersonation
    rules: Rules
    attempt: Attempt
    condition: sql.Composable
    key: Mapping[str, str]
    old: str | None

    async def decide(self, given: Mapping[str, Any]) -> Decision:
        rules, attempt = self.rules, self.attempt
        before = await look_before(self.transaction, rules, attempt)
        new = await self._new(given, before)
        unsure = new.unsure if new is not None else {}
        rows = {name: text for name, text in (("old", self.old), ("new", new and new.text)) if text}
        tests = self._tests()
        nodes = {key: split(expression) for key, (_, expression) in tests.items()}
        asks = rules.binding and rules.usage
        parts = {
            row: await self._parts(row, text, nodes, unsure) if asks else {}
            for row, text in rows.items()
        }
        values = {key: parts[key[2]][node.text] for key, node in nodes.items() if asks}
        plan = await planned(self.acting, rules, attempt, self.key)
        bad = new.refusal if plan is None and new is not None else None
        refusal = bad.failure if bad is not None else plan
        outcome, weighed = self._outcome(nodes, parts, plan, bad, before), parts
        if outcome.doubt is not None and outcome.doubt.reason is Reason.ORDER:
            weighed = {
                row: await folded.settled(self.acting, rules, text, parts[row])
                for row, text in rows.items()
            }
            outcome = self._outcome(nodes, weighed, plan, bad, before)
        told = await truth(
            self.transaction, self.acting, rules, attempt, self.key, rows, refusal, before, unsure
        )
        if not outcome.certain and told.how == "read" and told.allowed is False:
            prefer: Literal["hidden", "denied"] = "denied" if told.error else "hidden"
            outcome = self._outcome(nodes, weighed, plan, bad, before, prefer)
            outcome = replace(outcome, doubt=None) if outcome.allowed is False else outcome
        if outcome.doubt is not None and outcome.doubt.reason is Reason.SESSION_USER:
            told = untold(told.how, outcome.doubt)  # it was not read by the API's login
        if rules.kind in "vm" or outcome.cause == "unknown":
            outcome = _as_told(outcome, told, attempt)
        if told.doubt is not None and outcome.certain:
            outcome = unknown(told.doubt)  # without the server's word nothing is certain
        told = told.compared(outcome.allowed)
        notes = self._notes(values, new, before, outcome)
        labels = Labels(self.transaction, self.acting.persona)
        inquiries = {
            row: Inquiry(
                self.transaction,
                self.acting,
                self.acting.persona,
                rules,
                labels,
                text,
                self.condition.as_string() if row == "old" else "",
            )
            for row, text in rows.items()
        }
        row_id = await self._id()
        case = Case(attempt, outcome, rules, inquiries, values, nodes, parts, plan, row_id, bad)
        explanation = await explain(case)
        obstacles: tuple[Obstacle, ...] = ()
        if outcome.allowed and new is not None and new.text != self.old:
            obstacles = await find_obstacles(inquiries["new"], new, inquiries.get("old"))
        elif outcome.allowed and attempt.command is Command.DELETE and self.old is not None:
            obstacles = await find_dependents(inquiries["old"], self.old)
        return Decision(
            persona=self.acting.persona,
            table=rules.identity,
            label=await self._label(labels, row_id),
            command=attempt.command,
            allowed=outcome.allowed,
            effect=outcome.effect,
            doubt=outcome.doubt or next((o.doubt for o in obstacles if o.doubt), None),
            sentence=_whole(explanation.sentence, obstacles, told, outcome),
            steps=steps(rules, attempt, outcome),
            policies=tuple(self._tested(tests, nodes, parts, explanation)) if asks else (),
            ground_truth=told,
            remedies=explanation.remedies,
            obstacles=obstacles,
            history=explanation.history + tuple(e for o in obstacles for e in o.history),
            reads=await self._reads(),
            notes=notes,
            elapsed=0.0,
        )

    async def _new(self, given: Mapping[str, Any], before: Before) -> NewRow | None:
        if self.attempt.command is Command.INSERT:
            acting = self.acting if self.rules.usage else None
            new = await inserted_row(acting, self.rules, given)
        elif self.attempt.command is Command.UPDATE:
            new = await changed_row(self.acting, self.rules, self.old or "", given)
        else:
            return None
        return as_written(self.rules, new, before)

    def _tests(self) -> dict[Key, tuple[Policy, str]]:
        """Every policy to evaluate: also those for other roles, which explain by contrast."""
        found: dict[Key, tuple[Policy, str]] = {}
        for stage in stages(self.attempt):
            for policy in self.rules.serving(stage.command, all_roles=True):
                expression = policy.expression(stage.clause)
                if expression is not None:
                    found[policy.name, stage.clause, stage.row] = (policy, expression)
        return found

    async def _parts(
        self, row: str, text: str, nodes: Mapping[Key, Node], unsure: Unsure
    ) -> dict[str, Value]:
        wanted = [
            part.text for key, node in nodes.items() if key[2] == row for _, part in node.walk()
        ]
        unique = list(dict.fromkeys(wanted))
        mine = unsure if row == "new" else {}
        values = await evaluate(self.acting, self.rules, text, unique, mine)
        return dict(zip(unique, values, strict=True))

    def _outcome(
        self,
        nodes: Mapping[Key, Node],
        parts: Mapping[str, Mapping[str, Value]],
        plan: ConsoleError | None,
        bad: BadDefault | None,
        before: Before,
        prefer: Literal["hidden", "denied"] | None = None,
    ) -> Outcome:
        rules, attempt = self.rules, self.attempt
        if not rules.usage:
            return denied("schema")
        missing = missing_privilege(rules, attempt, self.key)
        if missing:
            return denied("privilege", privilege=missing)
        if plan is not None:
            doubt = unanswered(plan, STATEMENT_TIMEOUT)
            return unknown(doubt) if doubt is not None else denied("plan")
        if bad is not None:
            return denied("default")
        if before.elsewhere is not None:
            return unknown(before.elsewhere)
        if not rules.binding:
            return unknown(before.opaque) if before.opaque else granted(attempt, "free")

        def evaluated(policy: Policy, stage: Stage) -> Found:
            node = nodes[policy.name, stage.clause, stage.row]
            values = parts[stage.row]
            each = [(folded.open_(values[n.text]), wanted) for n, wanted in conjuncts(node)]
            return Found(
                folded.open_(values[node.text]),
                tuple(v if wanted else joined("not", [v]) for v, wanted in each),
            )

        outcome = judge(rules, attempt, evaluated, prefer=prefer)
        reached = outcome.stage is None or not outcome.stage.filters
        return unknown(before.opaque) if before.opaque and reached else outcome

    def _notes(
        self,
        values: Mapping[Key, Value],
        new: NewRow | None,
        before: Before,
        outcome: Outcome,
    ) -> tuple[str, ...]:
        rules, notes = self.rules, []
        if outcome.doubt is not None:
            notes.append(outcome.doubt.words)
        if rules.login_filtered:
            notes.append("policies bind this login too: it may not see every row it reads for this")
        if new is not None:
            only_then = [n for n, d in new.unsure.items() if d.reason is not Reason.TRIGGER]
            if only_then:
                notes.append(f"not known before it is written: {', '.join(only_then)}")
        for trigger in before.triggers:
            if trigger.changes and outcome.effect != "hidden":
                names = ", ".join(sorted(trigger.changes))
                notes.append(
                    f'trigger "{trigger.name}" sets {names} before the row is checked;'
                    " if that fails, so does the command"
                )
        generated = [field.name for field in rules.fields if field.generated]
        notes += [
            f'trigger "{trigger.name}" fires besides, and may still refuse it'
            for trigger in rules.besides
            if outcome.allowed
            and trigger.fires(self.attempt.command, self.attempt.columns, generated)
        ]
        notes += [
            f'policy "{policy}" can\'t be evaluated from here: {value.error}'
            for (policy, _, _), value in values.items()
            if value.unknown
        ]
        if rules.kind == "v" and not rules.invoker_view:
            notes.append(f"the view reads its tables as its owner, {rules.owner}")
        return tuple(dict.fromkeys(notes))

    async def _id(self) -> str:
        """The row's key as logs name it."""
        key = self.rules.key
        if self.old is None or len(key) != 1:
            return ""
        return columns_of(self.rules, self.old).get(key[0]) or ""

    async def _label(self, labels: Labels, row_id: str) -> str:
        """What people call the row, where it is called anything."""
        if not row_id:
            return ""
        found = await labels.of(self.rules, self.rules.key[0], [row_id])
        return found[row_id] if found[row_id] != shorten(row_id) else ""

    async def _reads(self) -> tuple[Read, ...]:
        parameters = {"role": self.rules.role, "relation": self.rules.identity}
        found = await self.transaction.texts(query_text("console.access", "reads"), parameters)
        return tuple(
            Read("table" if kind == "table" else "function", name or "", standing or "")
            for kind, name, standing in found.rows
        )

    def _tested(
        self,
        tests: Mapping[Key, tuple[Policy, str]],
        nodes: Mapping[Key, Node],
        parts: Mapping[str, Mapping[str, Value]],
        explanation: Explanation,
    ) -> Sequence[Tested]:
        found = []
        for key, (policy, expression) in tests.items():
            _, clause, row = key
            shown = tuple(
                Part(
                    part.text,
                    part.kind,
                    depth,
                    parts[row][part.text].state,
                    parts[row][part.text].error,
                    explanation.notes.get((row, part.text), ""),
                )
                for depth, part in nodes[key].walk()
            )
            found.append(
                Tested(
                    policy.name,
                    policy.command,
                    policy.kind,
                    policy.roles,
                    policy.applies,
                    clause,
                    row,
                    expression,
                    shown[0].value,
                    shown[0].error,
                    shown,
                )
            )
        return sorted(found, key=lambda test: not test.applies)


def _as_told(outcome: Outcome, told: Truth, attempt: Attempt) -> Outcome:
    """Takes the server's word where the policies can't be evaluated from here."""
    if outcome.cause in ("schema", "privilege", "plan", "default"):
        return outcome
    if told.allowed is None:
        return outcome
    if told.allowed:
        return granted(attempt, "told")
    return Outcome(False, "hidden" if not told.error else "denied", "told", words=told.error)


def _whole(sentence: str, obstacles: Sequence[Obstacle], told: Truth, outcome: Outcome) -> str:
    if obstacles:
        sentence += f"; but {'; and '.join(obstacle.words for obstacle in obstacles)}"
    if told.agrees is False:
        sentence += "; the server itself says otherwise"
    if outcome.doubt is not None and outcome.allowed is False:
        sentence += f"; or it fails with an error: {outcome.doubt.words}"
    return sentence
