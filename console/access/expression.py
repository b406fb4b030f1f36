"""Policy expressions as text: parts joined by AND, OR and NOT, and what is typed.

The server's own deparsed text is what is split, so that each part can be given back to the
server and evaluated. This is a reader of words and brackets, not of SQL's grammar.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from console.errors import UsageError
from console.tokens import Token, scan

_QUERY_WORDS = frozenset({"select", "with", "values", "table"})
_BEFORE_RELATION = frozenset({"from", "join", "only", "table", ",", "("})
_LONGEST_NAME = 63
"""Bytes of a name that the server heeds."""
_PAIRS = {"(": ")", "[": "]"}
_BEFORE_LITERALS = frozenset(
    {"and", "or", "not", "then", "else", "when", "case", "select", "where", "from", "in", "zone"}
)


@dataclass(frozen=True, slots=True)
class Node:
    """An expression and the parts that AND, OR or NOT join in it.

    Attributes:
        kind: What joins the parts; `leaf` for what is not split any further.
        text: The expression, without the brackets around it.
        parts: Two or more for `and` and `or`, one for `not`.
    """

    kind: Literal["and", "or", "not", "leaf"]
    text: str
    parts: tuple[Node, ...] = ()

    def walk(self, depth: int = 0) -> Iterator[tuple[int, Node]]:
        """Goes through the node and all below it, parents first, with their depth."""
        yield depth, self
        for part in self.parts:
            yield from part.walk(depth + 1)


def conjuncts(node: Node) -> Iterator[tuple[Node, bool]]:
    """Goes through the parts that must all hold, as the server flattens them.

    Returns:
        Each part, and whether it must be true or false.
    """
    if node.kind == "and":
        for part in node.parts:
            yield from conjuncts(part)
    elif node.kind == "not" and node.parts[0].kind == "or":
        for part in node.parts[0].parts:
            yield part, False
    else:
        yield node, True


def sendable(text: str, what: str) -> str:
    """Returns a text if a server can be sent it.

    Raises:
        UsageError: It holds a zero character, or half of one beyond Unicode's first plane.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        text = "\0"
    if "\0" in text:
        raise UsageError(f"{what} holds a character no server takes", hint="leave it out")
    return text


def check_expression(text: str) -> list[Token]:
    """Confirms that a text stays inside the brackets that will be put around it.

    It may still be no valid SQL; the server tells that.

    Returns:
        Its tokens.

    Raises:
        UsageError: It is empty, holds a comment, a semicolon, a parameter or an escaped name,
            its brackets do not match, or the server may read a name in it otherwise.
    """
    tokens = scan(sendable(text, "the expression"))
    if not tokens:
        raise UsageError("there is no expression", hint="write what a policy's USING would hold")
    if tokens[0].word in _QUERY_WORDS:
        raise UsageError("a query is no expression", hint="put brackets around it")
    opened: list[str] = []
    for token in tokens:
        if token.kind == "open":
            opened.append(_PAIRS[token.text])
        elif token.kind == "close" and (not opened or opened.pop() != token.text):
            raise UsageError("the expression's brackets do not match", hint="count them")
        elif token.kind in ("comment", "parameter") or token.text == ";":
            raise UsageError(
                f"{token.text[:20]!r} does not belong into an expression",
                hint="give one expression, as USING ( … ) holds it",
            )
        elif token.kind in ("quoted", "string") and token.text[0] in "uU":
            raise UsageError(
                "U& escapes are not taken here", hint="write the characters themselves"
            )
        elif len((token.identifier or "").encode()) > _LONGEST_NAME:
            raise UsageError(
                f"{token.text[:20]}… is too long for a name", hint="the server would cut it"
            )
        elif token.kind == "name" and _folds_otherwise(token.text):
            raise UsageError(
                f"{token.text} may be another name to the server", hint="put it in double quotes"
            )
    if opened:
        raise UsageError("the expression's brackets do not match", hint="count them")
    return tokens


def _folds_otherwise(name: str) -> bool:
    """Tells whether a name has capitals that some servers make small and others do not."""
    return any(not letter.isascii() and letter.lower() != letter for letter in name)


def split(text: str) -> Node:
    """Splits an expression into the parts that decide it."""
    try:
        tokens = scan(text)
    except UsageError:
        return Node("leaf", text)
    return _node(text, tokens) if tokens else Node("leaf", text)


