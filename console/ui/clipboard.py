"""Copying by OSC 52: the terminal takes the text, and gives no answer."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from console.ui import words

if TYPE_CHECKING:
    from textual.app import App

LIMIT = 74_000
"""Bytes of UTF-8. Several terminals drop a longer sequence (100,000 after base64) silently."""

_PORTION = 700
"""Characters that GNU screen passes on at a time; it takes no string of 768 or more."""


def sequence(text: str, environment: Mapping[str, str]) -> str:
    """Returns what puts text into the terminal's clipboard, through tmux or screen where we run.

    tmux takes OSC 52 itself where `set-clipboard` is on, and passes on what is wrapped where
    `allow-passthrough` is; it drops in silence what it does not take, so it gets both. GNU
    screen only passes on, in portions.

    Args:
        text: What is copied.
        environment: Where `TMUX` and `STY` tell what we run in.
    """
    plain = f"\x1b]52;c;{base64.b64encode(text.encode()).decode()}\x07"
    if environment.get("TMUX"):
        escaped = plain.replace("\x1b", "\x1b\x1b")
        return f"{plain}\x1bPtmux;{escaped}\x1b\\"
    if environment.get("STY"):
        portions = (plain[at : at + _PORTION] for at in range(0, len(plain), _PORTION))
        return "".join(f"\x1bP{portion}\x1b\\" for portion in portions)
    return plain


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
