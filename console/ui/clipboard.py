"""Copying by OSC 52: the terminal takes the text, and gives no answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from console.ui import words

if TYPE_CHECKING:
    from textual.app import App

LIMIT = 74_000
"""Bytes of UTF-8. Several terminals drop a longer sequence (100,000 after base64) silently."""


def copy(app: App[Any], text: str, what: str) -> None:
    """Sends text to the terminal's clipboard, or says why not.

    Args:
        app: Whose terminal.
        text: What goes to the clipboard.
        what: What is copied, in the words of the screen; must not come from data.
    """
    text = text.encode("utf-8", "replace").decode("utf-8")
    octets = len(text.encode("utf-8"))
    if octets > LIMIT:
        app.notify(
            f"{what} is {words.size(octets)}: too much for the terminal's clipboard",
            severity="warning",
            markup=False,
        )
        return
    app.copy_to_clipboard(text)
    app.notify(
        f"{what} copied ({words.size(octets)})",
        timeout=2,
        markup=False,
    )
