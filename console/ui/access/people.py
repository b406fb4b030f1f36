"""Somebody in short: who it is, what the token would say, and what it opens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from console.access.marks import CELLS, WITHHELD
from console.access.persona import Persona, remarks, with_aal
from console.access.rules import Command
from console.access.telling import Line, wrapped
from console.errors import CannotConnect, ConsoleError, Refused
from console.ui import words
from console.ui.access.told import Told
from console.ui.access.view import View, nobody
from console.ui.clipboard import copy
from console.ui.pane import Pane
from console.ui.places import PersonPlace, Place
from console.visible import json_text, visible

if TYPE_CHECKING:
    from console.access.cells import Cell, State
    from console.access.matrix import Matrix
    from console.access.people import Person

_SAID: dict[State, str] = {"all": "of", "some": "of", "none": "of", "denied": "on", "error": "on"}
_WORDS = {"all": "all rows", "some": "some", "none": "none", "denied": "denied", "error": "error"}


@dataclass(frozen=True)
class Summary:
    """What is known of a persona.

    Attributes:
        person: The account behind it; None for a role.
        sees: What it sees of every table, or why that is not known.
        login: Who previews start from.
        superuser: Whether that is a superuser.
    """

    persona: Persona
    person: Person | None
    sees: Matrix | ConsoleError
    login: str
    superuser: bool


class PeopleView(View):
    """The persona in short."""

    BINDING_GROUP_TITLE = "People"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "adopt", "Look as"),
        Binding("f2", "level", "aal1 / aal2"),
        Binding("f3", "claims", "Claims"),
        Binding("f4", "save", "Save as a preset"),
        Binding("y", "copy", "Copy claims"),
    ]
    needs_persona = False
    legend = (*CELLS.values(), WITHHELD)

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.summary: Summary | None = None
        self._named = ""
        """Somebody who was asked for without being looked as."""

    def body(self) -> ComposeResult:
        """Yields the text."""
        yield Told()

    def take_focus(self) -> None:
        """The text scrolls."""
        self.screen.set_focus(self.query_one(Told))

    def look(self, place: Place | None = None) -> None:
        """Reads about the lens, or about somebody who is named."""
        if isinstance(place, PersonPlace):
            self._named = place.who
            self._read(partial(self._named_persona, place.who), place.who)
        elif self.persona is None:
            self.summary = None
            self.caption.left = self.caption.right = Content("")
            self.say(nobody())
        elif self.summary is None or self.summary.persona != self.persona:
            self._named = ""
            self._read(None, self.persona.label)

    def action_again(self) -> None:
        """Reads the same again."""
        if self._named:
            self.look(PersonPlace(self._named))
        else:
            self.summary = None
            self.look()

    async def _named_persona(self, who: str) -> Persona:
        from console.access.people import resolve

        return await resolve(await self.login(), who)

    def _read(self, find: Callable[[], Awaitable[Persona]] | None, label: str) -> None:
        lens = self.persona
        self.caption.left = Content.styled(visible(label), "bold")

        async def asked() -> Summary:
            from console.access.matrix import matrix
            from console.access.people import find_people

            login, acting = await self.login(), await self.acting()
            persona = lens if find is None else await find()
            assert persona is not None
            user = persona.user_id
            people: list[Person] = []
            with suppress(Refused):  # no table of users is read
                people = await find_people(login, user) if user else []
            person = next((one for one in people if one.id == user), None)
            server = acting.server
            try:
                sees: Matrix | ConsoleError = await matrix(
                    login, acting, [persona], commands=(Command.SELECT,)
                )
            except ConsoleError as error:
                if error.exit_code == CannotConnect.exit_code:
                    raise
                sees = error
            return Summary(
                persona,
                person,
                sees,
                server.user if server else "",
                bool(server and server.superuser),
            )

        self.ask("looking", asked, self._take)

    def _take(self, summary: Summary) -> None:
        self.summary = summary
        self.caption.left = Content.styled(visible(str(summary.persona)), "bold")
        self.caption.right = Content.styled(words.clock(), "$muted")
        self.query_one(Told).show(partial(_lines, summary))
        self.show_body()

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offers only what applies now."""
        known = self.summary is not None and self.has_body
        match action:
            case "adopt":
                return known and self.summary is not None and self.summary.persona != self.persona
            case "level" | "claims" | "save" | "copy":
                return known
            case "again":
                idle = self.online and not self.busy
                return idle and (self.persona is not None or bool(self._named))
            case _:
                return super().check_action(action, parameters)

    def _adopt(self, persona: Persona) -> None:
        self.post_message(Pane.Adopt(persona))

    def action_adopt(self) -> None:
        """Looks as who is shown."""
        assert self.summary is not None
        self._adopt(self.summary.persona)

    def action_level(self) -> None:
        """Signs in with one factor, or with two."""
        assert self.summary is not None
        persona = self.summary.persona
        self._adopt(with_aal(persona, 1 if persona.aal == "aal2" else 2))

    def action_claims(self) -> None:
        """Opens the claims in an editor."""
        from console.ui.access.editor import ClaimsEditor

        assert self.summary is not None

        def edited(persona: Persona | None) -> None:
            if persona is not None:
                self._adopt(persona)

        self.app.push_screen(ClaimsEditor(self.connections, self.summary.persona), edited)

    def action_save(self) -> None:
        """Saves the persona as a preset."""
        from console.ui.access import presets

        assert self.summary is not None
        presets.save(self.screen, self.connections, self.summary.persona)

    def action_copy(self) -> None:
        """Copies the claims as JSON."""
        assert self.summary is not None
        copy(self.app, json_text(self.summary.persona.claims, indent=2), "Claims")


