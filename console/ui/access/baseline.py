"""The view `baseline` of the access pane: access as a file, and what has changed since."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message

from console.ui import words
from console.ui.access.files import AskFile
from console.ui.access.view import View
from console.ui.clipboard import copy
from console.ui.connections import Connections
from console.ui.pane import Pane
from console.ui.places import Place, TablePlace
from console.ui.trouble import keys
from console.ui.widgets.findings import Finding, FindingList, Findings
from console.ui.widgets.sides import side_by_side
from console.visible import visible

if TYPE_CHECKING:
    from console.access.baseline import Baseline, Change
    from console.access.counting import Known
    from console.access.persona import Persona

FILE = "access.toml"
_WITHHELD = "result withheld"
_DECIDES = "what decides"
Heard = Callable[["Sequence[Known]", int, int], None]


class BaselineView(View):
    """Who is in the next snapshot; after a check, what is not as the file says."""

    needs_persona: ClassVar[bool] = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "take", "New snapshot"),
        Binding("v", "check", "Check a file"),
        Binding("a", "add", "Add persona"),
        Binding("x", "leave_out", "Leave last out"),
        Binding("o", "open", "Open rows"),
        Binding("y", "copy", "Copy command"),
        Binding("escape", "stop", "Cancel"),
        Binding("q,escape", "back", "Back to the personas", show=False),
    ]

    @dataclass
    class Counted(Message):
        """More cells are known."""

        number: int
        known: int
        every: int

    def __init__(self, connections: Connections) -> None:
        super().__init__(connections)
        self._people: list[Persona] = []
        self._path = Path(FILE)
        self._checked: Baseline | None = None

    def body(self) -> ComposeResult:
        """Yields what has changed."""
        yield Findings()

    def take_focus(self) -> None:
        """Puts the focus on what has changed."""
        if self.has_body:
            self.query_one(Findings).take_focus()
        else:
            super().take_focus()

    # Who is in it

    @property
    def people(self) -> list[Persona]:
        """Who is in the next snapshot: anon, the lens, and who was added."""
        from console.access.persona import of_role

        lens = [self.persona] if self.persona is not None else []
        found: list[Persona] = []
        for persona in [of_role("anon"), *lens, *self._people]:
            if persona.label not in {other.label for other in found}:
                found.append(persona)
        return found

    def look(self, place: Place | None = None) -> None:
        """Says who would be in a snapshot; what a check found stays."""
        if not self.has_body and not self.busy:
            self._introduce()

    def _introduce(self) -> None:
        people = self.people
        self.caption.left = Content.assemble(
            ("Access as a file", "bold"), f"  {words.plural(len(people), 'persona')}"
        )
        listed = [Content.assemble("   ", visible(str(persona))) for persona in people]
        lines = [
            Content("A snapshot says for each persona, table and command what is allowed,"),
            Content("in TOML that reads well in a diff. Check it after every migration:"),
            Content.styled(f"   {self._command()}", "$sql-string"),
            Content(""),
            Content.styled("In the next snapshot", "bold $muted"),
            *listed,
            Content(""),
            keys(("n", "new snapshot"), ("v", "check a file"), ("a", "add somebody")),
        ]
        self.say(Content("\n").join(lines))

    def _command(self) -> str:
        return f"rowsight access check {visible(str(self._path))}"

    # Taking and checking

    def action_take(self) -> None:
        """Asks for the file's name, and writes a snapshot there."""

        def taken(path: Path, replace: bool) -> str:
            from console.access.exported import vacant

            vacant(path, replace=replace)
            self._take_to(path, replace)
            return ""

        self.app.push_screen(AskFile("Write the snapshot to", str(self._path), taken))

    def _take_to(self, path: Path, replace: bool) -> None:
        people, number = self.people, self._number + 1
        self._path = path

        async def question() -> str:
            from console.access.baseline import take
            from console.access.exported import write_text
            from console.access.naming import named_of

            login = await self.login()
            named = [await named_of(login, persona) for persona in people]
            text = await take(login, await self.acting(), named, on_cells=self._heard(number))
            write_text(path, text, replace=replace)
            return text

        self.say(Content.styled(f"Counting as {words.plural(len(people), 'persona')}.", "$muted"))
        self.ask("taking a snapshot", question, self._taken)

    def _taken(self, text: str) -> None:
        from console.access.baseline import read_baseline

        self.caption.right = Content.styled(words.clock(), "$muted")
        self.say(
            Content.assemble(
                ("✓ Written: ", "bold $success"),
                (visible(str(self._path)), "bold"),
                f"  {words.size(len(text.encode()))}\n\n",
                _limits(read_baseline(text)),
                "Keep it with the migrations, and check it after each:\n",
                (f"   {self._command()}", "$sql-string"),
                "\n\n",
                keys(("v", "check it now"), ("y", "copy the command"), ("n", "another")),
            )
        )

    def action_check(self) -> None:
        """Asks for the file, and compares the database with it."""

        def read(path: Path, _: bool) -> str:
            from console.access.baseline import read_baseline
            from console.access.exported import read_text

            self._path, self._checked = path, read_baseline(read_text(path))
            self._check(self._checked)
            return ""

        self.app.push_screen(AskFile("Check against", str(self._path), read))

    def _check(self, baseline: Baseline) -> None:
        number = self._number + 1

        async def question() -> list[Change]:
            from console.access.baseline import check

            return await check(
                await self.login(), await self.acting(), baseline, on_cells=self._heard(number)
            )

        if not self.has_body:
            self.say(Content.styled("Comparing with what the file says.", "$muted"))
        self.ask("checking", question, partial(self._compared, baseline))

    def _heard(self, number: int) -> Heard:
        def heard(_: Sequence[Known], known: int, every: int) -> None:
            self.post_message(self.Counted(number, known, every))

        return heard

    @on(Counted)
    def _counted(self, message: Counted) -> None:
        message.stop()
        if message.number == self._number and self.busy:
            of = f"{words.count(message.known)} of {words.count(message.every)} cells"
            self.caption.left = Content.assemble((visible(self._path.name), "bold"), f"  {of}")

    def _compared(self, baseline: Baseline, changes: list[Change]) -> None:
        name = visible(self._path.name)
        self.caption.right = Content.styled(words.clock(), "$muted")
        people = words.plural(len(baseline.expected), "persona")
        if not changes:
            self.caption.left = Content.assemble(("✓ As it was", "bold $success"), f"  {name}")
            self.say(
                Content.assemble(
                    f"Every cell of {people} is as {name} says.\n\n",
                    _limits(baseline),
                    keys(("r", "check again"), ("v", "another file"), ("n", "new snapshot")),
                )
            )
            return
        number = words.plural(len(changes), "change")
        self.caption.left = Content.assemble(
            (f"✕ {number}", "bold $error"), f"  from {name}  {people}"
        )
        listed = [_listed(change) for change in changes]
        self.query_one(Findings).show(sorted(listed, key=lambda one: one.group != _WITHHELD))
        self.show_body()

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offers only what applies now."""
        idle = self.online and not self.busy
        match action:
            case "take" | "check" | "add":
                return idle
            case "again":
                return idle and self._checked is not None
            case "leave_out":
                return idle and not self.has_body and bool(self._people)
            case "open":
                return self.has_body and self.query_one(FindingList).current is not None
            case "copy":
                return not self.has_body and not self.busy
            case "back":
                return not self.busy and self._checked is not None
            case _:
                return super().check_action(action, parameters)

    def action_again(self) -> None:
        """Checks the same file again."""
        if self._checked is not None:
            self._check(self._checked)

    def action_add(self) -> None:
        """Asks for somebody to be in the next snapshot."""
        from console.access.persona import told_apart
        from console.ui.access.picker import PersonaPicker

        def answer(persona: Persona | None) -> None:
            other = None if persona is None else told_apart(persona, self.people)
            if other is not None:
                self._people.append(other)
            self.action_back()

        self.app.push_screen(PersonaPicker(self.connections, None), answer)

    def action_leave_out(self) -> None:
        """Leaves out who was added last."""
        self._people.pop()
        self._introduce()

    def action_open(self) -> None:
        """Opens the rows of the table under the cursor."""
        finding = self.query_one(FindingList).current
        if finding is not None:
            self.post_message(Pane.Visit(TablePlace(finding.name)))

    def action_copy(self) -> None:
        """Copies the command that checks the file."""
        copy(self.app, self._command(), "The command")

    def action_back(self) -> None:
        """Goes back to who is in the next snapshot."""
        self._checked = None
        self._introduce()


def _limits(baseline: Baseline) -> Content:
    return Content("").join(
        Content.styled(f"! {limit[0].upper()}{limit[1:]}.\n\n", "$error")
        for limit in baseline.limits
    )


def _listed(change: Change) -> Finding:
    if not change.persona:
        return _decided_else(change)
    words_ = change.command or ("new" if not change.expected else "gone")

    def detail(width: int) -> Content:
        expected = change.expected or None
        head = Content.assemble(
            (visible(change.table), "bold"), f"  {words_.upper()} as {visible(change.persona)}"
        )
        return head + Content("\n\n") + side_by_side(expected, change.found or None, width)

    return Finding(
        group=_WITHHELD if "withheld" in change.found else change.persona,
        mark=words_,
        kind="",
        name=change.table,
        style="$error",
        detail=detail,
    )


def _decided_else(change: Change) -> Finding:
    """Tells of a fingerprint that is another one, whatever the counts say."""
    from console.access.fingerprint import MEANINGS

    def detail(width: int) -> Content:
        head = Content.assemble(
            (visible(change.table), "bold"),
            f"  {change.command.upper()}\n\n",
            f"{MEANINGS.get(change.command, '')}\n\n",
        )
        return head + side_by_side(change.expected or None, change.found or None, width)

    return Finding(
        group=_DECIDES,
        mark=change.command,
        kind="",
        name=change.table,
        style="$error",
        detail=detail,
        text=Content.assemble((f"{visible(change.command):<10} ", "$error"), visible(change.table)),
    )
