"""The view `compare` of the access pane: what one sees and another does not, table by table."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message

from console.errors import ConsoleError
from console.ui import words
from console.ui.access.cells import drawn
from console.ui.access.view import View
from console.ui.connections import Connections
from console.ui.pane import Pane
from console.ui.places import Place, TablePlace
from console.ui.trouble import keys
from console.ui.widgets.findings import Finding, FindingList, Findings
from console.visible import visible

if TYPE_CHECKING:
    from console.access.comparison import Comparison, Difference
    from console.access.persona import Persona


class CompareView(View):
    """The lens and somebody beside it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "other", "Compare with"),
        Binding("n", "anonymous", "With anon"),
        Binding("x", "swap", "Swap"),
        Binding("o", "open", "Open rows"),
    ]

    @dataclass
    class Reached(Message):
        """Another table is being compared."""

        number: int
        table: str
        done: int
        every: int

    def __init__(self, connections: Connections) -> None:
        super().__init__(connections)
        self._other: Persona | None = None
        self._wanted: tuple[Persona, Persona] | None = None

    def body(self) -> ComposeResult:
        """Yields list and detail."""
        yield Findings()

    def take_focus(self) -> None:
        """Puts the focus on the list."""
        if self.has_body:
            self.query_one(Findings).take_focus()
        else:
            super().take_focus()

    # Asking

    def look(self, place: Place | None = None) -> None:
        """Compares, once there are two who are not the same."""
        first, second = self.persona, self._other
        assert first is not None
        if second is None or second.label == first.label:
            self._wanted = None
            who = Content.styled(visible(first.label), "bold")
            self.caption.left, self.caption.right = who, Content("")
            ways = keys(("a", "choose somebody"), ("n", "anon"))
            question = Content.assemble("Compare ", who, " with whom?")
            self.say(Content("\n").join([question, Content(""), ways]))
            return
        if self._wanted == (first, second):
            return
        self._wanted = (first, second)
        number = self._number + 1
        both = f"{visible(first.label)} and {visible(second.label)}"
        if not self.has_body:
            self.say(Content.styled(f"Comparing what {both} see.", "$muted"))

        def reached(table: str, done: int, every: int) -> None:
            self.post_message(self.Reached(number, table, done, every))

        async def question_() -> Comparison:
            from console.access.comparison import compare

            return await compare(
                await self.login(), await self.acting(), first, second, on_table=reached
            )

        self.ask("comparing", question_, self._take)

    @on(Reached)
    def _reached(self, message: Reached) -> None:
        message.stop()
        if message.number == self._number and self.busy:
            self.caption.left = Content.assemble(
                (visible(message.table), "bold"),
                f"  {words.count(message.done)} of {words.count(message.every)} readings",
            )

    def _take(self, found: Comparison) -> None:
        first, second = found.personas
        names = f"{visible(first.label)} | {visible(second.label)}"
        number = len(found.differences)
        verdict = (
            (f"{words.plural(number, 'table differs', 'tables differ')}", "$warning")
            if number
            else ("✓ both see the same rows", "$success")
        )
        same = f", {words.count(len(found.same))} same"
        self.caption.left = Content.assemble((names, "bold"), "  ", verdict, (same, "$muted"))
        self.caption.right = Content.styled(
            f"{words.clock()}, {words.duration(found.elapsed)}", "$muted"
        )
        entries = [_listed(found, difference) for difference in found.differences]
        entries.sort(key=lambda entry: _GROUPS.index(entry.group.split(" ")[0]))
        entries += [_same(table) for table in found.same]
        if not entries:
            self.say(Content.styled("There is no table to compare.", "$muted"))
            return
        self.query_one(Findings).show(entries)
        self.show_body()

    def failed(self, error: ConsoleError) -> None:
        """Asks anew the next time."""
        self._wanted = None
        super().failed(error)

    def cancelled(self) -> None:
        """Asks anew the next time."""
        self._wanted = None
        super().cancelled()

    def action_again(self) -> None:
        """Compares again."""
        self._wanted = None
        super().action_again()

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offers only what applies now."""
        match action:
            case "other" | "anonymous":
                return self.online and self.persona is not None
            case "swap":
                return self._other is not None and self.persona is not None
            case "again":
                return super().check_action(action, parameters) and self._other is not None
            case "open":
                return self.has_body and self._current() is not None
            case _:
                return super().check_action(action, parameters)

    def _current(self) -> Finding | None:
        return self.query_one(FindingList).current

    def action_other(self) -> None:
        """Asks whom to compare with."""
        from console.ui.access.picker import PersonaPicker

        self.app.push_screen(PersonaPicker(self.connections, None), self._with)

    def action_anonymous(self) -> None:
        """Compares with who has not signed in."""
        from console.access.persona import of_role

        self._with(of_role("anon"))

    def _with(self, persona: Persona | None) -> None:
        from console.access.persona import told_apart

        if persona is None or self.persona is None:
            return
        other = told_apart(persona, [self.persona])
        if other is None:
            self.notify("that is who you look as; choose somebody else", markup=False)
            return
        self._other = other
        self._look(None)

    def action_swap(self) -> None:
        """Looks as the other, and compares with who was the lens."""
        lens, self._other = self._other, self.persona
        self.post_message(Pane.Adopt(lens))

    def action_open(self) -> None:
        """Opens the table as the lens."""
        finding = self._current()
        if finding is not None:
            self.post_message(Pane.Visit(TablePlace(finding.name)))


_GROUPS = ("result", "each", "only", "not")


def _listed(found: Comparison, difference: Difference) -> Finding:
    first, second = found.personas
    if difference.withheld:
        group, mark, style = "result withheld: containment broke", "✕", "$error"
    elif difference.only is None:
        group, mark, style = "not compared row by row", "?", "$warning"
    else:
        mark, style = f"{difference.only[0]:,}|{difference.only[1]:,}", "$warning"
        sees = [p.label for p, rows in zip(found.personas, difference.only, strict=True) if rows]
        group = "each sees rows of its own" if len(sees) == 2 else f"only {visible(sees[0])} sees"
    return Finding(
        group=group,
        mark=mark,
        kind="",
        name=difference.table,
        style=style,
        detail=partial(_detail, (first, second), difference),
        sql=difference.query,
        heading=style,
    )


def _same(table: str) -> Finding:
    def detail(_: int) -> Content:
        return Content.assemble((visible(table), "bold"), "\n\nBoth see the same rows, or none.")

    return Finding("the same for both", "=", "", table, "$muted", detail, heading="$muted")


def _detail(personas: tuple[Persona, Persona], difference: Difference, width: int) -> Content:
    parts = [Content.styled(visible(difference.table), "bold")]
    labels = [visible(persona.label) for persona in personas]
    longest = min(max(map(len, labels)), 30)
    parts.append(
        Content("\n").join(
            Content.assemble((f"{label[:longest]:<{longest}}  ", "$muted"), drawn(cell, 24))
            for label, cell in zip(labels, difference.cells, strict=True)
        )
    )
    if difference.message:
        parts.append(Content.assemble(("? ", "$warning"), visible(difference.message)))
    if difference.only is not None and difference.both is not None:
        parts.append(Content(f"{words.plural(difference.both, 'row')} seen by both"))
        key = ", ".join(map(visible, difference.key))
        for label, number, sample in zip(labels, difference.only, difference.samples, strict=True):
            if not number:
                continue
            lines = [
                Content.assemble(
                    (f"only {label}: {words.plural(number, 'row')}", "bold"), (f"  {key}", "$muted")
                )
            ]
            lines += [
                Content("  " + ", ".join("∅" if part is None else visible(part) for part in row))
                for row in sample
            ]
            if number > len(sample):
                lines.append(
                    Content.styled(f"  and {words.count(number - len(sample))} more", "$muted")
                )
            parts.append(Content("\n").join(lines))
    return Content("\n\n").join(parts)
