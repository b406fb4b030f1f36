"""Why a row is seen or not, why a write would go through or not: answered in one sentence."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from console.access.marks import ANSWERS, STEPS, WITHHELD
from console.access.rules import Command, readable
from console.access.telling import Line, headline, plain, tell, wrapped
from console.errors import ConsoleError
from console.ui import words
from console.ui.access.question import AskWhy, Question, TryRow
from console.ui.access.told import Told, content
from console.ui.access.view import View, nobody
from console.ui.clipboard import copy
from console.ui.pane import Pane
from console.ui.places import Place, TablePlace, WhyPlace
from console.ui.trouble import keys, trouble
from console.visible import visible

if TYPE_CHECKING:
    from console.access.answer import Decision
    from console.access.persona import Persona

_DOES = {
    Command.SELECT: "see this row",
    Command.INSERT: "insert this row",
    Command.UPDATE: "update this row",
    Command.DELETE: "delete this row",
}


class WhyView(View):
    """One question and its answer."""

    BINDING_GROUP_TITLE = "Why"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "question", "Row"),
        Binding("s", "command('select')", "See"),
        Binding("n", "command('insert')", "Insert"),
        Binding("u", "command('update')", "Update"),
        Binding("x", "command('delete')", "Delete"),
        Binding("v", "returning", "With RETURNING or without", show=False),
        Binding("y", "copy", "Copy SQL"),
        Binding("Y", "copy_all", "Copy the answer", show=False),
        Binding("o", "open_table", "Open the table", show=False),
    ]
    needs_persona = False
    legend = (*ANSWERS.values(), WITHHELD, *STEPS.values())

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.question: Question | None = None
        self.decision: Decision | None = None
        self._answered: Question | None = None
        """What the answer on the screen is to."""

    def body(self) -> ComposeResult:
        """Yields the answer."""
        yield Told()

    def take_focus(self) -> None:
        """The answer scrolls."""
        self.screen.set_focus(self.query_one(Told))

    @property
    def who(self) -> Persona | None:
        """Whom the question is about."""
        return (self.question.persona if self.question else None) or self.persona

    def look(self, place: Place | None = None) -> None:
        """Puts the question that a place names, or the last one again."""
        if isinstance(place, WhyPlace):
            command = place.command or Command.SELECT
            self.question = Question(place.identity, place.key, command, persona=place.persona)
        elif self.question is not None and self.persona not in (None, self.question.persona):
            self.question = replace(self.question, persona=None)  # another lens was put on
        if self.question is None:
            self.caption.left = self.caption.right = Content("")
            self.say(_unasked(self.persona))
        elif self.who is None:
            self._title(self.question, None)
            self.say(nobody())
        elif place is not None or self.decision is None or self.decision.persona != self.who:
            self._put(self.question)

    def action_again(self) -> None:
        """Puts the same question again."""
        if self.question is not None and self.who is not None:
            self._put(self.question)

    def _put(self, question: Question) -> None:
        self.question = question
        persona = self.who
        assert persona is not None
        if self._answered != question:
            self.say(Content(""))
            self.decision = None
        self._title(question, None)
        doing = f"asking as {visible(persona.label)}"

        async def asked() -> Decision:
            return await question.put(await self.login(), await self.acting(), persona)

        self.ask(doing, asked, partial(self._take, question))

    def _title(self, question: Question, allowed: bool | None) -> None:
        who = self.who.label if self.who else "somebody"
        can = {True: f"can {who}", False: f"can't {who}", None: f"can {who}"}[allowed]
        # The table first where there is little room: the answer itself names the persona.
        asked = f"Why {can} {_DOES[question.command]}?"
        where = f"  {readable(question.identity)} · {question.row_words}"
        self.caption.left = Content.assemble((visible(asked), "bold"), (visible(where), "$muted"))

    def _take(self, question: Question, decision: Decision) -> None:
        self.decision, self._answered = decision, question
        self._title(question, decision.allowed and not decision.obstacles)
        spent = words.duration(decision.elapsed)
        self.caption.right = Content.styled(f"{words.clock()}, {spent}", "$muted")
        self.query_one(Told).show(partial(self._lines, question, decision))
        self.show_body()

    def _lines(self, question: Question, decision: Decision, width: int) -> list[Line]:
        facts = [readable(decision.table), decision.label, question.row_words]
        where = " · ".join(filter(None, facts))
        return [*wrapped(where, width, "muted"), *tell(decision, width)]

    def failed(self, error: ConsoleError) -> None:
        """Tells of a failure; the answer to another question does not stay."""
        if self.question == self._answered and error.code != "containment_broken":
            super().failed(error)
            return
        self.error = error
        self.decision = self._answered = None
        self.caption.right = Content("")
        if error.code == "containment_broken":
            self.say(withheld(error))
        else:
            hints = [("r", "try again"), ("enter", "another row")]
            hints += [("d", "detail")] if error.detail else []
            self.say(trouble(error, *hints))
        self.refresh_bindings()

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offers only what applies now."""
        match action:
            case "command":
                return self.online and self.question is not None and self.who is not None
            case "returning":
                writes = self.question is not None and self.question.command is not Command.SELECT
                return self.online and writes and self.who is not None
            case "question":
                return self.online
            case "copy" | "copy_all":
                return self.decision is not None and self.has_body
            case "open_table":
                return self.question is not None
            case "again":
                idle = self.online and not self.busy
                return idle and self.question is not None and self.who is not None
            case _:
                return super().check_action(action, parameters)

    def action_question(self) -> None:
        """Asks for the table and the row."""

        def answer(question: Question | None) -> None:
            if question is not None:
                self.question = replace(question, persona=None)
                self.look(WhyPlace(question.identity, question.key))

        self.app.push_screen(AskWhy(self.connections, self.question), answer)

    def action_command(self, name: str) -> None:
        """Asks about another command; for what is written, first what."""
        assert self.question is not None
        command = Command(name)
        if command is Command.INSERT and self.question.row is None:
            self._draft(self.question)
        elif command in (Command.INSERT, Command.UPDATE):
            self._ask_values(command, self.question.row if command is Command.INSERT else None)
        else:
            self._put(replace(self.question, command=command))

    def action_returning(self) -> None:
        """Asks about the same write with RETURNING, or without it."""
        assert self.question is not None
        self._put(replace(self.question, returning=not self.question.returning))

    def _draft(self, question: Question) -> None:
        persona = self.who
        assert persona is not None

        async def drafted() -> dict[str, Any]:
            from console.access.drafts import draft_row
            from console.catalog.relations import find_relation

            login = await self.login()
            return await draft_row(login, persona, await find_relation(login, question.identity))

        def take(row: dict[str, Any]) -> None:
            self._ask_values(Command.INSERT, row)

        self.ask("reading the columns", drafted, take)

    def _ask_values(self, command: Command, values: Any) -> None:
        question = self.question
        assert question is not None
        insert = command is Command.INSERT
        heading = "A row to insert into" if insert else "Changes to a row of"
        given = values if values is not None else question.changes or {}

        def answer(text: str | None) -> None:
            if text is not None:
                from console.access.row import parse_values

                typed = parse_values(text)
                if insert:
                    self._put(replace(question, command=command, row=typed))
                else:
                    self._put(replace(question, command=command, changes=typed))

        dialog = TryRow(visible(f"{heading} {readable(question.identity)}"), given)
        self.app.push_screen(dialog, answer)

    def action_copy(self) -> None:
        """Copies the SQL that would change it; the sentence where there is none."""
        assert self.decision is not None
        statements = [remedy.sql for remedy in self.decision.remedies if remedy.sql]
        if statements:
            copy(self.app, "\n".join(statements), "SQL")
        else:
            copy(self.app, self.decision.sentence, "Sentence")

    def action_copy_all(self) -> None:
        """Copies the whole answer as text."""
        assert self.decision is not None
        assert self._answered is not None
        text = plain([headline(self.decision), *self._lines(self._answered, self.decision, 100)])
        copy(self.app, text, "Answer")

    def action_open_table(self) -> None:
        """Goes to the table."""
        assert self.question is not None
        self.post_message(Pane.Visit(TablePlace(self.question.identity)))


