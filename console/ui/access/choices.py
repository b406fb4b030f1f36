"""The list of the picker: recent personas, presets, roles and people under their headings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.content import Content

from console.access.chosen import Chosen
from console.access.persona import Persona, is_uuid
from console.ui.widgets.lines import Lines
from console.visible import visible

if TYPE_CHECKING:
    from console.access.people import Person
    from console.access.roles import Role

_STANDING = ("banned", "deleted", "anonymous")
_LABEL = 34


@dataclass(frozen=True, slots=True)
class Choice:
    """Somebody to look as.

    Attributes:
        group: The heading it stands under.
        chosen: Who, by name.
        label: What stands first in its line.
        words: What stands behind it.
        marks: What to mind.
        detail: What is said of it while the cursor is on it.
        persona: Who it is, where that is known already.
    """

    group: str
    chosen: Chosen
    label: str
    words: str = ""
    marks: tuple[str, ...] = ()
    detail: str = ""
    persona: Persona | None = None

    @property
    def aal(self) -> int | None:
        """The assurance level it comes with; None for a role with nobody behind it."""
        if self.persona is not None:
            return {"aal1": 1, "aal2": 2}.get(self.persona.aal or "")
        return None if self.group == "roles" else self.chosen.aal or 1

    def has(self, text: str) -> bool:
        """Tells whether a text stands somewhere in the line."""
        return text.casefold() in f"{self.label} {self.words} {self.chosen.name}".casefold()


def of_person(person: Person) -> Choice:
    """Makes a choice of somebody who was found."""
    facts = [person.id]
    if person.role != "authenticated":
        facts.append(f"role {person.role}")
    facts += [f"seen {person.last_sign_in[:10]}"] if person.last_sign_in else []
    return Choice(
        "people",
        Chosen(person.id),
        person.email or person.phone or person.id,
        person.name,
        person.marks,
        " · ".join(facts),
    )


def of_lens(persona: Persona) -> Choice:
    """Makes a choice of who is looked as now, with the claims as they were edited."""
    chosen = Chosen(str(persona.named))
    return Choice("now", chosen, persona.label, str(persona.role), persona=persona)


def of_text(text: str) -> Choice | None:
    """Makes a choice of an id that no table of users has: its token may still be good."""
    if not is_uuid(text):
        return None
    return Choice("people", Chosen(text), text, "in no table of users")


def of_chosen(chosen: Chosen) -> Choice:
    """Makes a choice of a preset, or of somebody who was chosen lately."""
    extras = [chosen.name] if chosen.preset else []
    extras += [f"aal{chosen.aal}"] if chosen.aal else []
    extras += ["claims of its own"] if chosen.claims else []
    group = "presets" if chosen.preset else "recent"
    return Choice(group, chosen, chosen.preset or chosen.name, " · ".join(extras))


def of_role(role: Role) -> Choice:
    """Makes a choice of a role with nobody behind it."""
    words = "no policy binds it" if role.free else ""
    if role.name == "anon":
        words = "nobody is signed in"
    return Choice("roles", Chosen(role.named), role.name, words)


class ChoiceList(Lines):
    """The choices, with a heading over each group."""

    can_focus = False  # typing goes on in the field; its arrows move through the list

    def __init__(self) -> None:
        super().__init__()
        self._shown: list[Choice | str] = []
        self._width = 0
        """Cells that labels take, so that what stands behind them is aligned."""

    @property
    def line_count(self) -> int:
        """Headings and choices."""
        return len(self._shown)

    @property
    def current(self) -> Choice | None:
        """The choice under the cursor."""
        if 0 <= self.cursor < len(self._shown):
            entry = self._shown[self.cursor]
            return None if isinstance(entry, str) else entry
        return None

    def show(self, choices: Iterable[Choice], *, moved: bool) -> None:
        """Shows other choices.

        Args:
            choices: Those of a group follow one another.
            moved: Whether the cursor was put where it is, and so stays on its choice.
        """
        before = self.current if moved else None
        self._shown = []
        lengths: list[int] = []
        group = ""
        for choice in choices:
            if choice.group != group:
                group = choice.group
                self._shown.append(group)
            self._shown.append(choice)
            lengths.append(cell_len(visible(choice.label)))
        self._width = min(_LABEL, max(lengths, default=0))
        place = self.cursor if moved else 0
        if before in self._shown:
            place = self._shown.index(before)
        self.renew(cursor=place)

    def is_stop(self, index: int) -> bool:
        """The cursor passes over headings."""
        return not isinstance(self._shown[index], str)

    def line(self, index: int, width: int) -> Content:
        """Writes a heading, or a choice with its marks at the right."""
        entry = self._shown[index]
        if isinstance(entry, str):
            return Content.styled(f" {entry}", "bold $muted")
        short = [mark for mark in entry.marks if mark in _STANDING]
        short += ["⚠ look closely"] if len(short) < len(entry.marks) else []
        right = Content.styled(f"{', '.join(short)} " if short else "", "$warning")
        label = visible(entry.label)
        gap = " " * max(0, self._width - cell_len(label))
        left = Content.assemble(f"   {label}{gap}", (f"  {visible(entry.words)}", "$muted"))
        left = left.truncate(max(0, width - right.cell_length - 1), ellipsis=True)
        return Content.assemble(left, " " * (width - left.cell_length - right.cell_length), right)