def _node(text: str, tokens: Sequence[Token]) -> Node:
    tokens = _unwrapped(tokens)
    whole = text[tokens[0].start : tokens[-1].end]
    for kind in ("or", "and"):
        pieces = _pieces(tokens, kind)
        if len(pieces) > 1 and all(pieces):
            parts = tuple(_node(text, piece) for piece in pieces)
            return Node("or" if kind == "or" else "and", whole, parts)
    if tokens[0].word == "not" and len(tokens) > 1:
        return Node("not", whole, (_node(text, tokens[1:]),))
    return Node("leaf", whole)


def _unwrapped(tokens: Sequence[Token]) -> Sequence[Token]:
    """Takes off brackets around the whole, unless they make it a query or a row."""
    while len(tokens) > 2 and tokens[0].text == "(" and matching(tokens, 0) == len(tokens) - 1:
        inner = tokens[1:-1]
        if inner[0].word in _QUERY_WORDS or any(t.text == "," for t in outside(inner)):
            break
        tokens = inner
    return tokens


def unwrap(text: str) -> str:
    """Returns an expression without the brackets around the whole."""
    tokens = _unwrapped(scan(text))
    return text[tokens[0].start : tokens[-1].end] if tokens else text


def on_one_line(text: str) -> str:
    """Returns an expression with one blank wherever the server breaks or indents it."""
    try:
        tokens = scan(text)
    except UsageError:
        return text
    pieces, end = [], 0
    for token in tokens:
        if end and token.start > end:
            pieces.append(" ")
        pieces.append(token.text)
        end = token.end
    return "".join(pieces)


def matching(tokens: Sequence[Token], start: int) -> int:
    """Returns the place of the bracket that closes the one at `start`, or -1."""
    depth = 0
    for place in range(start, len(tokens)):
        depth += (tokens[place].kind == "open") - (tokens[place].kind == "close")
        if depth == 0:
            return place
    return -1


def outside(tokens: Sequence[Token]) -> Iterator[Token]:
    """Goes through the tokens that stand in no brackets and in no CASE."""
    depth = 0
    for token in tokens:
        closing = token.kind == "close" or (token.word == "end" and depth > 0)
        depth -= closing
        if depth == 0 and not closing:
            yield token
        depth += token.kind == "open" or token.word == "case"


def _pieces(tokens: Sequence[Token], word: str) -> list[Sequence[Token]]:
    pieces: list[Sequence[Token]] = []
    begin, between = 0, 0
    free = {token.start for token in outside(tokens)}
    for place, token in enumerate(tokens):
        if token.start not in free:
            continue
        if token.word == "between":
            between += 1
        elif token.word == "and" and between:
            between -= 1  # BETWEEN's own
        elif token.word == word:
            pieces.append(tokens[begin:place])
            begin = place + 1
    return [*pieces, tokens[begin:]]


def columns_named(tokens: Sequence[Token], table: str, columns: Collection[str]) -> set[str]:
    """Lists the columns of a table that a text may read; the whole row reads all of them."""
    found = set()
    for place, token in enumerate(tokens):
        dotted = place >= 2 and tokens[place - 1].text == "."
        if dotted and tokens[place - 2].identifier != table:
            continue
        if dotted and token.text.startswith("*"):
            return set(columns)
        if token.identifier in columns:
            found.add(token.identifier or "")
    return found


def relations(tokens: Sequence[Token]) -> set[str]:
    """Lists the names that stand where a query names what it reads: at least those it reads."""
    if not any(token.word in _QUERY_WORDS for token in tokens):
        return set()
    found = set()
    for place, token in enumerate(tokens):
        before = place - 1
        while before > 0 and tokens[before].text == ".":
            before -= 2
        opening = before >= 0 and (tokens[before].word or tokens[before].text) in _BEFORE_RELATION
        if token.identifier is not None and opening:
            found.add(token.identifier)
    return found


def quiet(tokens: Sequence[Token]) -> set[str] | None:
    """Tells whether a statement can be parsed without running anything of its database.

    Parsing a literal runs the input of its type, and that of a row the checks of its columns.
    So each has to name its type, behind it, as the server writes one.

    Returns:
        The bare names of those types; None where some literal does not name its own.
    """
    found = set()
    for place, token in enumerate(tokens):
        if token.kind not in ("string", "dollar"):
            continue
        before = tokens[place - 1] if place else None
        typed = before is not None and (
            before.kind in ("close", "quoted", "string", "comment")
            or (before.kind == "name" and before.word not in _BEFORE_LITERALS)
        )
        after = tokens[place + 1 : place + 5]
        if typed or len(after) < 2 or after[0].kind != "cast":
            return None
        dotted = len(after) == 4 and after[2].text == "."
        name = after[3 if dotted else 1].identifier
        if name is None:
            return None
        found.add(name)
        end = place + (5 if dotted else 3)
        if end < len(tokens) and tokens[end].text == ".":
            return None
    return found
