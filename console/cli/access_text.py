"""What `rowsight access who | why | whatif | lint` print: JSON fields, text in 80 columns."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from console.cli import diagnostics, output

if TYPE_CHECKING:
    from console.access.answer import Decision, Tested
    from console.access.lint import Finding
    from console.access.people import Person
    from console.access.persona import Persona
    from console.access.telling import Line
    from console.access.trail import Entry
    from console.access.whatif import WhatIf

_STYLES = {
    "strong": "bold",
    "muted": "dim",
    "good": "green",
    "bad": "red",
    "care": "yellow",
    "sql": "cyan",
}
_SEVERITIES = {"error": "red", "warning": "yellow", "info": "dim"}


def _width() -> int:
    columns = os.get_terminal_size().columns if output.is_terminal() else 80
    return max(40, min(columns, 110))


def _print(lines: Sequence[Line]) -> None:
    for line in lines:
        output.spans(*((text, _STYLES.get(tone)) for text, tone in line))


def print_wrapped(text: str, indent: str = "", first: str = "") -> None:
    """Prints a text in as many lines as it takes."""
    from console.access.telling import wrapped

    _print(wrapped(text, _width(), "", indent=indent, first=first))


def persona_json(persona: Persona) -> dict[str, object]:
    """Returns the fields of a persona."""
    return {
        "label": persona.label,
        "name": str(persona.named),
        "role": persona.role,
        "claims": persona.claims,
    }


# who


def person_json(person: Person) -> dict[str, object]:
    """Returns the fields of somebody who was found."""
    return {
        "id": person.id,
        "email": person.email,
        "name": person.name,
        "phone": person.phone,
        "role": person.role,
        "anonymous": person.anonymous,
        "created": person.created,
        "last_sign_in": person.last_sign_in,
        "sources": list(person.sources),
        "marks": list(person.marks),
    }


def print_people(people: Sequence[Person], search: str) -> None:
    """Prints who was found, and what to mind about whom."""
    for person in people:
        name = person.email or person.phone or "no address"
        called = f"  {person.name}" if person.name else ""
        output.spans((name, "bold"), (called, None))
        output.line(f"  {person.id}", "dim")
        for mark in person.marks:
            output.line(f"  ⚠ {mark}", "yellow")
    if not people:
        diagnostics.say(f"nobody is called {search}")


# why


def decision_json(decision: Decision) -> dict[str, object]:
    """Returns the fields of an answer."""
    told = decision.ground_truth
    return {
        "persona": persona_json(decision.persona),
        "table": decision.table,
        "row": decision.label,
        "command": decision.command.value,
        "allowed": decision.allowed,
        "effect": decision.effect,
        "certain": decision.certain,
        "doubt": decision.doubt.reason.value if decision.doubt else None,
        "sentence": decision.sentence,
        "steps": [step.words for step in decision.steps],
        "passed": [step.passed for step in decision.steps],
        "policies": [_tested(tested) for tested in decision.policies],
        "ground_truth": {
            "allowed": told.allowed,
            "agrees": told.agrees,
            "how": told.how,
            "error": told.error,
        },
        "remedies": [{"words": r.words, "sql": r.sql} for r in decision.remedies],
        "obstacles": [{"sqlstate": o.sqlstate, "words": o.words} for o in decision.obstacles],
        "history": [_entry(entry) for entry in decision.history],
        "reads": [{"kind": r.kind, "name": r.name, "standing": r.standing} for r in decision.reads],
        "notes": list(decision.notes),
        "elapsed_ms": round(decision.elapsed * 1000, 1),
    }


def _tested(tested: Tested) -> dict[str, object]:
    return {
        "name": tested.name,
        "command": tested.command,
        "kind": tested.kind,
        "roles": list(tested.roles),
        "applies": tested.applies,
        "clause": tested.clause,
        "row": tested.row,
        "expression": tested.expression,
        "value": tested.value,
        "error": tested.error,
        "parts": [
            {
                "expression": part.expression,
                "value": part.value,
                "joined": part.joined,
                "depth": part.depth,
                "note": part.note,
                "error": part.error,
            }
            for part in tested.parts
        ],
    }


def _entry(entry: Entry) -> dict[str, object]:
    return {
        "source": entry.source,
        "time": entry.time,
        "actor": entry.actor,
        "action": entry.action,
        "reason": entry.reason,
    }


def print_decision(decision: Decision) -> None:
    """Prints an answer for reading."""
    from console.access.rules import readable
    from console.access.telling import tell, wrapped

    verb = {"select": "see"}.get(decision.command, decision.command)
    row = f" · {decision.label}" if decision.label else ""
    heading = f"{decision.persona.label} · {verb} a row of {readable(decision.table)}{row}"
    _print(wrapped(heading, _width(), "muted"))
    _print(tell(decision, _width()))


# what-if


def whatif_json(found: WhatIf) -> dict[str, object]:
    """Returns the fields of a trial."""
    return {
        "persona": persona_json(found.persona),
        "table": found.table,
        "policy": found.policy,
        "command": found.command.value,
        "before": found.before,
        "after": found.after,
        "appearing": found.appearing,
        "disappearing": found.disappearing,
        "key": list(found.key),
        "appear": [list(key) for key in found.appear],
        "disappear": [list(key) for key in found.disappear],
        "failing": found.failing,
        "error": found.error,
        "tried": found.tried,
        "complete": found.complete,
        "sql": found.sql,
        "notes": list(found.notes),
        "elapsed_ms": round(found.elapsed * 1000, 1),
    }


def print_whatif(found: WhatIf) -> None:
    """Prints how many rows would appear and disappear, some of them, and the statement."""
    from console.access.rules import readable

    rows = f"{found.tried:,} rows tried" + ("" if found.complete else ", there are more")
    print_wrapped(f"{found.persona.label} · {found.command} on {readable(found.table)} · {rows}")
    output.spans((f"  {found.before:,} now, {found.after:,} then", "bold"))
    for mark, number, keys, style in (
        ("+", found.appearing, found.appear, "green"),
        ("-", found.disappearing, found.disappear, "red"),
    ):
        if number:
            verb = "would appear" if mark == "+" else "would disappear"
            output.line(f"{mark} {number:,} {verb}", style)
            for key in keys:
                pairs = zip(found.key, key, strict=True)
                output.line(f"    {', '.join(f'{name}={value}' for name, value in pairs)}")
            if number > len(keys):
                output.line(f"    … and {number - len(keys):,} more")
    if found.failing:
        print_wrapped(f"{found.failing:,} rows raise: {found.error}", first="! ")
    output.line(found.sql, "cyan")
    for note in found.notes:
        diagnostics.say(note)


# lint


def findings_json(findings: Sequence[Finding]) -> dict[str, object]:
    """Returns the fields of what lint found."""
    counts = {s: sum(f.severity == s for f in findings) for s in _SEVERITIES}
    return {
        "counts": counts,
        "findings": [
            {
                "rule": finding.rule.name,
                "severity": finding.severity,
                "title": finding.rule.title,
                "why": finding.rule.why,
                "identity": finding.identity,
                "message": finding.message,
                "mend": finding.mend,
            }
            for finding in findings
        ],
    }


def print_findings(findings: Sequence[Finding]) -> None:
    """Prints findings under their rule, each with what mends it."""
    last = None
    for finding in findings:
        if (finding.rule, finding.severity) != last:
            last = (finding.rule, finding.severity)
            output.spans(
                (f"{finding.severity:<8} ", _SEVERITIES[finding.severity]),
                (finding.rule.title, "bold"),
            )
            print_wrapped(finding.rule.why, indent="         ")
        print_wrapped(f"{finding.identity}: {finding.message}", indent="  ", first="• ")
        for line in finding.mend.splitlines():
            output.line(f"      {line}", "cyan")
    counts = [
        f"{number} {severity}"
        for severity in _SEVERITIES
        if (number := sum(finding.severity == severity for finding in findings))
    ]
    diagnostics.say(", ".join(counts) or "nothing was found")
