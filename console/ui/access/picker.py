"""Who to look as: people, roles, presets and recent personas, found while typing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from time import monotonic
from typing import TYPE_CHECKING, ClassVar, Literal

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Input, Static

from console.access.persona import Persona
from console.errors import ConsoleError
from console.ui import words
from console.ui.access import offer, presets
from console.ui.access.choices import Choice, ChoiceList
from console.ui.access.offer import Offer
from console.ui.connections import PEOPLE, Connections
from console.ui.dialogs import Dialog
from console.ui.trouble import PATIENCE, keys
from console.ui.widgets.field import Field
from console.ui.widgets.lines import Lines
from console.visible import visible

if TYPE_CHECKING:
    from textual.worker import Worker


_PAUSE = 0.15
"""Seconds without a key until what was typed is looked for."""

Then = Literal["take", "edit", "save"]
"""What becomes of a choice: the answer, claims in an editor, a preset."""


class PersonaPicker(Dialog[Persona]):
    """Asks whose eyes to look through.

    Everything is asked on a connection of its own, so that the question can be put in the
    middle of a slow query.
    """

    BINDING_GROUP_TITLE = "Look as"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "move(1)", "Next", show=False),
        Binding("up", "move(-1)", "Before", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("f2", "level", "One factor or two"),
        Binding("f3", "claims", "Edit the claims"),
        Binding("f4", "save", "Save as a preset"),
        Binding("f8", "remove", "Remove the preset"),
        Binding("escape", "leave", "Back"),
    ]
    heading = "Look as"

    @dataclass
    class Known(Message):
        """Roles, recent personas and presets were read."""

        offer: Offer

    @dataclass
    class Found(Message):
        """People were found."""

        text: str
        people: list[Choice]

    @dataclass
    class Made(Message):
        """The persona is there."""

        persona: Persona
        then: Then

    @dataclass
    class Failed(Message):
        """Something could not be asked."""

        error: ConsoleError

    def __init__(self, connections: Connections, lens: Persona | None) -> None:
        super().__init__()
        self.connections = connections
        self.lens = lens
        self.offer = Offer()
        self.level: int | None = None
        """The assurance level that was chosen, if one was."""
        self._moved = False
        self._awaited: Then | None = None
        """What was asked for by a key that came before the answer."""
        self._worker: Worker[None] | None = None
        self._since = 0.0
        self._pause: Timer | None = None

    def body(self) -> ComposeResult:
        """Yields the field, the list and what is said of the choice."""
        yield Field(placeholder="e-mail, name, id or role", id="persona-search")
        yield ChoiceList()
        yield Static(id="persona-detail")

    def on_mount(self) -> None:
        """Reads what can be offered before anything is typed."""
        self.query_one(".dialog").add_class("picker")
        self.set_interval(0.1, self._tick)
        self._begin(self._read_known())
        self._describe()

    @property
    def choices(self) -> ChoiceList:
        """The list."""
        return self.query_one(ChoiceList)

    @property
    def typed(self) -> str:
        """What is looked for."""
        return self.query_one(Input).value.strip()

    # Asking

    def _begin(self, worker: Worker[None]) -> None:
        self._worker, self._since = worker, monotonic()

    @property
    def searching(self) -> bool:
        """Whether an answer is waited for."""
        return self._worker is not None and not self._worker.is_finished

    @work(exclusive=True, group="people")
    async def _read_known(self) -> None:
        try:
            self.post_message(self.Known(await offer.known(self.connections, self.lens)))
        except ConsoleError as error:
            self.post_message(self.Failed(error))

    @work(exclusive=True, group="people")
    async def _find(self, text: str) -> None:
        try:
            self.post_message(self.Found(text, await offer.found(self.connections, text)))
        except ConsoleError as error:
            self.post_message(self.Failed(error))

    @work(exclusive=True, group="people")
    async def _make(self, choice: Choice, aal: int | None, then: Then) -> None:
        try:
            persona = await offer.persona_of(self.connections, choice, aal)
        except ConsoleError as error:
            self.post_message(self.Failed(error))
        else:
            self.post_message(self.Made(persona, then))

    # What came

    @on(Known)
    def _known(self, message: Known) -> None:
        people, text = self.offer.people, self.offer.text
        self.offer = replace(message.offer, people=people, text=text)
        self._show()
        if self.typed:
            self._look_for()

    @on(Found)
    def _found(self, message: Found) -> None:
        if message.text == self.typed:
            self.offer.people, self.offer.text = message.people, message.text
            self._show()
            if self._awaited is not None:
                self._choose(self._awaited)

    @on(Made)
    def _made(self, message: Made) -> None:
        match message.then:
            case "take":
                self._take(message.persona)
            case "edit":
                self._edit(message.persona)
            case "save":
                presets.save(self, self.connections, message.persona, self._renew)

    def _edit(self, persona: Persona) -> None:
        from console.ui.access.editor import ClaimsEditor

        def edited(persona: Persona | None) -> None:
            if persona is not None:
                self._take(persona)
            else:
                self._renew()  # a preset may have been saved there

        self.app.push_screen(ClaimsEditor(self.connections, persona), edited)

    def _renew(self) -> None:
        """Reads the presets again, which may be others now."""
        self._moved = True  # the cursor stays where it is
        self._begin(self._read_known())

    def _take(self, persona: Persona) -> None:
        from console.access.chosen import remember

        session = self.connections.at_hand(PEOPLE)
        if session is not None and session.server is not None:
            remember(session.server, persona)
        self.dismiss(persona)

    @on(Failed)
    def _failed(self, message: Failed) -> None:
        self._awaited = None
        error = message.error
        hint = f" — {error.hint}" if error.hint else ""
        self._say(Content.assemble(("✕ ", "$error bold"), visible(error.message + hint)))

    # The list

    @on(Input.Changed)
    def _changed(self) -> None:
        self._moved, self._awaited = False, None
        if self._pause is not None:
            self._pause.stop()
        self._pause = self.set_timer(_PAUSE, self._look_for)
        self._show()

    def _look_for(self) -> None:
        if not self.typed:
            self.offer.people, self.offer.text = [], ""
        elif self.typed != self.offer.text:
            self._begin(self._find(self.typed))

    def _show(self) -> None:
        self.choices.show(self.offer.matching(self.typed), moved=self._moved)
        self._describe()

    @on(Lines.Moved)
    def _describe(self) -> None:
        choice = self.choices.current
        self.query_one(".dialog-hints", Static).update(keys(*self._keys()))
        if self.offer.wrong and not self.typed:
            self._say(Content.assemble(("✕ ", "$error bold"), visible(self.offer.wrong)))
            return
        if choice is None:
            looked = self.typed and self.typed == self.offer.text
            self._say(Content("Nobody is called that." if looked else ""))
            return
        self._say(described(choice, self.level))

    def _say(self, text: Content) -> None:
        self.query_one("#persona-detail", Static).update(text)

    def _tick(self) -> None:
        elapsed = monotonic() - self._since
        if self.searching and elapsed > PATIENCE:
            self._say(
                Content.assemble(
                    ("◌ ", "$warning"),
                    f"searching {words.duration(elapsed)}",
                    ("   esc cancels", "$muted"),
                )
            )

    # Keys

    def _keys(self) -> list[tuple[str, str]]:
        known = [("enter", "look as"), ("F2", "aal1/2"), ("F3", "claims"), ("F4", "save")]
        known += [("F8", "remove")] if self.check_action("remove", ()) else []
        return [*known, ("esc", "back")]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offers to remove presets, and nothing else."""
        choice = self.choices.current if action == "remove" else None
        return action != "remove" or bool(choice and choice.chosen.preset)

    @on(Lines.Chosen)
    def _clicked(self) -> None:
        self._choose("take")

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self._choose("take")

    def _choose(self, then: Then) -> None:
        choice = self.choices.current
        late = self.typed and self.typed != self.offer.text and not self._moved
        if choice is None or late:
            waits = bool(self.typed) and self.typed != self.offer.text
            self._awaited = then if waits else None
            return
        self._awaited = None
        self._begin(self._make(choice, self.level or choice.chosen.aal, then))

    def action_move(self, step: int) -> None:
        """Moves through the choices without leaving the field."""
        self._moved = True
        self.choices.action_move(step)

    def action_page(self, step: int) -> None:
        """Moves by a page."""
        self._moved = True
        self.choices.action_page(step)

    def action_level(self) -> None:
        """Signs in with one factor, or with two."""
        choice = self.choices.current
        before = self.level or (choice.aal if choice is not None else None)
        self.level = 1 if before == 2 else 2
        self._describe()

    def action_claims(self) -> None:
        """Opens the claims of the choice in an editor."""
        self._choose("edit")

    def action_save(self) -> None:
        """Saves the choice as a preset."""
        self._choose("save")

    def action_remove(self) -> None:
        """Takes the preset under the cursor out of the configuration file."""
        choice = self.choices.current
        if choice is not None:
            presets.remove(self.app, choice.chosen.preset, self._renew)

    def action_leave(self) -> None:
        """Cancels a search that takes its time; else leaves without an answer."""
        if self.searching and monotonic() - self._since > PATIENCE and self._worker is not None:
            self.run_worker(self.connections.give_up(PEOPLE, self._worker), group="stop")
            self._worker, self._awaited = None, None
            self._say(Content.styled("cancelled", "$warning"))
        else:
            self.dismiss(None)


def described(choice: Choice, level: int | None) -> Content:
    """Says more of a choice than its line holds: what to mind about it, its id, its level."""
    parts = [choice.detail] if choice.detail else []
    level = level or choice.aal
    parts += [f"aal{level}"] if level else []
    about = Content.styled(visible(" · ".join(parts)), "$muted")
    long = [mark for mark in choice.marks if " " in mark]
    if long:
        about = Content.assemble((f"⚠ {visible('; '.join(long))}", "$warning"), "\n", about)
    return about
