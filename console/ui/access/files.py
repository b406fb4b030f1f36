"""Asks for a file's name, and writes or reads it before it leaves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input, Static

from console.errors import ConsoleError, Refused
from console.ui.dialogs import Dialog
from console.ui.paths import path_of
from console.ui.widgets.field import Field
from console.visible import visible

Work = Callable[[Path, bool], str]
"""Given the path, and whether what is there may be replaced; returns what to say, if anything."""


class AskFile(Dialog[Path]):
    """A path to write to; one that is taken is only replaced when it is confirmed as it stands."""

    hints = (("enter", "go on"), ("esc", "back"))

    def __init__(self, heading: str, name: str, work: Work) -> None:
        super().__init__()
        self.heading = heading
        self._proposed = name
        self._work = work
        self._taken: Path | None = None

    def body(self) -> ComposeResult:
        """Yields the field, and room for what went wrong."""
        yield Field(id="file-name")
        yield Static(
            Content.styled(f"in {visible(str(Path.cwd()))}", "$muted"), classes="dialog-text"
        )

    def on_mount(self) -> None:
        """Proposes a name."""
        field = self.query_one(Input)
        field.value = self._proposed
        field.cursor_position = len(self._proposed)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Does it, or says why not and stays."""
        if not event.value.strip():
            return
        text = self.query_one(".dialog-text", Static)
        try:
            path = path_of(event.value)
            said = self._work(path, path == self._taken)
        except Refused as error:
            self._taken = path
            text.update(
                Content.assemble(
                    ("✕ ", "$error bold"),
                    visible(error.message),
                    "; ",
                    ("enter", "bold $primary"),
                    " once more replaces it",
                )
            )
        except ConsoleError as error:
            text.update(
                Content.assemble(
                    ("✕ ", "$error bold"), visible(error.message), f"\n  {visible(error.hint)}"
                )
            )
        else:
            if said:
                self.app.notify(f"{said} {visible(str(path))}", markup=False)
            self.dismiss(path)
