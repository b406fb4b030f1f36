"""How one line of the timeline reads."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from rich.cells import cell_len, set_cell_size
from textual.content import Content

from console.logs.filter import folded
from console.logs.highlight import Rule, rule_for
from console.logs.poll import Mark
from console.logs.source import LogEntry
from console.logs.standing import describe_gap
from console.logs.timeline import Line
from console.visible import visible

SHORT = {"audit_logs": "…_logs", "audit_log": "…_log", "privacy_transparency_log": "privacy"}
"""The logs where there is little room; the rates above tell them in full."""

_WIDE = 100
_LEAST = 10
"""Cells of metadata that are worth showing."""


@dataclass(slots=True)
class Look:
    """What is known beside the entries, and decides how they read.

    Attributes:
        rules: Which entries stand out.
        emails: By user id.
        unknown: Users met whose e-mail was not asked for yet; added to as lines are drawn.
        needle: What is searched for.
        marked: The bookmarks, by log and id.
        today: The day of the server's clock.
    """

    rules: Sequence[Rule] = ()
    emails: dict[str, str] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    needle: str = ""
    marked: Collection[tuple[str, str]] = ()
    today: datetime | None = None

    def user(self, id_: str | None) -> str:
        """Returns the e-mail behind an id, or as long as it is not known the id's beginning."""
        if id_ is None:
            return "–"
        email = self.emails.get(id_)
        if email is None:
            self.unknown.add(id_)
        return email or (f"{id_[:8]}…" if len(id_) > 9 else id_)


def cell(text: str, width: int) -> str:
    """Makes text visible, and as wide as its column."""
    text = visible(text)
    length = cell_len(text)
    if length > width:
        return set_cell_size(text, width - 1) + "…"
    return text + " " * (width - length)


def when(time: datetime | None, today: datetime | None) -> str:
    """Writes a time in eleven cells: today's to the hundredth, others with their day."""
    if time is None:
        return "–"
    if today is not None and time.date() == today.date():
        return f"{time:%H:%M:%S.%f}"[:11]
    if today is not None and time.year == today.year:
        return f"{time:%m-%d %H:%M}"
    return f"{time:%Y-%m-%d}"


def row(line: Line, width: int, look: Look) -> Content:
    """Writes a line in a number of cells."""
    if line.entry is None:
        return _aside(line)
    return _entry(line, line.entry, width, look)


def _aside(line: Line) -> Content:
    if line.gap is None:
        return Content.assemble((f" ◌ {line.key[0]:%H:%M:%S}  {visible(line.note)}", "$accent"))
    proven = line.gap.proven and not line.gap.gone
    style = "$accent" if proven else "bold $warning"
    return Content.assemble((f" {'○' if proven else '▲'} {visible(describe_gap(line.gap))}", style))


def _entry(line: Line, entry: LogEntry, width: int, look: Look) -> Content:
    wide = width >= _WIDE
    user, action, resource = (26, 20, 20) if wide else (18, 19, 16)
    rule = rule_for(look.rules, entry, line.mark)
    style = f"${rule.style}" if rule else ""
    bookmark = "▸" if (entry.source, entry.id) in look.marked else " "
    source = entry.source if wide and len(entry.source) <= 10 else SHORT[entry.source]
    word = f"{line.mark} " if line.mark in (Mark.LATE, Mark.CHANGED) else ""
    gap = "  " if wide else " "
    content = Content.assemble(
        (bookmark, "bold $primary"),
        (rule.sign if rule else " ", f"bold {style}" if rule else ""),
        " ",
        (cell(when(entry.time, look.today), 11), "$muted"),
        gap,
        (cell(source, 10 if wide else 7), "$muted"),
        gap,
        (cell(look.user(entry.user), user), "" if entry.user else "$muted"),
        gap,
        (word, "bold $warning" if line.mark is Mark.LATE else "bold $error"),
        (cell(entry.action or "–", action - len(word)), style),
        gap,
        _place(entry, resource),
    )
    if width - content.cell_length >= _LEAST and entry.detail not in (None, "{}"):
        content = Content.assemble(content, gap, (visible(entry.detail or ""), "$muted"))
    return found(content, look.needle)


def _place(entry: LogEntry, width: int) -> Content:
    if entry.resource is None:
        return Content.styled(cell("", width), "$muted")
    id_ = entry.resource_id or ""
    short = f" {id_[:4]}" if len(entry.resource) + 5 <= width else ""
    return Content.assemble(
        visible(entry.resource[: width - len(short)]) if short else cell(entry.resource, width),
        (cell(short, max(0, width - len(visible(entry.resource)))) if short else "", "$muted"),
    )


def found(content: Content, needle: str) -> Content:
    """Marks where a text stands; only A to Z have another case."""
    if not needle:
        return content
    text, wanted = folded(content.plain), folded(visible(needle))
    position = text.find(wanted)
    while position >= 0:
        content = content.stylize("reverse", position, position + len(wanted))
        position = text.find(wanted, position + len(wanted))
    return content


def rate(counts: Sequence[int], cells: int) -> str:
    """Draws the newest counts, each a column as high as it is part of the highest."""
    newest = list(counts)[-cells:]
    most = max(newest, default=0)
    steps = "▂▃▄▅▆▇█"
    return "".join(
        "▁" if not count else steps[min(6, count * 6 // max(1, most))] for count in newest
    ).rjust(cells, "▁")


def pace(counts: Sequence[int]) -> str:
    """Tells how many entries came in a minute of counts, or in a second where there are many."""
    total = sum(counts)
    return f"{total}/min" if total < 600 else f"{total / max(1, len(counts)):,.0f}/s"


def labels(lines: Mapping[str, str]) -> Content:
    """Writes pairs of a name and a value under each other, the names in one column."""
    widest = max(map(cell_len, lines), default=0)
    return Content("\n").join(
        Content.assemble((name.ljust(widest + 2), "$muted"), visible(value))
        for name, value in lines.items()
    )
