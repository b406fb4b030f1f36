"""Where an error is: file, line and column, the line itself and a caret under the place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from console.errors import ConsoleError
from console.visible import visible

if TYPE_CHECKING:
    from psycopg.errors import Diagnostic

_TOKEN = re.compile(
    r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\"[^\"]*\"|\$(?P<tag>[A-Za-z_\u0080-\uffff]\w*|)\$|\s+|.",
    re.DOTALL,
)
_IN_BODY = re.compile(
    r"PL/pgSQL function inline_code_block line (\d+)( at EXECUTE)?"
    r"|compilation of PL/pgSQL function .* near line (\d+)"
)
_WIDEST = 100
_HINTED = frozenset({"42501", "53100", "25006", "57014"})


@dataclass(frozen=True, slots=True)
class Place:
    """A position in a text; line and column count characters from 1.

    Attributes:
        file: Name of the file, or words that name a statement that stands in none.
        source: The whole line.
    """

    file: str
    line: int
    column: int
    source: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"

    @property
    def excerpt(self) -> str:
        """The line with a caret under the place: two lines, safe to print."""
        start = max(0, self.column - 1 - _WIDEST * 3 // 4)
        before = visible(self.source[start : self.column - 1].expandtabs(4))
        after = visible(self.source[self.column - 1 : start + _WIDEST].expandtabs(4))
        number = f"{self.line:>5} | "
        return f"{number}{before}{after}\n{' ' * (len(number) + len(before))}^"


class MigrationFailed(ConsoleError):
    """A statement of the migration failed, and everything was rolled back.

    Attributes:
        place: Where it failed.
        statement_number: The statement's number among those that were to be executed, from 1.
    """

    code = "migration_failed"

    def __init__(
        self, cause: ConsoleError, place: Place, statement_number: int, statements: int
    ) -> None:
        parts = [place.excerpt, f"statement {statement_number} of {statements}"]
        super().__init__(
            f"{place}: {cause.message}",
            hint=cause.hint
            if cause.sqlstate in _HINTED
            else "nothing was changed: mend what it says and apply again",
            sqlstate=cause.sqlstate,
            detail="\n".join([*parts, cause.detail] if cause.detail else parts),
        )
        self.place = place
        self.statement_number = statement_number

    @property
    def line(self) -> int:
        """Line of the place, from 1."""
        return self.place.line

    @property
    def column(self) -> int:
        """Column of the place, from 1."""
        return self.place.column


def place_at(text: str, offset: int, file: str) -> Place:
    """Turns a character offset in a text into a place."""
    start = text.rfind("\n", 0, offset) + 1
    end = text.find("\n", offset)
    return Place(
        file=file,
        line=text.count("\n", 0, offset) + 1,
        column=offset - start + 1,
        source=text[start : end if end >= 0 else len(text)].rstrip("\r"),
    )


def error_offset(statement: str, diagnostics: Diagnostic) -> int:
    """Finds the character of a statement that the server's error is about.

    The server gives a position, counted in characters from 1, for what it could not parse or
    resolve, also inside the body of a function. For what fails while the body of a DO block
    runs it gives a line counted from the opening dollar quote, and the SQL it was at. What
    comes with neither is placed at the statement's first word.
    """
    if diagnostics.statement_position:
        return int(diagnostics.statement_position) - 1
    calls = (diagnostics.context or "").splitlines()
    found = next((match for call in reversed(calls) if (match := _IN_BODY.search(call))), None)
    first, body = _first_word_and_body(statement)
    if found is None or body is None:
        return first
    offset = body
    for _ in range(int(found[1] or found[3]) - 1):
        offset = statement.find("\n", offset) + 1 or offset
    functions = [call for call in calls if call.startswith("PL/pgSQL function")]
    direct = functions[:1] == [found.string] and not found[2]
    if direct and diagnostics.internal_query and diagnostics.internal_position:
        query = diagnostics.internal_query[int(diagnostics.internal_position) - 1 :]
        if (exact := statement.find(query, offset)) >= 0:
            return exact
    line = statement[offset:].split("\n", 1)[0]
    return offset + len(line) - len(line.lstrip())


def _first_word_and_body(statement: str) -> tuple[int, int | None]:
    """Offsets of the first word outside comments, and of what follows the first dollar quote."""
    first: int | None = None
    for token in _TOKEN.finditer(statement):
        if token["tag"] is not None:
            return first or 0, token.end()
        if first is None and not token[0].isspace() and not token[0].startswith(("--", "/*")):
            first = token.start()
    return first or 0, None
