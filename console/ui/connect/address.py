"""A field for a URL: a password in it is not shown."""

from __future__ import annotations

import re

from rich.highlighter import Highlighter
from rich.text import Text

from console.ui.widgets.field import Field

_PASSWORDS = (
    re.compile(r"://[^:/@\s]*:(?P<secret>[^/\s]*?)(?=@|$)"),
    re.compile(r"password\s*=\s*(?P<secret>'[^']*'?|[^\s&]+)", re.IGNORECASE),
)


def masked(text: str) -> str:
    """Puts a dot in the place of each character of a password; nothing else moves."""
    for pattern in _PASSWORDS:
        for match in pattern.finditer(text):
            start, end = match.span("secret")
            # Behind a bare host a colon begins a port; it is shown once it can be no password.
            if "@" not in text and re.fullmatch("[0-9]{1,5}", text[start:end]):
                continue
            text = text[:start] + "•" * (end - start) + text[end:]
    return text


class _Mask(Highlighter):
    """What Input asks for the look of its text."""

    def __call__(self, text: str | Text) -> Text:
        return Text(masked(str(text)), no_wrap=True, overflow="ignore", end="")

    def highlight(self, text: Text) -> None:
        """Not called: the text itself is another."""


class AddressField(Field):
    """Takes a URL or a conninfo string."""

    def __init__(self, placeholder: str, id: str = "") -> None:  # noqa: A002
        super().__init__(placeholder=placeholder, id=id)
        self.highlighter = _Mask()
