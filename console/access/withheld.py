"""What may be told of an error that came of a persona's statement.

Who was acting when it was raised can't be seen: a function may have taken back the role that
previews start from, read what the persona may not, and put it into the error's words. Where that
role could read more than the API's own login, only those words are told that can hold nothing
but names, or what was sent.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from console.connection.session import Session, query_text
from console.errors import ConsoleError, DatabaseFailed

if TYPE_CHECKING:
    from psycopg import Error
    from psycopg.errors import Diagnostic

    from console.access.persona import Persona

# Where in PostgreSQL an error is raised, which nothing written in SQL or a language can feign.
_OF_PRIVILEGES = frozenset(
    {"aclchk.c", "execMain.c", "rewriteHandler.c", "sequence.c", "variable.c"}
)
_OF_VALUES = frozenset(
    f"{name}.c"
    for name in (
        *("arrayfuncs", "bool", "date", "datetime", "enum", "float", "int", "int8", "json"),
        *("jsonb", "jsonb_util", "jsonfuncs", "network", "numeric", "numutils", "rowtypes"),
        *("timestamp", "uuid", "varchar", "varlena"),
    )
)
_OF_SETTINGS = frozenset({"guc.c", "variable.c"})
_OF_EXECUTION = frozenset({"nodeSubplan.c", "postgres.c", "stack_depth.c", "utility.c"})
_PARSING = re.compile(r'SQL function "[^"\n]*" during (?:startup|inlining)')


class Discreet(Session):
    """A connection that tells of failures no more than the persona may know that ran into them."""

    _acting: Persona | None = None
    """As whom something runs right now."""
    _confined: bool | None = None
    """Whether the login has no more rights than the API's own; None until that was asked."""

    async def know_itself(self) -> None:
        """Asks once whether the login has no more rights than the API's own."""
        if self._confined is None:
            (asked,) = await self.batch(query_text("console.access", "confined"))
            self._confined = asked.rows == [("t",)]

    @contextlib.contextmanager
    def standing_for(self, persona: Persona) -> Iterator[None]:
        """Has failures told as what a persona's statement came to."""
        self._acting = persona
        try:
            yield
        finally:
            self._acting = None

    def failure(self, error: Error, sent: str = "") -> ConsoleError:
        """Names the cause of what was raised, in words that tell no more than the persona reads.

        Args:
            error: The driver's.
            sent: The statement; what it holds may be told.
        """
        failure = super().failure(error)
        if self._acting is None or self._confined:
            return failure
        hint = (
            f"{self._user()}, from which previews start, may read what {self._acting.label} may"
            " not; with a preview login they are told"
        )
        known = f"{sent} {self._acting.role} {self._acting.claims_json}"
        return as_far_as_safe(error, failure, known, hint)

    def _user(self) -> str:
        return self.server.user if self.server else "this login"


def as_far_as_safe(error: Error, failure: ConsoleError, sent: str, hint: str) -> ConsoleError:
    """Returns a failure with the words that can't have been written with another role's rights.

    Args:
        error: The driver's.
        failure: What it was taken for.
        sent: What the persona's statement and claims hold.
        hint: What to say where words are withheld.
    """
    if error.sqlstate is None or _in_parsing(error.diag):
        return failure
    failure.detail = ""
    if isinstance(failure, DatabaseFailed) and not _is_safe(error.diag, sent):
        return DatabaseFailed(
            f"an error ({error.sqlstate}) whose words are withheld",
            hint=hint,
            sqlstate=error.sqlstate,
        )
    return failure


def _in_parsing(said: Diagnostic) -> bool:
    """Tells whether nothing had run yet: neither of the statement, nor of a function in SQL."""
    if not (said.sqlstate or "").startswith(("42", "0A")):
        return False
    if said.context:
        return bool(said.internal_position and _PARSING.fullmatch(said.context))
    return said.statement_position is not None


def _is_safe(said: Diagnostic, sent: str) -> bool:
    state, file = said.sqlstate or "", said.source_file
    if file in _OF_PRIVILEGES and state in ("42501", "42P17"):
        return True
    if file in _OF_EXECUTION:
        return state in ("21000", "25006", "54001", "57014")
    values = state.startswith("22") and file in _OF_VALUES
    role = state in ("22023", "42501") and file in _OF_SETTINGS
    return (values or role) and _holds_only(said, sent)


def _holds_only(said: Diagnostic, sent: str) -> bool:
    """Tells whether an error about a value quotes none, or one that was sent."""
    before, opened, rest = (said.message_primary or "").partition('"')
    value, closed, after = rest.rpartition('"')
    if not f"{before}{after}".isascii():  # quotes of another language
        return False
    if not (opened and closed):
        return not opened
    return re.search(rf"(?<!\w){re.escape(value)}(?!\w)", sent) is not None
