"""A decision in one sentence that somebody can act on, and the least that would change it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from psycopg import sql

from console.access import trail
from console.access.cause import behind, blamed, find_cause
from console.access.claims import unasked_claims
from console.access.evaluation import Value
from console.access.expression import Node
from console.access.failing import denied_object, grants, in_words
from console.access.inquiry import Cause, Inquiry, Remedy, plain
from console.access.labels import excerpt
from console.access.row import BadDefault
from console.access.rules import Command, Policy, Rules
from console.access.truth import VIOLATION
from console.access.verdict import Attempt, Outcome, Stage, deciding, stages
from console.errors import ConsoleError
from console.tokens import called, scan

_MOST_CAUSES = 8
_DOES = {
    Command.SELECT: "see",
    Command.INSERT: "insert",
    Command.UPDATE: "update",
    Command.DELETE: "delete",
}

Key = tuple[str, str, str]
"""A policy's name, the clause and the row it was evaluated over."""


@dataclass(frozen=True, slots=True)
class Case:
    """A decision before it is put into words.

    Attributes:
        inquiries: By row, `old` and `new`.
        values: Of each policy's expression.
        nodes: Each expression split into its parts.
        parts: Values of all parts, by row and text.
        plan: The server's refusal of the statement as a whole, or None.
        row_id: The row's key as the logs name it, or empty.
        bad_default: A default that fails, where that decides.
    """

    attempt: Attempt
    outcome: Outcome
    rules: Rules
    inquiries: Mapping[str, Inquiry]
    values: Mapping[Key, Value]
    nodes: Mapping[Key, Node]
    parts: Mapping[str, Mapping[str, Value]]
    plan: ConsoleError | None = None
    row_id: str = ""
    bad_default: BadDefault | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a decision means.

    Attributes:
        sentence: What happens and why.
        remedies: The changes that would do, the smallest first.
        history: What logs tell, the newest first.
        notes: By row and part: why it is not true.
    """

    sentence: str
    remedies: tuple[Remedy, ...] = ()
    history: tuple[trail.Entry, ...] = ()
    notes: Mapping[tuple[str, str], str] = field(default_factory=dict)


async def explain(case: Case) -> Explanation:
    """Puts a decision into words.

    Raises:
        ContainmentBroken: Something that was evaluated left the role or the transaction.
    """
    rules, outcome = case.rules, case.outcome
    some = next(iter(case.inquiries.values()), None)
    who = some.persona.label if some else rules.role
    history: tuple[trail.Entry, ...] = ()
    if some is not None and case.row_id:
        history = await trail.of_row(some.transaction, rules.name, case.row_id)
    match outcome.cause:
        case "schema":
            found = _schema(rules, who)
        case "privilege":
            found = _privilege(case, who)
        case "free":
            found = Explanation(f"{_granted(case, who)}: {_freedom(rules)}")
        case "no policy":
            found = _no_policy(case, who)
        case "unknown":
            verb = _DOES[case.attempt.command]
            words = outcome.doubt.words if outcome.doubt else ""
            found = Explanation(f"it can't be told whether {who} may {verb} it: {words}")
        case "default" if case.bad_default is not None:
            found = _bad_default(case.bad_default, rules, who)
        case "error" | "plan":
            found = await _error(case, who)
        case "told":
            end = _granted(case, who) if outcome.allowed else _ending(case, who)
            found = Explanation(f"{end}: so the server itself says")
        case _ if outcome.allowed:
            found = _by_policy(case, who)
        case _:
            found = await _by_policies(case, who)
    if outcome.allowed is False and some is not None and rules.usage:
        found = await _with_claims(found, some)
    told = tuple(dict.fromkeys((*found.history, *history)))
    return replace(found, history=told)


async def _with_claims(found: Explanation, inquiry: Inquiry) -> Explanation:
    remark = await unasked_claims(inquiry)
    return replace(found, sentence=f"{found.sentence}. {remark}") if remark else found


def _schema(rules: Rules, who: str) -> Explanation:
    grant = sql.SQL("grant usage on schema {} to {};").format(
        sql.Identifier(rules.schema), sql.Identifier(rules.role)
    )
    return Explanation(
        f"denied to {who}, with an error: {rules.role} may not use schema {rules.schema}",
        (Remedy(f"USAGE on schema {rules.schema} for {rules.role}", grant.as_string()),),
    )


def _privilege(case: Case, who: str) -> Explanation:
    rules, privilege = case.rules, case.outcome.privilege
    held = [command.upper() for command in Command if rules.permits(command)]
    only = f"it holds {', '.join(held)}" if held else "it holds none there"
    grant = f"grant {privilege.lower() if '(' not in privilege else _lowered(privilege)}"
    grant += f" on {rules.identity} to {sql.Identifier(rules.role).as_string()};"
    why = ""
    if case.attempt.command is not Command.SELECT and privilege.startswith("SELECT"):
        why = " (for the WHERE or RETURNING)"
    policies = rules.serving(case.attempt.command)
    if rules.binding and not any(policy.permissive for policy in policies):
        only += "; nor is there a policy for it"
    return Explanation(
        f"denied to {who}, with an error, before any policy is asked: {rules.role} holds no"
        f" {privilege} on {rules.schema}.{rules.name}{why}; {only}",
        (Remedy(f"{privilege} on {rules.name} for {rules.role}", grant),),
    )


def _lowered(privilege: str) -> str:
    word, rest = privilege.split(" ", 1)
    return f"{word.lower()} {rest}"


def _granted(case: Case, who: str) -> str:
    if case.attempt.command is Command.SELECT:
        return f"visible to {who}"
    return f"{who} may {_DOES[case.attempt.command]} it"


def _freedom(rules: Rules) -> str:
    if not rules.rls:
        return f"row-level security is off on {rules.name}, and {rules.role} holds the privilege"
    if rules.superuser:
        return f"{rules.role} is a superuser, whom no policy binds"
    if rules.bypass:
        return f"{rules.role} holds BYPASSRLS, so no policy binds it"
    return f"{rules.role} owns {rules.name}, and row-level security is not forced on owners"


def _ending(case: Case, who: str) -> str:
    """What happens to who tries."""
    outcome, command = case.outcome, case.attempt.command
    if outcome.effect == "hidden" and command is Command.SELECT:
        return f"hidden from {who}, without an error"
    if outcome.effect == "hidden":
        return f"the {command} does nothing for {who}, without an error"
    if outcome.words:
        return f"the statement fails for {who}: {outcome.words}"
    if command is Command.SELECT:
        return f"denied to {who}, with an error"
    return f"refused for {who}, with an error ({VIOLATION})"


def _no_policy(case: Case, who: str) -> Explanation:
    rules, stage = case.rules, case.outcome.stage
    assert stage is not None
    others = rules.serving(stage.command, all_roles=True)
    permissive = [policy for policy in others if policy.permissive]
    roles = sorted({role for policy in permissive for role in policy.roles})
    if permissive:
        detail = f"those it has are for {', '.join(roles)}"
    elif others:
        detail = "it has restrictive ones only, which take away and never give"
    else:
        detail = "it has none for anybody"
    verb = f"{stage.command.upper()}"
    mine = _owner_column(case)
    remedies: tuple[Remedy, ...] = ()
    if mine is not None:
        clause = "with check" if stage.command is Command.INSERT else "using"
        name = sql.Identifier(f"{rules.name}_{stage.command}").as_string()
        remedies = (
            Remedy(
                f"a policy for {verb} of one's own rows",
                f"create policy {name} on {rules.identity} for {stage.command}"
                f" to {sql.Identifier(rules.role).as_string()}"
                f" {clause} ({sql.Identifier(mine).as_string()} = (select auth.uid()));",
            ),
        )
    return Explanation(
        f"{_ending(case, who)}: {_in_sight(case, who)}no policy on {rules.name} lets"
        f" {rules.role} {verb}; {detail}",
        (*remedies, *_unseen(case)),
    )


def _owner_column(case: Case) -> str | None:
    """Returns the column that says whose a row is, where one points to the users."""
    for key in case.rules.foreign_keys:
        if key.table == "users" and len(key.columns) == 1:
            return key.columns[0]
    return None


async def _error(case: Case, who: str) -> Explanation:
    outcome, plan = case.outcome, case.plan
    if outcome.cause == "plan" and plan is not None:
        failure = Value("error", plan.message, plan.sqlstate or "")
        source = _source(case, failure)
    else:
        assert outcome.policy is not None
        assert outcome.stage is not None
        stage = outcome.stage
        failure = case.values[outcome.policy.name, stage.clause, stage.row]
        source = f'policy "{outcome.policy.name}" raises '
    remedies: tuple[Remedy, ...] = ()
    some = next(iter(case.inquiries.values()), None)
    if some is not None and failure.sqlstate == "42501":
        remedies = await grants(some.transaction, case.rules.role, failure.error)
    return Explanation(f"the statement fails for {who}: {source}{in_words(failure)}", remedies)


def _source(case: Case, failure: Value) -> str:
    """Says what raises a failure that the server has met while it planned the statement."""
    for (policy, _, _), value in case.values.items():
        if (value.sqlstate, value.error) == (failure.sqlstate, failure.error):
            return f'policy "{policy}" raises '
    denied = denied_object(failure.error)
    if denied is not None and case.attempt.command is Command.INSERT:
        for column in case.rules.fields:
            if denied[1] in {name for _, name in called(scan(column.default or ""))}:
                return f"the default of {plain(column.name)} raises "
    return ""


def _bad_default(bad: BadDefault, rules: Rules, who: str) -> Explanation:
    column, role = bad.column, sql.Identifier(rules.role).as_string()
    if column is None:
        return Explanation(
            f"the statement fails for {who}: what a column calls raises {bad.failure.message}"
        )
    words = f"the default of {plain(column.name)} raises {bad.failure.message}"
    denied = denied_object(bad.failure.message)
    if denied is None or denied[0] != "sequence" or column.sequence is None:
        return Explanation(f"the statement fails for {who}: {words}")
    return Explanation(
        f"the statement fails for {who}: {words}; the privilege on the table does not hold for"
        " the sequence that numbers its rows",
        (
            Remedy(
                f"USAGE on sequence {column.sequence} for {rules.role}",
                f"grant usage on sequence {column.sequence} to {role};",
            ),
        ),
    )


def _by_policy(case: Case, who: str) -> Explanation:
    found = []
    for stage in stages(case.attempt):
        for policy in deciding(case.rules, stage):
            value = case.values.get((policy.name, stage.clause, stage.row))
            if policy.permissive and value is not None and value.holds:
                found.append(f'"{policy.name}"')
    names = list(dict.fromkeys(found))
    words = " and ".join(names)
    return Explanation(
        f"{_granted(case, who)}: {'policy' if len(names) == 1 else 'policies'} {words}"
        f" {'is' if len(names) == 1 else 'are'} true"
    )


async def _by_policies(case: Case, who: str) -> Explanation:
    outcome = case.outcome
    assert outcome.stage is not None
    inquiry = case.inquiries[outcome.stage.row]
    if outcome.policy is not None:
        failing: tuple[Policy, ...] = (outcome.policy,)
    else:
        failing = tuple(p for p in deciding(case.rules, outcome.stage) if p.permissive)
    notes: dict[tuple[str, str], str] = {}
    causes: list[Cause] = []
    sentences = []
    for policy in failing:
        mine = await _causes(case, outcome.stage, policy, inquiry, notes, len(causes))
        causes += mine
        words = "; and ".join(dict.fromkeys(cause.words for cause in mine))
        kind = "" if policy.permissive else "restrictive "
        value = case.values[policy.name, outcome.stage.clause, outcome.stage.row]
        sentences.append(f'{kind}policy "{policy.name}" is {value.state}: {words}')
    told = await _told(case, inquiry, causes)
    sentence = f"{_ending(case, who)}: {_in_sight(case, who)}{'; '.join(sentences)}{told}"
    sentence += _yet_visible(case, who)
    found = [remedy for cause in causes for remedy in cause.remedies]
    remedies = tuple(dict.fromkeys([*found, *_unseen(case)]))
    history = tuple(entry for cause in causes for entry in cause.history)
    return Explanation(sentence, remedies, history, notes)


async def _causes(
    case: Case,
    stage: Stage,
    policy: Policy,
    inquiry: Inquiry,
    notes: dict[tuple[str, str], str],
    already: int,
) -> list[Cause]:
    node = case.nodes[policy.name, stage.clause, stage.row]
    parts = case.parts[stage.row]
    causes = []
    for leaf, wanted in list(blamed(node, parts))[: _MOST_CAUSES - already]:
        cause = await find_cause(inquiry, leaf.text, parts[leaf.text], wanted)
        cause = await behind(cause)
        notes[stage.row, leaf.text] = cause.note or cause.words
        causes.append(cause)
    return causes or [Cause(f"{excerpt(node.text)} is not true")]


async def _told(case: Case, inquiry: Inquiry, causes: list[Cause]) -> str:
    """The newest line of a log about the row, where the row's own value is the cause."""
    own = len(causes) == 1 and causes[0].note.startswith("is ") and case.row_id
    if not own:
        return ""
    entries = await trail.of_row(inquiry.transaction, case.rules.name, case.row_id)
    return f" ({entries[0]})" if entries else ""


