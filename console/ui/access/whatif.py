"""The view `what-if` of the access pane: another expression for a policy, tried on the rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from console.errors import ConsoleError
from console.ui import words
from console.ui.access.policies import PolicyList, told
from console.ui.access.view import View
from console.ui.clipboard import copy
from console.ui.connections import Connections
from console.ui.places import Place
from console.ui.trouble import keys
from console.ui.widgets.editor import Editor
from console.ui.widgets.field import Field
from console.ui.widgets.lines import Lines
from console.ui.widgets.sql import highlighted
from console.visible import visible

if TYPE_CHECKING:
    from console.access.policies import Listed
    from console.access.whatif import WhatIf

_SAMPLE = 50


class WhatifView(View):
    """First the policies; then the one that was chosen, its expression, and what came of it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f5", "try", "Try", key_display="F5", priority=True),
        Binding("y", "copy", "Copy ALTER POLICY"),
        Binding("x", "edit", "Edit"),
        Binding("slash", "filter", "Filter", key_display="/", priority=True),
        Binding("down", "pick(1)", "Next match", show=False),
        Binding("up", "pick(-1)", "Match before", show=False),
        Binding("escape", "stop", "Cancel"),
        Binding("escape", "back", "Back to the policies", priority=True),
        Binding("q", "back", "Back to the policies", show=False),
    ]

    @dataclass
    class Tried(Message):
        """So many rows have been looked at."""

        number: int
        rows: int

    def __init__(self, connections: Connections) -> None:
        super().__init__(connections)
        self._policies: list[Listed] = []
        self._read_at = ""
        self._policy: Listed | None = None
        self._answer: WhatIf | None = None

    def body(self) -> ComposeResult:
        """Yields the list, and the bench a policy is tried on."""
        with Vertical(id="policy-choice"):
            yield Field(placeholder="filter", id="policy-filter")
            yield PolicyList()
        with Vertical(id="policy-bench"):
            yield Static(id="policy-title")
            yield Editor(id="policy-using")
            with VerticalScroll(id="policy-answer"):
                yield Static()

    @property
    def policies(self) -> PolicyList:
        """The list."""
        return self.query_one(PolicyList)

    @property
    def editor(self) -> Editor:
        """The expression."""
        return self.query_one(Editor)

    @property
    def result(self) -> VerticalScroll:
        """What came of it."""
        return self.query_one("#policy-answer", VerticalScroll)

    def take_focus(self) -> None:
        """Puts the focus on the list, or on the expression until it was tried."""
        if not self.has_body:
            super().take_focus()
        elif self._policy is None:
            self.screen.set_focus(self.policies)
        else:
            self.screen.set_focus(self.editor if self._answer is None else self.result)

    # The policies

    def look(self, place: Place | None = None) -> None:
        """Reads the policies once; for somebody else, what came of it no longer holds."""
        if self._policy is not None:
            self._open(self._policy, keep=True)
        elif self._policies:
            self._list(self._policies)
        else:
            self._read()

    def action_again(self) -> None:
        """Tries again, or reads the policies again."""
        if self._policy is not None:
            self.action_try()
        else:
            self._read()

    def _read(self) -> None:
        async def question() -> list[Listed]:
            from console.access.policies import list_policies

            return await list_policies(await self.login())

        if not self.has_body:
            self.say(Content.styled("Reading the policies.", "$muted"))
        self.ask("reading policies", question, self._take_policies)

    def _take_policies(self, found: list[Listed]) -> None:
        self._policies = found
        self._read_at = words.clock()
        self._list(found)

    def _list(self, found: list[Listed]) -> None:
        tables = len({policy.table for policy in found})
        self.caption.left = Content.assemble(
            (words.plural(len(found), "policy", "policies"), "bold"),
            f" on {words.plural(tables, 'table')}",
        )
        self.caption.right = Content.styled(self._read_at, "$muted")
        if not found:
            self.say(Content("This database has no policies: there is nothing to try."))
            return
        self._bench(shown=False)
        self.policies.show(found, self.query_one(Input).value)
        self.show_body()

    def _bench(self, *, shown: bool) -> None:
        self.query_one("#policy-choice").display = not shown
        self.query_one("#policy-bench").display = shown

    @on(Lines.Chosen)
    def _chosen(self) -> None:
        policy = self.policies.current
        if policy is None:
            return
        if policy.using is None and policy.command == "insert":
            self.notify(
                "It is for INSERT and has no USING: ask why with a row to try instead.",
                severity="warning",
                markup=False,
            )
            return
        self._open(policy)

    @on(Input.Changed, "#policy-filter")
    def _narrow(self, event: Input.Changed) -> None:
        self.policies.narrow(event.value)

    @on(Input.Submitted, "#policy-filter")
    def _narrowed(self) -> None:
        self.screen.set_focus(self.policies)

    # The bench

    def _open(self, policy: Listed, *, keep: bool = False) -> None:
        self._policy, self._answer = policy, None
        if not keep:
            self.editor.load_text(policy.using or "true")
            self.editor.move_cursor(self.editor.document.end)
        self._bench(shown=True)
        self._title()
        hint = keys(("F5", "tries it on the rows"), ("esc", "back"))
        lines = [Content("Nothing is changed: the expression is evaluated over the rows."), hint]
        if policy.check is not None:
            check = Content.assemble(("with check ", "$muted"), highlighted(policy.check))
            lines = [check, Content(""), *lines]
        self.result.query_one(Static).update(Content("\n").join(lines))
        self.show_body()
        self.take_focus()
        self.refresh_bindings()

    def _title(self) -> None:
        policy, persona = self._policy, self.persona
        assert policy is not None
        who = visible(persona.label) if persona is not None else ""
        self.caption.left = Content.assemble(
            (visible(policy.name), "bold"), f" on {visible(policy.table)}  as {who}"
        )
        self.caption.right = Content("")
        self.query_one("#policy-title", Static).update(
            Content.assemble((f" {visible(policy.purpose)}", "$primary"), ("  using", "$muted"))
        )

    def action_try(self) -> None:
        """Tries the expression on the rows."""
        policy, persona = self._policy, self.persona
        assert policy is not None
        if persona is None:
            return
        using, number = self.editor.text.strip(), self._number + 1

        def tried(rows: int) -> None:
            self.post_message(self.Tried(number, rows))

        async def question() -> WhatIf:
            from console.access.whatif import whatif
            from console.catalog.relations import find_relation

            login = await self.login()
            return await whatif(
                login,
                await self.acting(),
                persona,
                await find_relation(login, policy.table),
                policy.name,
                using,
                sample=_SAMPLE,
                on_rows=tried,
            )

        self.ask("trying", question, self._take)

    @on(Tried)
    def _tried(self, message: Tried) -> None:
        message.stop()
        if message.number == self._number and self.busy:
            self._title()
            self.caption.left += Content(f"  {words.plural(message.rows, 'row')} tried")

    def _take(self, answer: WhatIf) -> None:
        self._answer = answer
        self._title()
        spent = words.duration(answer.elapsed)
        self.caption.right = Content.styled(f"{words.clock()}, {spent}", "$muted")
        self.result.query_one(Static).update(told(answer))
        self.result.scroll_home(animate=False)
        self.take_focus()

    def failed(self, error: ConsoleError) -> None:
        """Says what is wrong with the expression under it, and goes back to it."""
        super().failed(error)
        if self._policy is not None and self.has_body:
            self.caption.right = Content.styled("✕", "$error bold")
            lines = [Content.assemble(("✕ ", "$error bold"), visible(error.message))]
            if error.hint:
                lines.append(Content(f"  {visible(error.hint)}"))
            self._answer = None
            self.result.query_one(Static).update(Content("\n").join(lines))
            self.screen.set_focus(self.editor)

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offers only what applies now."""
        focused, bench = self.screen.focused, self.has_body and self._policy is not None
        match action:
            case "try":
                return bench and self.online and not self.busy
            case "copy" | "edit":
                return bench and self._answer is not None and focused is not self.editor
            case "filter":
                return self.has_body and focused is self.policies
            case "pick":
                return isinstance(focused, Input)
            case "back":
                return not self.busy and (bench or isinstance(focused, Input))
            case _:
                return super().check_action(action, parameters)

    def action_copy(self) -> None:
        """Copies the statement that would make it so."""
        if self._answer is not None:
            copy(self.app, self._answer.sql, "The statement")

    def action_edit(self) -> None:
        """Goes back to the expression."""
        self.screen.set_focus(self.editor)

    def action_filter(self) -> None:
        """Goes to the filter."""
        self.screen.set_focus(self.query_one(Input))

    def action_pick(self, step: int) -> None:
        """Moves through the matches without leaving the filter."""
        self.policies.action_move(step)

    def action_back(self) -> None:
        """Goes back to the policies; from the filter, with all of them."""
        if self._policy is not None:
            self._policy = self._answer = None
            self.error = None
            self._list(self._policies)
            self.take_focus()
        else:
            self.query_one(Input).value = ""
            self.screen.set_focus(self.policies)
