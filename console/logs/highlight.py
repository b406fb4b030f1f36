"""Which entries stand out, by rules in the section `[logs]` of the configuration.

    [logs]
    highlight = [
      { name = "payments", where = "action=charge.*", style = "accent" },
    ]

Rules of one's own come before the usual ones; `usual = false` leaves those out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from console.errors import UsageError
from console.logs.filter import LogFilter, make_filter
from console.logs.poll import Mark
from console.logs.source import LogEntry
from console.logs.typed import parse
from console.logs.violations import ACTION

STYLES = ("error", "warning", "success", "accent", "primary")


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of entry that stands out.

    Attributes:
        name: What it is called, in a word or two.
        where: What such entries are; more than one means any of them.
        style: One of STYLES.
        sign: One character, for those who see no colour.
        changed: Whether it is for entries that somebody has written again.
    """

    name: str
    where: tuple[LogFilter, ...]
    style: str
    sign: str = "●"
    changed: bool = False

    def applies(self, entry: LogEntry, mark: Mark) -> bool:
        """Tells whether an entry is of this kind."""
        if self.changed:
            return mark is Mark.CHANGED
        return any(where.matches(entry) for where in self.where)


def _actions(*patterns: str) -> tuple[LogFilter, ...]:
    return tuple(LogFilter(action=pattern) for pattern in patterns)


USUAL = (
    Rule("changed", (), "error", "~", changed=True),
    Rule("rls violation", _actions(ACTION), "error", "!"),
    Rule("deletion", _actions("*delete*", "*DELETE*", "*remove*", "*purge*"), "warning", "−"),
    Rule("this console", _actions("rowsight*", "console.*", "impersonat*"), "accent", "◆"),
)
"""A changed audit row is itself an alarm; attempts that were stopped; deletions; our own deeds."""


def read_rules(section: Mapping[str, Any]) -> tuple[Rule, ...]:
    """Reads the rules of the configuration.

    Args:
        section: The table `[logs]`, as `console.connection.config.section` gives it.

    Raises:
        UsageError: A key is unknown or a value wrong; says which.
    """
    if unknown := sorted(set(section) - {"highlight", "usual"}):
        raise UsageError(f"logs.{unknown[0]} is not a known key", hint="known: highlight, usual")
    tables, usual = section.get("highlight", []), section.get("usual", True)
    if not isinstance(tables, list) or not isinstance(usual, bool):
        raise UsageError("logs.highlight is a list of tables, logs.usual true or false")
    own = tuple(_rule(number, table) for number, table in enumerate(tables, 1))
    return own + (USUAL if usual else ())


def _rule(number: int, table: object) -> Rule:
    place = f"logs.highlight, number {number}"
    hint = 'write { name = "payments", where = "action=charge.*", style = "accent" }'
    if not isinstance(table, dict) or not set(table) <= {"name", "where", "style", "sign"}:
        raise UsageError(f"{place} is not a rule", hint=hint)
    values = {"style": "accent", "sign": "●", "name": ""} | table
    if not all(isinstance(value, str) for value in values.values()) or "where" not in values:
        raise UsageError(f"{place} is not a rule", hint=hint)
    if values["style"] not in STYLES or len(values["sign"]) != 1:
        raise UsageError(
            f"{place}: a style is one of {', '.join(STYLES)}, a sign one character", hint=hint
        )
    typed = parse(values["where"])
    if typed.since or typed.until or "@" in typed.user:
        raise UsageError(f"{place}: a rule has no times, and users by their id", hint=hint)
    where = make_filter(
        datetime.now(UTC),
        sources=typed.sources,
        user=typed.user or None,
        action=typed.action or None,
        resource=typed.resource or None,
        text=typed.text or None,
    )
    return Rule(values["name"] or values["where"], (where,), values["style"], values["sign"])


def rule_for(rules: Sequence[Rule], entry: LogEntry, mark: Mark) -> Rule | None:
    """Returns the first rule that an entry is of, or None."""
    return next((rule for rule in rules if rule.applies(entry, mark)), None)