def _unasked(persona: Persona | None) -> Content:
    lines = [
        Content.styled("Why does somebody see a row, or not?", "bold"),
        Content("Press w on a row in Tables, or name a table and a row here."),
        Content(""),
        keys(("enter", "name a row"), ("i", "look as somebody")),
    ]
    if persona is not None:
        lines[-1] = keys(("enter", "name a row"), ("1", "tables"))
    return Content("\n").join(lines)


def withheld(error: ConsoleError) -> Content:
    """Says that a result is not shown, why, and what closes the hole for good."""
    from console.access.entrance import preview_login_sql

    lines: list[Line] = [
        ((f"{WITHHELD.glyph} ", "bad"), ("Result withheld: containment broken.", "strong")),
        *wrapped(
            "Something that was evaluated left the persona's role or transaction. Nothing was"
            " written, for the transaction is read-only; the connection has been closed.",
            72,
            "",
            indent="  ",
        ),
        (),
        *wrapped(f"{error.hint[:1].upper()}{error.hint[1:]}.", 72, "", indent="  "),
        (),
        *(
            line
            for statement in preview_login_sql().splitlines()
            for line in wrapped(statement, 72, "sql", indent="    ")
        ),
        (),
    ]
    return Content("\n").join(
        [content(lines), Content.assemble("  ", keys(("d", "how it was noticed"), ("r", "again")))]
    )
