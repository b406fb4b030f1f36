"""SQL in tokens, as the server's own scanner has them, and the functions a text calls by name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from console.errors import UsageError

# Only these are blanks, and whatever is beyond ASCII belongs to a name. Strings are read with
# standard_conforming_strings on. A string goes on behind a line break in the manner it began.
_LETTER = r"A-Za-z_\x80-\U0010ffff"
_ESCAPING = r"'(?:[^'\\]|\\.|'')*+'"
_LINES = r"(?:[ \t\f\v]|--[^\n\r]*+)*+[\n\r](?:[ \t\n\r\f\v]|--[^\n\r]*+[\n\r])*+"
_TOKEN = re.compile(
    rf"""
      (?P<blank>[ \t\n\r\f\v]+)
    | (?P<comment>--[^\n\r]*|/\*)
    | (?P<dollar>\$(?P<tag>(?:[{_LETTER}][{_LETTER}0-9]*)?)\$.*?\$(?P=tag)\$)
    | (?P<string>[eE]{_ESCAPING}(?:{_LINES}{_ESCAPING})*|(?:[uU]&|[nNbBxX])?'(?:[^']|'')*')
    | (?P<quoted>(?:[uU]&)?"(?:[^"]|"")+")
    | (?P<parameter>\$[0-9]+)
    | (?P<number>[0-9][0-9a-zA-Z_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9]+)?|\.[0-9]+(?:[eE][+-]?[0-9]+)?)
    | (?P<name>(?![eE]')[{_LETTER}][{_LETTER}0-9$]*)
    | (?P<cast>::)
    | (?P<operator>(?:(?!--|/\*)[-+*/<>=~!@\#%^&|`?])+|:=)
    | (?P<open>[(\[])
    | (?P<close>[)\]])
    | (?P<mark>[,.;:])
    """,
    re.VERBOSE | re.DOTALL,
)


class Unreadable(UsageError):
    """A text that is no SQL from some place on.

    Attributes:
        position: That place, in characters from 0.
    """

    position: int


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a sign or a literal.

    Attributes:
        kind: The name of the group of the scanner that took it.
        text: As it stands there.
        start: Offset of its first character.
    """

    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        """Offset behind its last character."""
        return self.start + len(self.text)

    @property
    def word(self) -> str:
        """The keyword it may be, in lower case; empty for anything quoted."""
        return self.text.lower() if self.kind == "name" else ""

    @property
    def identifier(self) -> str | None:
        """The name it stands for, folded as the server folds it; None if it is none."""
        if self.kind == "quoted" and self.text[0] == '"':
            return self.text[1:-1].replace('""', '"')
        return self.text.lower() if self.kind == "name" else None


def scan(text: str) -> list[Token]:
    """Splits a text into tokens; blanks are left out.

    Raises:
        Unreadable: A literal does not end, or a character belongs to no SQL.
    """
    tokens, position = [], 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise _unreadable(
                f"nothing can be read from {text[position : position + 20]!r} on",
                "look for a quote that is not closed",
                position,
            )
        kind = match.lastgroup or ""
        if kind == "tag":
            kind = "dollar"
        token = Token(kind, match.group(), position)
        if token.text == "/*":
            token = Token(kind, text[position : _end_of_comment(text, position)], position)
        if kind != "blank":
            tokens.append(token)
        position = token.end
    return tokens


def _end_of_comment(text: str, position: int) -> int:
    depth = 0
    for match in re.finditer(r"/\*|\*/", text[position:]):
        depth += 1 if match.group() == "/*" else -1
        if depth == 0:
            return position + match.end()
    raise _unreadable("a comment is not closed", "close it with */", position)


def _unreadable(message: str, hint: str, position: int) -> Unreadable:
    error = Unreadable(message, hint=hint)
    error.position = position
    return error


def calls(tokens: Sequence[Token]) -> Iterator[tuple[Token | None, Token]]:
    """Goes through the names a bracket follows, each with its schema's before it, or None.

    Args:
        tokens: Without comments.
    """
    for place, token in enumerate(tokens[:-1]):
        if token.kind in ("name", "quoted") and tokens[place + 1].text == "(":
            yield _owner(tokens, place), token


def called(tokens: Sequence[Token]) -> set[tuple[str | None, str]]:
    """Lists the functions a text calls: schema, or None, and name, as the server folds them."""
    return {
        (None if schema is None else schema.identifier or "", token.identifier or "")
        for schema, token in calls(tokens)
    }


def behind_dots(tokens: Sequence[Token]) -> set[str]:
    """Lists the names behind a dot: `row.f` calls f(row) where the row has no column f."""
    return {
        token.identifier or ""
        for before, token in pairwise(tokens)
        if before.text == "." and token.identifier is not None
    }


def names(tokens: Sequence[Token]) -> set[str]:
    """Lists every name in a text, of whatever it is."""
    return {name for token in tokens if (name := token.identifier) is not None}


def _owner(tokens: Sequence[Token], place: int) -> Token | None:
    """Returns what stands before the dot before a name."""
    return tokens[place - 2] if place >= 2 and tokens[place - 1].text == "." else None
