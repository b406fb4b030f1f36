"""The way to a decision, step by step, in the server's order."""

from __future__ import annotations

from dataclasses import dataclass

from console.access.rules import Command, Rules
from console.access.verdict import Attempt, Outcome, Stage, deciding, stages


@dataclass(frozen=True, slots=True)
class Step:
    """One thing the server looks at.

    Attributes:
        words: What it found.
        passed: Whether the way goes on; None for what decides nothing.
        short: The same in a word or two.
    """

    words: str
    passed: bool | None = True
    short: str = ""


def steps(rules: Rules, attempt: Attempt, outcome: Outcome) -> tuple[Step, ...]:
    """Lists what the server looks at, up to where it ends."""
    role, table = rules.role, f"{rules.schema}.{rules.name}"
    if outcome.cause == "schema":
        return (Step(f"{role} may not use schema {rules.schema}", False, "schema"),)
    found = [Step(f"{role} may use schema {rules.schema}", short="schema")]
    if outcome.cause == "privilege":
        words = f"{role} holds no {outcome.privilege} on {table}"
        return (*found, Step(words, False, "privilege"))
    found.append(Step(_privilege(rules, attempt), short="privilege"))
    if rules.kind in "vm":
        reads = "its caller" if rules.invoker_view else f"its owner, {rules.owner}"
        words = f"{rules.name} is a view, which reads as {reads}"
        return (*found, Step(words, outcome.allowed, "view"))
    if not rules.rls:
        return (*found, Step(f"row-level security is off on {table}", short="RLS off"))
    words, short = "row-level security is on", "RLS on"
    if rules.forced:
        words, short = f"{words}, and forced", "RLS forced"
    found.append(Step(words, None, short))
    if rules.superuser or rules.bypass:
        what = "is a superuser" if rules.superuser else "holds BYPASSRLS"
        short = "superuser" if rules.superuser else "BYPASSRLS"
        return (*found, Step(f"{role} {what}: no policy binds it", short=short))
    words = f"{role} is no superuser and has no BYPASSRLS"
    found.append(Step(words, None, "no BYPASSRLS"))
    if rules.owns and not rules.forced:
        words = f"{role} has the rights of the owner, whom policies do not bind"
        return (*found, Step(words, short="owner"))
    owner = f"{role} has the rights of the owner, but row-level security is forced"
    words = owner if rules.owns else f"{role} is not the owner ({rules.owner})"
    found.append(Step(words, None, "owner" if rules.owns else "not the owner"))
    if outcome.cause == "plan":
        return (*found, Step("the server refuses the statement", False, "statement"))
    if outcome.cause == "default":
        return (*found, Step("a default fails", False, "default"))
    if outcome.cause == "unknown" and outcome.stage is None:
        return (*found, Step(outcome.doubt.words if outcome.doubt else "", None, "can't be told"))
    for stage in stages(attempt):
        failed = not outcome.allowed and outcome.stage == stage
        found.append(_asked(rules, stage, passed=None if outcome.allowed is None else not failed))
        if failed:
            break
    return tuple(found)


def _privilege(rules: Rules, attempt: Attempt) -> str:
    role, command = rules.role, attempt.command
    words = f"{role} holds {command.upper()}"
    denied = [field.name for field in rules.fields if not rules.may(command, field)]
    if command is Command.DELETE or command in rules.granted or not denied:
        return words
    return f"{words} on some columns, not on {', '.join(denied)}"


def _asked(rules: Rules, stage: Stage, *, passed: bool | None) -> Step:
    policies = deciding(rules, stage)
    clause = "CHECK" if stage.clause == "check" else "USING"
    row = "the row" if stage.row == "old" else "the new row"
    if not any(policy.permissive for policy in policies):
        words = f"no policy for {stage.command.upper()} applies to {rules.role}"
        return Step(words, False, f"no policy for {stage.command.upper()}")
    verdict = {True: "pass", False: "do not pass", None: "may pass"}[passed]
    names = ", ".join(policy.name for policy in policies)
    return Step(
        f"{clause} of the policies for {stage.command.upper()} {verdict} {row}: {names}",
        passed,
        f"{stage.command} policies" + (" on the new row" if stage.row == "new" else ""),
    )
