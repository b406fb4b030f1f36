"""A JSON document, or an array, as a tree that is opened piece by piece.

Nothing of it is converted: numbers keep their digits, strings their escapes, objects the keys
they hold twice. Only what is opened is looked into, and what is passed over is passed over from
bracket to bracket, without recursion, so that neither size nor depth can hold up a screen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from console.errors import ConsoleError

_STRING = r'"(?:[^"\\]++|\\.)*+"'
_BOUNDS = re.compile(r"((?:\[-?\d+:-?\d+\])+)=")


@dataclass(frozen=True, slots=True)
class Notation:
    """How values are written.

    Attributes:
        member: One value, with its name where it has one, or the end of the branch.
        bracket: Everything up to the next bracket, and that.
        bases: The number of a list's first value, by depth; 1 below these.
        named: Whether curly brackets hold names.
    """

    member: re.Pattern[str]
    bracket: re.Pattern[str]
    bases: tuple[int, ...]
    named: bool


_JSON = Notation(
    re.compile(
        rf"[\s,]*+(?:(?P<key>{_STRING})\s*+:\s*+)?+"
        rf'(?:(?P<open>[\[{{])|(?P<close>[\]}}])|(?P<value>{_STRING}|[^\s,:\[\]{{}}"]++))',
        re.DOTALL,
    ),
    re.compile(rf'(?:[^\[\]{{}}"]++|{_STRING})*+([\[\]{{}}])', re.DOTALL),
    (),
    named=True,
)
_ELEMENT = rf'(?P<open>\{{)|(?P<close>\}})|(?P<value>{_STRING}|[^,{{}}"]++)'
# Boxes hold commas themselves, so that something else stands between them.
_BOX = r"(?P<open>\{)|(?P<close>\})|(?P<value>[^;{}]++)"


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """A value and where it stands.

    Attributes:
        start: Where it begins, in characters.
        end: What comes after it.
        key: Its name as it is written, without quotes; None where it is numbered.
        number: Its number in the list or object that holds it.
        parent: What holds it; None for the whole.
        depth: How many hold it.
    """

    start: int
    end: int
    key: str | None
    number: int
    parent: Value | None
    depth: int

    @property
    def way(self) -> list[Value]:
        """The values that hold this one, the whole first, and itself."""
        found = [self]
        while (above := found[-1].parent) is not None:
            found.append(above)
        return found[::-1]

    @property
    def path(self) -> str:
        """The way to it in writing, such as `$.items[3].name`."""
        steps = self.way[1:]
        return "$" + "".join(
            f"[{one.number}]" if one.key is None else f".{one.key}" for one in steps
        )


class Document:
    """A text that holds one value.

    Args:
        text: The server's own text.
        notation: How it is written.
        start: Where the value begins.

    Raises:
        ConsoleError: There is none.
    """

    def __init__(self, text: str, notation: Notation, start: int = 0) -> None:
        self.text = text
        self._notation = notation
        match = notation.member.match(text, start)
        if match is None or match.lastgroup == "close":
            raise ConsoleError("this is no document", hint="its text can be read all the same")
        self.whole = Value(match.start(match.lastgroup or 0), len(text.rstrip()), None, 0, None, 0)

    def is_branch(self, value: Value) -> bool:
        """Tells whether a value holds others, or could."""
        return self.text[value.start] in "[{" and self.text[value.end - 1] in "]}"

    def is_list(self, value: Value) -> bool:
        """Tells whether what a value holds is numbered rather than named."""
        return self.text[value.start] == "[" or not self._notation.named

    def written(self, value: Value, limit: int | None = None) -> str:
        """Returns the text of a value, or its beginning."""
        return self.text[value.start : value.end][:limit]

    def children(self, value: Value) -> Iterator[Value]:
        """Yields the values that one holds directly; each is found when it is asked for."""
        if not self.is_branch(value):
            return
        position, depth = value.start + 1, value.depth + 1
        number = 0
        if not self._notation.named:
            bases = self._notation.bases
            number = bases[value.depth] if value.depth < len(bases) else 1
        while True:
            match = self._notation.member.search(self.text, position, value.end)
            if match is None or match.lastgroup == "close":
                return
            kind = match.lastgroup or "value"
            start, position = match.span(kind)
            if kind == "open":
                position = self._end(position, value.end)
            key = match["key"][1:-1] if self._notation.named and match["key"] else None
            yield Value(start, position, key, number, value, depth)
            number += 1

    def _end(self, position: int, limit: int) -> int:
        """Returns what comes after the bracket that closes one before a position."""
        depth = 1
        for match in self._notation.bracket.finditer(self.text, position, limit):
            depth += 1 if match.group(1) in "[{" else -1
            if depth == 0:
                return match.end()
        return limit

    def find(self, words: str, after: Value, *, forwards: bool = True) -> Value | None:
        """Finds the next value whose name or text holds some words, whatever their case.

        Args:
            words: What to look for.
            after: Where to begin: behind this one's beginning, or before it.
            forwards: Which way; the search goes on at the other end.
        """
        wanted = re.compile(re.escape(words), re.IGNORECASE)
        here = self.at(after.start)
        if forwards:
            first = here.end if not self.is_branch(here) else here.start + 1
            match = wanted.search(self.text, first) or wanted.search(self.text)
            return None if match is None else self.at(match.start())
        last = before = None
        for match in wanted.finditer(self.text):
            last = match.start()
            if last < self._begin(after):
                before = last
            elif before is not None:
                break
        position = last if before is None else before
        return None if position is None else self.at(position)

    def _begin(self, value: Value) -> int:
        """Returns where a value begins with its name."""
        if value.key is None:
            return value.start
        return self.text.rindex(f'"{value.key}"', 0, value.start)

    def at(self, position: int) -> Value:
        """Returns the smallest value that a character belongs to, its name included."""
        value = self.whole
        while True:
            for child in self.children(value):
                if child.end > position:
                    if self._begin(child) > position:
                        return value
                    break
            else:
                return value
            value = child


def read_document(text: str) -> Document:
    """Reads JSON as the server has found it to be right.

    Raises:
        ConsoleError: It is none.
    """
    return Document(text, _JSON)


def read_array(text: str, base: str = "") -> Document:
    """Reads an array as the server writes it: `{a,"b c",NULL}`, bounds and all.

    Args:
        text: What the server wrote.
        base: The array's type.

    Raises:
        ConsoleError: It is none.
    """
    element, quoted = (_BOX, "") if base.startswith("box[") else (_ELEMENT, f"|{_STRING}")
    bounds = _BOUNDS.match(text)
    bases = re.findall(r"\[(-?\d+):", bounds.group(1)) if bounds else []
    notation = Notation(
        re.compile(element, re.DOTALL),
        re.compile(rf'(?:[^{{}}"]++{quoted})*+([{{}}])', re.DOTALL),
        tuple(int(base) for base in bases),
        named=False,
    )
    return Document(text, notation, bounds.end() if bounds else 0)