def _lines(summary: Summary, width: int) -> list[Line]:
    lines = _account(summary, width)
    lines += [(), *_sees(summary.sees, summary.persona, width)]
    lines += [(), (("Claims of the token", "strong"),)]
    for line in json_text(summary.persona.claims, indent=2).splitlines():
        inner = line.lstrip(" ")
        indent = " " * (2 + len(line) - len(inner))
        lines += wrapped(inner, width, "muted", indent=indent)
    lines += [(), (("Where previews start", "strong"),)]
    if not summary.superuser:
        text = f"{summary.login}, which is no superuser"
        return [*lines, *wrapped(text, width, "", indent="  ")]
    return [*lines, *_containment(summary, width)]


def _account(summary: Summary, width: int) -> list[Line]:
    persona, person = summary.persona, summary.person
    facts = [("role", persona.role)]
    if persona.user_id is not None:
        facts.append(("id", persona.user_id))
    if person is not None:
        facts += [("name", person.name)] if person.name else []
        facts += [("in", ", ".join(person.sources))]
        facts += [("since", person.created[:16])] if person.created else []
        facts += [("seen", person.last_sign_in[:16])] if person.last_sign_in else []
    elif persona.user_id is not None:
        facts.append(("in", "no table of users"))
    lines: list[Line] = [((f"  {name:<6}", "muted"), (visible(text), "")) for name, text in facts]
    odd = [*(person.marks if person is not None else ()), *remarks(persona)]
    for mark in odd:
        lines += wrapped(mark, width, "care", indent="  ", first="⚠ ")
    return lines


def _sees(sees: Matrix | ConsoleError, persona: Persona, width: int) -> list[Line]:
    if isinstance(sees, ConsoleError):
        lines: list[Line] = [(("What is seen", "strong"),)]
        lines += wrapped(sees.message, width, "bad", indent="  ", first="✕ ")
        return [*lines, *wrapped(sees.hint, width, "", indent="    ")]
    cells = [(row.table, row.cells[persona.label][Command.SELECT]) for row in sees.rows]
    counts = Counter(cell.state for _, cell in cells)
    withheld = sum(cell.withheld for _, cell in cells)
    counts["error"] -= withheld
    said = [
        f"{CELLS[state].glyph} {_WORDS[state]} {how} {counts[state]}"
        for state, how in _SAID.items()
        if counts[state]
    ]
    said += [f"{CELLS['error'].glyph} result withheld on {withheld}"] if withheld else []
    tables = words.plural(len(cells), "table")
    lines = [(("What is seen", "strong"),)]
    lines += wrapped(f"{tables}: {'   '.join(said)}", width, "", indent="  ")
    for table, cell in cells:
        if cell.state in ("all", "some", "error"):
            amount = _amount(cell)
            name = visible(table.removeprefix("public."))
            lines.append(
                (
                    (f"  {CELLS[cell.state].glyph} ", ""),
                    (f"{name:<34}", ""),
                    (f"{amount:>20}", "muted"),
                )
            )
    return lines


def _amount(cell: Cell) -> str:
    if cell.visible is None:
        return "withheld" if cell.withheld else _WORDS[cell.state]
    mine = words.count(cell.visible) if cell.exact else f"≥ {words.count(cell.visible)}"
    if cell.total is None:
        return mine
    return f"{mine} of {'' if cell.exact else '~'}{words.count(cell.total)}"


def _containment(summary: Summary, width: int) -> list[Line]:
    from console.access.entrance import preview_login_sql

    text = (
        f"{summary.login}, a superuser: a function that a policy calls could take that role back"
        " before it is noticed. A login that can be nobody else leaves it no such role; name it as"
        " preview_user in the profile. A view that is opened runs its query as the login itself."
    )
    lines = wrapped(text, width, "care", indent="  ")
    for line in preview_login_sql().splitlines():
        lines += wrapped(line, width, "sql", indent="    ")
    return lines