def _in_sight(case: Case, who: str) -> str:
    """Says why a write asks the policies for SELECT, where they end it."""
    stage, command = case.outcome.stage, case.attempt.command
    if stage is None or stage.command is command or stage.command is not Command.SELECT:
        return ""
    if stage.row == "old":
        return f"the {command} reads the row, so the policies for SELECT are asked too: "
    if command is Command.INSERT:
        return "RETURNING reads the new row, so the policies for SELECT are asked of it too: "
    return (
        f"{who} would lose sight of the row, for the policies for SELECT are asked of the"
        " new row too: "
    )


def _unseen(case: Case) -> tuple[Remedy, ...]:
    """A way to write what may be written and not be seen."""
    stage, command = case.outcome.stage, case.attempt.command
    if stage is None or stage.command is command or stage.row != "new":
        return ()
    if command is Command.INSERT:
        return (Remedy("an INSERT without RETURNING (return=minimal): it is not read back"),)
    return (Remedy("a policy for SELECT that is true of the row as it would become"),)


def _yet_visible(case: Case, who: str) -> str:
    """Says that the row can be seen though not written, which is what puzzles people most."""
    stage = case.outcome.stage
    if case.attempt.command is Command.SELECT or stage is None or stage.command is Command.SELECT:
        return ""
    if stage.row != "old":
        return ""
    seen = [
        policy.name
        for policy in case.rules.serving(Command.SELECT)
        if policy.permissive
        and (value := case.values.get((policy.name, "using", "old"))) is not None
        and value.holds
    ]
    if not seen:
        return ""
    return f'; {who} sees the row by "{seen[0]}", which is for reading only'
