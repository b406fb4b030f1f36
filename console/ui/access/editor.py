"""The claims of a persona's token, as JSON to be edited; judged while typing."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static, TextArea

from console.access.persona import Persona, remarks, replace_claims, with_aal
from console.errors import UsageError
from console.ui.access import presets
from console.ui.connections import Connections
from console.ui.dialogs import Dialog
from console.ui.widgets.editor import Editor
from console.visible import json_text, visible


class ClaimsEditor(Dialog[Persona]):
    """Edits claims; what it answers is the persona with exactly those."""

    BINDING_GROUP_TITLE = "Claims"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f2", "level", "One factor or two"),
        Binding("f3", "take", "Look as this"),
        Binding("f4", "save", "Save as a preset"),
        Binding("escape", "leave", "Back"),
    ]
    hints = (("F3", "look as this"), ("F2", "aal1 / aal2"), ("F4", "save"), ("esc", "back"))

    def __init__(self, connections: Connections, persona: Persona) -> None:
        super().__init__()
        self.connections = connections
        self.persona = persona
        self.heading = f"Claims of {visible(persona.label)}"

    def body(self) -> ComposeResult:
        """Yields the editor, and what there is to say about what stands in it."""
        yield Editor(json_text(self.persona.claims, indent=2))
        yield Static(id="claims-verdict")

    def on_mount(self) -> None:
        """Says at once what is odd."""
        self.query_one(".dialog").add_class("editing")
        self.judge()

    @property
    def edited(self) -> Persona:
        """The persona with the claims as they stand there.

        Raises:
            UsageError: They can't be claims.
        """
        return replace_claims(self.persona, self.query_one(Editor).text)

    @on(TextArea.Changed)
    def judge(self) -> None:
        """Says whether these can be claims, what they make, and what is odd about them."""
        try:
            persona = self.edited
        except UsageError as error:
            verdict = Content.assemble(
                ("✕ ", "$error bold"),
                visible(error.message),
                "\n",
                (f"  {visible(error.hint)}", "$muted"),
            )
        else:
            odd = remarks(persona)
            facts = " · ".join(filter(None, (persona.role, persona.aal)))
            verdict = Content.assemble(("✓ ", "$success bold"), visible(facts))
            for remark in odd:
                verdict = Content.assemble(verdict, "\n", (f"⚠ {visible(remark)}", "$warning"))
        self.query_one("#claims-verdict", Static).update(verdict)

    def action_level(self) -> None:
        """Changes the claims to one factor, or to two."""
        try:
            persona = self.edited
        except UsageError:
            return
        changed = with_aal(persona, 1 if persona.aal == "aal2" else 2)
        self.query_one(Editor).load_text(json_text(changed.claims, indent=2))

    def action_take(self) -> None:
        """Looks as the persona with these claims, if they can be claims."""
        try:
            self.dismiss(self.edited)
        except UsageError:
            self.app.bell()

    def action_save(self) -> None:
        """Saves the persona with these claims as a preset."""
        try:
            persona = self.edited
        except UsageError:
            self.app.bell()
        else:
            presets.save(self, self.connections, persona)
