"""Policies to choose from, and what came of trying one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content

from console.ui import words
from console.ui.widgets.lines import Lines
from console.ui.widgets.sql import highlighted
from console.visible import visible, visible_lines

if TYPE_CHECKING:
    from console.access.policies import Listed
    from console.access.whatif import Key, WhatIf


class PolicyList(Lines):
    """Policies under their tables."""

    BINDING_GROUP_TITLE = "Policies"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "choose", "Edit and try")]

    def __init__(self) -> None:
        super().__init__()
        self._policies: Sequence[Listed] = ()
        self._shown: list[Listed | str] = []

    @property
    def line_count(self) -> int:
        """Tables and policies that are not filtered away."""
        return len(self._shown)

    @property
    def current(self) -> Listed | None:
        """The policy under the cursor."""
        if 0 <= self.cursor < len(self._shown):
            entry = self._shown[self.cursor]
            return None if isinstance(entry, str) else entry
        return None

    def show(self, policies: Sequence[Listed], text: str = "") -> None:
        """Shows policies, only those that have every word of the text."""
        before = self.current
        self._policies = policies
        self._shown = []
        table = None
        for policy in policies:
            line = f"{policy.table} {policy.name} {policy.purpose}".lower()
            if all(word in line for word in text.lower().split()):
                if policy.table != table:
                    table = policy.table
                    self._shown.append(table)
                self._shown.append(policy)
        self.renew(cursor=self._shown.index(before) if before in self._shown else 0)

    def narrow(self, text: str) -> None:
        """Shows only the policies that have every word of the text."""
        self.show(self._policies, text)

    def is_stop(self, index: int) -> bool:
        """The cursor passes over tables."""
        return not isinstance(self._shown[index], str)

    def line(self, index: int, width: int) -> Content:
        """Writes a table, or a policy with its expression."""
        entry = self._shown[index]
        if isinstance(entry, str):
            return Content.styled(f" {visible(entry)}", "bold $muted")
        head = Content.assemble(
            f"   {visible(entry.name)}  ",
            (visible(entry.purpose), "$primary" if entry.permissive else "$warning"),
            "  ",
        )
        if entry.using is None:
            return head + Content.styled("only a CHECK", "$muted")
        return head + Content.styled(visible(" ".join(entry.using.split())), "$muted")


def told(answer: WhatIf) -> Content:
    """Writes what would appear and disappear, and the statement."""
    who = visible(answer.persona.label)
    verb = {"select": "sees", "update": "may change", "delete": "may delete"}[answer.command]
    tried = f"of {words.plural(answer.tried, 'row')} tried"
    if not answer.complete:
        tried += ", there are more"
    if answer.before == answer.after and not (answer.appearing or answer.disappearing):
        change = Content.assemble(("= ", "bold $muted"), "nothing would change: ")
    else:
        change = Content("")
    parts = [
        Content.assemble(
            change,
            f"{who} {verb} ",
            (words.count(answer.before), "bold"),
            " → ",
            (words.count(answer.after), "bold"),
            (f"  {tried}", "$muted"),
        )
    ]
    parts += [Content.assemble(("! ", "bold $warning"), visible(note)) for note in answer.notes]
    if answer.failing:
        parts.append(
            Content.assemble(
                ("✕ ", "bold $error"),
                f"it raises for {words.plural(answer.failing, 'row')}: {visible(answer.error)}",
            )
        )
    key = ", ".join(map(visible, answer.key))
    parts += _rows("+", "$added", "would appear", answer.appearing, answer.appear, key)
    parts += _rows("-", "$removed", "would disappear", answer.disappearing, answer.disappear, key)
    parts.append(Content.assemble(("to make it so", "bold $muted"), "\n", _statement(answer.sql)))
    return Content("\n\n").join(parts)


def _statement(sql: str) -> Content:
    return highlighted(visible_lines(sql))


def _rows(
    sign: str, style: str, what: str, number: int, sample: Sequence[Key], key: str
) -> list[Content]:
    if not number:
        return []
    head = Content.assemble(
        (f"{sign} {words.plural(number, 'row')} {what}", f"bold {style}"), (f"  {key}", "$muted")
    )
    lines = [head, *(Content.styled(f"  {', '.join(map(visible, row))}", style) for row in sample)]
    if number > len(sample):
        more = words.count(number - len(sample))
        lines.append(Content.styled(f"  and {more} more", "$muted"))
    return [Content("\n").join(lines)]
