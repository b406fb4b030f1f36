"""What happens to a command before its policies are asked: rules, views, triggers."""

from __future__ import annotations

from dataclasses import dataclass, replace

from console.access.doubt import Doubt, Reason
from console.access.row import NewRow, with_generated
from console.access.rules import Command, Rules
from console.access.triggers import Trigger, known_triggers
from console.access.verdict import Attempt
from console.connection.session import Transaction


@dataclass(frozen=True, slots=True)
class Before:
    """What comes before the policies.

    Attributes:
        triggers: Those that fire for each row, in the server's order.
        elsewhere: Why nothing that is asked from here tells how the command ends.
        opaque: Why that is so once a stored row has passed what filters it.
    """

    triggers: tuple[Trigger, ...] = ()
    elsewhere: Doubt | None = None
    opaque: Doubt | None = None


async def look_before(transaction: Transaction, rules: Rules, attempt: Attempt) -> Before:
    """Looks for what would change a command, or its row, before any policy is asked."""
    if attempt.command is Command.SELECT:
        return Before()
    elsewhere = _elsewhere(rules, attempt.command)
    generated = [field.name for field in rules.fields if field.generated]
    # A row that moves to another partition is deleted from one and inserted into the other.
    moves = rules.kind == "p" and attempt.command is Command.UPDATE
    fired = await known_triggers(
        transaction,
        [
            trigger
            for trigger in rules.before
            if moves or trigger.fires(attempt.command, attempt.columns, generated)
        ],
    )
    blind = [f'"{trigger.name}"' for trigger in fired if trigger.changes is None]
    opaque = None
    if blind:
        word = "trigger" if len(blind) == 1 else "triggers"
        opaque = Doubt(
            Reason.TRIGGER,
            f"{word} {' and '.join(blind)} may change the row, leave it out or refuse it"
            " before it is checked",
        )
    return Before(fired, elsewhere, opaque)


def _elsewhere(rules: Rules, command: Command) -> Doubt | None:
    if rules.kind == "v":
        reads = "its caller" if rules.invoker_view else f"its owner, {rules.owner}"
        return Doubt(
            Reason.VIEW,
            f"{rules.name} is a view: what its own tables let through is asked as {reads},"
            " and only when it is written",
        )
    if rules.kind == "f":
        return Doubt(Reason.FOREIGN, f"the rows of {rules.name} are kept on another server")
    if command in rules.rewritten:
        return Doubt(
            Reason.RULE, f"a rule on {rules.name} makes something else of {command.upper()}"
        )
    return None


def as_written(rules: Rules, new: NewRow, before: Before) -> NewRow:
    """Marks the columns of a new row that triggers set, and what is generated from them."""
    unsure = dict(new.unsure)
    for trigger in before.triggers:
        for name in sorted(trigger.changes or ()):
            words = f'trigger "{trigger.name}" sets {name} before it is checked'
            unsure[name] = Doubt(Reason.TRIGGER, words)
    return with_generated(rules, replace(new, unsure=unsure))
