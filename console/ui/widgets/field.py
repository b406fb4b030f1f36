"""A field to type into: one row, no frame, a cursor that keeps still."""

from __future__ import annotations

from textual.widgets import Input


class Field(Input):
    """Textual's input as it suits a slow line: a blinking cursor writes twice a second."""

    def __init__(self, *, placeholder: str = "", password: bool = False, id: str = "") -> None:  # noqa: A002
        super().__init__(
            placeholder=placeholder,
            password=password,
            compact=True,
            select_on_focus=False,
            id=id or None,
        )
        self.cursor_blink = False
