"""A decision laid out for reading, for the screen and for the command line alike."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from rich.cells import cell_len

from console.access.answer import Decision, Part, Tested
from console.access.expression import on_one_line
from console.access.marks import ANSWERS, STEPS
from console.access.rules import Command
from console.visible import visible

Tone = Literal["", "strong", "muted", "good", "bad", "care", "sql"]
Span = tuple[str, Tone]
Line = tuple[Span, ...]

_VALUES: dict[str, Tone] = {"true": "good", "false": "bad", "null": "care", "error": "bad"}


# As the server writes a call that is wrapped so that it is made once: ( SELECT f() AS f)
_CALL = re.compile(r"\( SELECT ([\w.]+\(\)) AS \w+\)")


def headline(decision: Decision) -> Line:
    """Says in a few words what happens: above all whether it happens silently or with an error."""
    if not decision.certain:
        return _headed("uncertain", "care", "can't be told for certain")
    match decision.effect:
        case "visible":
            return _headed("allowed", "good", "visible")
        case "allowed" if decision.obstacles:
            states = ", ".join(dict.fromkeys(o.sqlstate for o in decision.obstacles))
            return _headed("stopped", "care", f"allowed, but a constraint stops it ({states})")
        case "allowed":
            return _headed("allowed", "good", "allowed")
        case "hidden" if decision.command is Command.SELECT:
            return (*_headed("hidden", "bad", "hidden"), (", silently: no error", ""))
        case "hidden":
            return (*_headed("hidden", "bad", "does nothing"), (", silently: no error", ""))
    return (*_headed("denied", "bad", "denied"), (", with an error", ""))


def _headed(answer: str, tone: Tone, words: str) -> Line:
    return ((f"{ANSWERS[answer].glyph} ", tone), (words, "strong"))


_ASKED = {
    "read": ("", "The server was asked for the row as {}."),
    "planned": (
        ": planned",
        "The server planned the statement as {}, which checks the privileges. Nothing was carried"
        " out.",
    ),
    "planned and evaluated": (
        ": evaluated",
        "The server planned the statement as {}, which checks the privileges, and evaluated over"
        " the row what the policies ask. Nothing was carried out.",
    ),
}
"""How the server was asked: beside its word, and in full."""


def server_says(decision: Decision) -> Span:
    """Says whether the server agrees with what was worked out, and what of it was asked."""
    told = decision.ground_truth
    if told.agrees is None:
        return ("the server could not be asked", "care")
    how, _ = _ASKED[told.how]
    if told.agrees:
        return (f"the server agrees{how} ✓", "good")
    return (f"the server says otherwise{how} ✗", "bad")


def tell(decision: Decision, width: int) -> list[Line]:
    """Lays a decision out, what matters most first.

    Args:
        decision: The answer to "why?".
        width: Cells of a line at most.
    """
    lines: list[Line] = [_sides(headline(decision), server_says(decision), width)]
    lines += wrapped(decision.sentence, width, "", indent="  ")
    lines += [(), *_chain(decision, width), ()]
    for tested in decision.policies:
        if tested.applies:
            lines += [*_policy(tested, width), ()]
    lines += _others(decision, width)
    lines += _section("What would change it", _remedies(decision, width))
    lines += _section("What would stop it besides", _obstacles(decision, width))
    lines += _section("From the logs", _history(decision, width))
    lines += _section("What the policies look at", _reads(decision, width))
    lines += _section("Step by step", _steps(decision, width))
    lines += _section("To be minded", _notes(decision, width))
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _section(heading: str, lines: Iterator[Line]) -> list[Line]:
    found = list(lines)
    return [((heading, "strong"),), *found, ()] if found else []


def _sides(left: Line, right: Span, width: int) -> Line:
    room = width - sum(cell_len(text) for text, _ in left) - cell_len(right[0])
    return (*left, (" " * max(2, room), ""), right)


def _chain(decision: Decision, width: int) -> list[Line]:
    """The way to the answer on a line or two."""
    lines: list[list[Span]] = [[("  ", "")]]
    used = 2
    for step in decision.steps:
        mark, tone = _mark(step.passed)
        text = f"{step.short} {mark}" if step.passed is not None else step.short
        text = visible(text)
        if used + cell_len(text) > width and used > 2:
            lines.append([("  ", "")])
            used = 2
        lines[-1] += [(text, tone), ("   ", "")]
        used += cell_len(text) + 3
    return [tuple(line[:-1]) for line in lines]


def _mark(passed: bool | None) -> tuple[str, Tone]:
    tone: Tone = "muted" if passed is None else "good" if passed else "bad"
    return STEPS[passed].glyph, tone


def _others(decision: Decision, width: int) -> list[Line]:
    """Names the policies that are not asked, for they are for other roles."""
    names = dict.fromkeys(
        f"{tested.name} ({', '.join(tested.roles)})"
        for tested in decision.policies
        if not tested.applies
    )
    if not names:
        return []
    words = f"Not asked, for other roles: {', '.join(names)}"
    return [*wrapped(words, width, "muted"), ()]


def _policy(tested: Tested, width: int) -> Iterator[Line]:
    facts = [tested.kind, f"for {tested.command}", f"to {', '.join(tested.roles)}"]
    if tested.clause == "check":
        facts.append("check")
    if tested.row == "new":
        facts.append("on the new row")
    value: Span = (tested.value, _VALUES[tested.value])
    name: Span = (visible(tested.name), "strong")
    about = visible(" · ".join(facts))
    room = width - cell_len(name[0]) - cell_len(value[0]) - 6
    if cell_len(about) <= room:
        yield _sides((name, (f" · {about}", "muted")), value, width)
    else:
        yield _sides((name,), value, width)
        yield from wrapped(about, width, "muted", indent="  ")
    above: list[tuple[str, int]] = []  # what joins the parts of each, and how many came
    negated: Part | None = None
    for part in tested.parts:
        del above[part.depth :]
        joined, came = above[-1] if above else ("", 0)
        if above:
            above[-1] = (joined, came + 1)
        if negated is None:
            before = f"{joined} " if came else ""
        above.append((part.joined, 0))
        if part.joined == "not":
            before += "not "
            negated = negated or part
        elif part.joined == "leaf" or above[:-1]:
            yield from _part(part, negated or part, before, width)
            negated = None


def _part(part: Part, whole: Part, before: str, width: int) -> Iterator[Line]:
    """A part under the words that join it; the value is that of both together."""
    words = {"and": "all of these", "or": "one of these"}
    text = words.get(part.joined) or _CALL.sub(r"(select \1)", on_one_line(part.expression))
    indent = "  " * max(1, whole.depth)
    value: Span = (whole.value, _VALUES[whole.value])
    lines = wrapped(before + text, width - 8, "sql", indent=indent)
    yield _sides(lines[0], value, width)
    yield from lines[1:]
    note = part.note or part.error
    if note and whole.value != "true":
        yield from wrapped(f"↳ {note}", width - 8, "care", indent=f"{indent}    ")


def _remedies(decision: Decision, width: int) -> Iterator[Line]:
    for remedy in decision.remedies:
        yield from wrapped(remedy.words, width, "", indent="  ", first="• ")
        for line in remedy.sql.splitlines():
            yield from wrapped(line, width, "sql", indent="    ")


def _obstacles(decision: Decision, width: int) -> Iterator[Line]:
    for obstacle in decision.obstacles:
        words = f"{obstacle.words} ({obstacle.sqlstate})"
        yield from wrapped(words, width, "care", indent="  ", first="• ")


def _history(decision: Decision, width: int) -> Iterator[Line]:
    for entry in decision.history:
        yield from wrapped(str(entry), width, "", indent="  ", first="• ")


def _reads(decision: Decision, width: int) -> Iterator[Line]:
    for read in decision.reads:
        text = f"{read.kind} {read.name}: {read.standing}"
        yield from wrapped(text, width, "", indent="  ", first="• ")


def _steps(decision: Decision, width: int) -> Iterator[Line]:
    for step in decision.steps:
        mark, tone = _mark(step.passed)
        for number, line in enumerate(wrapped(step.words, width - 2, "", indent="  ")):
            yield (
                ((f"  {mark} ", tone), (line[0][0][2:], "")) if number == 0 else (("  ", ""), *line)
            )
    if decision.ground_truth.agrees is not None:
        _, words = _ASKED[decision.ground_truth.how]
        yield from wrapped(words.format(decision.persona.label), width, "muted", indent="    ")


def _notes(decision: Decision, width: int) -> Iterator[Line]:
    for note in decision.notes:
        yield from wrapped(note, width, "care", indent="  ", first="• ")


def wrapped(text: str, width: int, tone: Tone, *, indent: str = "", first: str = "") -> list[Line]:
    """Breaks a text into lines at its spaces; every line is of one tone.

    Args:
        text: Made visible here.
        width: Cells of a line at most.
        tone: How it reads.
        indent: What every line begins with.
        first: A mark before the first line; the others stand as far in.
    """
    lines: list[str] = []
    current = ""
    room = max(8, width - cell_len(indent) - cell_len(first))
    for word in _pieces(visible(text), room):
        joined = f"{current} {word}" if current else word
        if current and cell_len(joined) > room:
            lines.append(current)
            current = word
        else:
            current = joined
    lines.append(current)
    rest = " " * cell_len(first)
    return [((f"{indent}{rest if n else first}{line}", tone),) for n, line in enumerate(lines)]


def _pieces(text: str, room: int) -> Iterator[str]:
    """Splits at spaces, and a word that fits no line anywhere."""
    for word in text.split(" "):
        while cell_len(word) > room:
            end = room
            while cell_len(word[:end]) > room:
                end -= 1
            yield word[:end]
            word = word[end:]
        yield word


def plain(lines: Sequence[Line]) -> str:
    """Returns the text without its tones, to be copied."""
    return "\n".join("".join(text for text, _ in line).rstrip() for line in lines)
