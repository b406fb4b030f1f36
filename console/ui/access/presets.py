"""Asks what a preset is to be called, and writes it; asks, and takes one out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from textual.app import App, ComposeResult
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Input, Static

from console.connection.config import config_path
from console.errors import ConsoleError, Refused
from console.ui.connections import PEOPLE, Connections
from console.ui.dialogs import Acknowledge, Dialog
from console.ui.widgets.field import Field
from console.visible import visible

if TYPE_CHECKING:
    from console.access.chosen import Chosen
    from console.access.persona import Persona


class NamePreset(Dialog[str]):
    """Asks for a name, and saves; one that is there gives way only to a `y`."""

    heading = "Save as a preset"
    hints = (("enter", "save"), ("esc", "back"))

    def __init__(self, preset: Chosen) -> None:
        super().__init__()
        self.preset = preset

    def body(self) -> ComposeResult:
        """Yields what would be kept, the field, and where it goes."""
        yield Static(described(self.preset), classes="dialog-text")
        yield Field(placeholder="a name, such as support", id="preset-name")
        yield Static(
            Content.styled(f"It goes into {visible(str(config_path()))}.", "$muted"),
            id="preset-told",
            classes="dialog-text",
        )

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Saves it, or says why not and stays."""
        if event.value.strip():
            self._save(replace(self.preset, preset=event.value.strip()))

    def _save(self, preset: Chosen, *, instead: bool = False) -> None:
        from console.access.presets import save_preset

        try:
            save_preset(preset, replace=instead)
        except Refused:
            self._ask(preset)
        except ConsoleError as error:
            self.query_one("#preset-told", Static).update(_told(error))
        else:
            self.app.notify(f"the preset {visible(preset.preset)} is saved", markup=False)
            self.dismiss(preset.preset)

    def _ask(self, preset: Chosen) -> None:
        def answer(yes: bool | None) -> None:
            if yes:
                self._save(preset, instead=True)

        text = Content("There is one of that name. In its place would be kept:\n\n  ")
        heading = f"Replace the preset {visible(preset.preset)}?"
        self.app.push_screen(Acknowledge(heading, text + described(preset)), answer)


def described(preset: Chosen) -> Content:
    """Says what a preset keeps."""
    said = [(visible(preset.name), "bold")]
    said += [(f" · aal{preset.aal}", "$muted")] if preset.aal else []
    said += [(f" · {visible(preset.claims)}", "$muted")] if preset.claims else []
    return Content.assemble(*said)


def save(
    screen: Screen[Any],
    connections: Connections,
    persona: Persona,
    then: Callable[[], None] = lambda: None,
) -> None:
    """Asks how a persona is to be called, and saves it as a preset.

    Args:
        screen: From where it is asked.
        connections: Tell what the persona has by its name alone.
        persona: Whom to save, with the claims as they are.
        then: Called once it is saved.
    """

    def named(name: str | None) -> None:
        if name is not None:
            then()

    async def ask() -> None:
        from console.access.presets import preset_of

        try:
            preset = await preset_of(await connections.open(PEOPLE), persona)
        except ConsoleError as error:
            screen.notify(_told(error).plain, severity="warning", timeout=8, markup=False)
        else:
            screen.app.push_screen(NamePreset(preset), named)

    screen.run_worker(ask(), group="preset", exclusive=True)


def remove(app: App[Any], name: str, then: Callable[[], None]) -> None:
    """Asks, and takes a preset out of the configuration file.

    Args:
        app: Shows the question.
        name: Of the preset.
        then: Called afterwards.
    """

    def answer(yes: bool | None) -> None:
        from console.access.presets import remove_preset

        if not yes:
            return
        try:
            remove_preset(name)
        except ConsoleError as error:
            app.notify(_told(error).plain, severity="warning", timeout=8, markup=False)
        then()

    text = Content("It goes out of the configuration file. In the database nothing changes.")
    app.push_screen(Acknowledge(f"Remove the preset {visible(name)}?", text), answer)


def _told(error: ConsoleError) -> Content:
    hint = f"\n  {visible(error.hint)}" if error.hint else ""
    return Content.assemble(("✕ ", "$error bold"), visible(error.message), hint)
