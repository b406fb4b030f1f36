"""The one path from untrusted text to a terminal.

Anything that came from a database (cells, identifiers, error messages, notices, comments)
may hold terminal control sequences, bidirectional overrides or invisible characters. They
are replaced by marks a person can see, one column wide where possible, so that nothing
the data holds can move the cursor, write the clipboard or hide itself.
"""

from __future__ import annotations

import json
import re
import unicodedata

# Everything but the printable part of ASCII and Latin; is_unsafe() decides about the rest.
_SUSPECT = re.compile("[^\x20-\x7e\xa1-\xac\xae-\u0377]")
# Controls (C0, C1), format characters (bidi, zero width), surrogates, private use,
# unassigned code points, line and paragraph separators.
_UNSAFE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def is_unsafe(character: str) -> bool:
    """Tells whether a character may act on a terminal or hide from the reader."""
    return unicodedata.category(character) in _UNSAFE_CATEGORIES


def _mark(match: re.Match[str]) -> str:
    character = match.group()
    if not is_unsafe(character):
        return character
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    return f"⟨{code:04X}⟩"


def visible(text: str) -> str:
    """Returns text with every unsafe character replaced by a visible mark.

    C0 controls become control pictures (`␛` for ESC, `␊` for a newline), everything else
    becomes its code point in angle brackets (`⟨202E⟩`). The result is a single line.
    """
    if text.isprintable():
        return text
    return _SUSPECT.sub(_mark, text)


def visible_lines(text: str) -> str:
    """Like visible(), but keeps line breaks and turns tabs into spaces, for SQL and prose."""
    return "\n".join(visible(line) for line in text.expandtabs(4).split("\n"))


def _escape(match: re.Match[str]) -> str:
    character = match.group()
    if not is_unsafe(character):
        return character
    code = ord(character)
    if code > 0xFFFF:
        code -= 0x10000
        return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"
    return f"\\u{code:04x}"


def json_text(value: object, *, indent: int | None = None) -> str:
    r"""Serialises a value as JSON in which unsafe characters are `\uXXXX` escapes.

    The document parses back to exactly the same value, and is safe to print.
    """
    text = json.dumps(value, ensure_ascii=False, indent=indent, default=str)
    if indent is None:
        return _SUSPECT.sub(_escape, text)
    return "\n".join(_SUSPECT.sub(_escape, line) for line in text.split("\n"))
