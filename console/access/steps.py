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
    """

    words: str
    passed: bool | None = True


def steps(rules: Rules, attempt: Attempt, outcome: Outcome) -> tuple[Step, ...]:
    """Lists what the server looks at, up to where it ends."""
    role, table = rules.role, f"{rules.schema}.{rules.name}"
    if outcome.cause == "schema":
        return (Step(f"{role} may not use schema {rules.schema}", False),)
    found = [Step(f"{role} may use schema {rules.schema}")]
    if outcome.cause == "privilege":
        return (*found, Step(f"{role} holds no {outcome.privilege} on {table}", False))
    found.append(Step(_privilege(rules, attempt)))
    if rules.kind in "vm":
        reads = "its caller" if rules.invoker_view else f"its owner, {rules.owner}"
        return (*found, Step(f"{rules.name} is a view, which reads as {reads}", outcome.allowed))
    if not rules.rls:
        return (*found, Step(f"row-level security is off on {table}"))
    found.append(Step("row-level security is on" + (", and forced" if rules.forced else ""), None))
    if rules.superuser or rules.bypass:
        what = "is a superuser" if rules.superuser else "holds BYPASSRLS"
        return (*found, Step(f"{role} {what}: no policy binds it"))
    found.append(Step(f"{role} is no superuser and has no BYPASSRLS", None))
    if rules.owns and not rules.forced:
        return (*found, Step(f"{role} has the rights of the owner, whom policies do not bind"))
    owner = f"{role} has the rights of the owner, but row-level security is forced"
    found.append(Step(owner if rules.owns else f"{role} is not the owner ({rules.owner})", None))
    if outcome.cause == "plan":
        return (*found, Step("the server refuses the statement", False))
    for stage in stages(attempt):
        failed = not outcome.allowed and outcome.stage == stage
        found.append(_asked(rules, stage, passed=not failed))
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


def _asked(rules: Rules, stage: Stage, *, passed: bool) -> Step:
    policies = deciding(rules, stage)
    clause = "CHECK" if stage.clause == "check" else "USING"
    row = "the row" if stage.row == "old" else "the new row"
    if not any(policy.permissive for policy in policies):
        return Step(f"no policy for {stage.command.upper()} applies to {rules.role}", False)
    verdict = "pass" if passed else "do not pass"
    names = ", ".join(policy.name for policy in policies)
    return Step(
        f"{clause} of the policies for {stage.command.upper()} {verdict} {row}: {names}", passed
    )
