"""What a trigger does to a row before it is checked, as far as its text tells.

A trigger can't be tried without writing. Most only set a column or two, and that can be read:
a plain run of assignments to NEW, and NEW given back. Of any other it is not known what it does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from console.connection.session import Transaction
from console.errors import UsageError
from console.tokens import Token, called, scan

Call = tuple[str | None, str]

_EVENTS = ("insert", "update", "delete")
HARMLESS = frozenset(
    {"clock_timestamp", "gen_random_uuid", "random", "random_normal", "timeofday"}
    | {"uuidv4", "uuidv7"}
)
"""Functions of the server's own that return something new each time and do nothing else."""
_GRAMMAR = frozenset(
    {"and", "any", "array", "between", "case", "cast", "char", "coalesce", "else", "exists"}
    | {"extract", "from", "greatest", "in", "interval", "is", "least", "not", "nullif", "numeric"}
    | {"or", "overlay", "position", "row", "some", "substring", "then", "trim", "values"}
    | {"varchar", "when", "where"}
)
"""Words that stand before a bracket without being called."""
_QUERIES = frozenset({"select", "table", "with", "values"})


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger; what is said of changes is so of BEFORE triggers for each row.

    Attributes:
        events: The commands it fires for.
        columns: An UPDATE must name one of these; empty for any UPDATE.
        changes: The columns it sets; None where it may do anything, the row left out included.
        calls: The functions it calls for that, each with its schema, or None.
    """

    name: str
    events: frozenset[str]
    columns: frozenset[str]
    changes: frozenset[str] | None
    calls: frozenset[Call] = frozenset()

    def fires(self, command: str, columns: Collection[str], generated: Collection[str]) -> bool:
        """Tells whether it fires for a command.

        Args:
            command: One of the four.
            columns: Those an UPDATE changes; empty for any.
            generated: The table's generated columns, which change with others.
        """
        named = self.columns & {*columns, *generated}
        return command in self.events and not (
            command == "update" and self.columns and columns and not named
        )


def read_trigger(found: Mapping[str, Any]) -> Trigger:
    """Makes a trigger of what the catalog says of it."""
    events = frozenset(event for event in _EVENTS if found[event])
    arguments = bytes.fromhex(found["arguments"]).decode("utf-8", "replace").split("\0")[:-1]
    changes, calls = _changes(found, events, arguments) if found["decides"] else _ANYTHING
    return Trigger(found["name"], events, frozenset(found["columns"]), changes, calls)


Changes = tuple[frozenset[str] | None, frozenset[Call]]
_ANYTHING: Changes = (None, frozenset())


def _changes(
    found: Mapping[str, Any], events: Collection[str], arguments: Sequence[str]
) -> Changes:
    if found["language"] == "c" and found["source"] == "moddatetime" and len(arguments) == 1:
        return frozenset(arguments), frozenset()
    if found["language"] != "plpgsql":
        return _ANYTHING
    try:
        tokens = [token for token in scan(found["source"]) if token.kind != "comment"]
    except UsageError:
        return _ANYTHING
    statements = list(_statements(tokens))
    if len(statements) < 2 or [t.word for t in statements[-1]] != ["end"]:
        return _ANYTHING
    if statements[0][0].word != "begin":
        return _ANYTHING
    *assigned, returned = [statements[0][1:], *statements[1:-1]]
    stamped = _stamped(returned, arguments)
    if stamped is not None and not assigned and "delete" not in events:
        return frozenset({stamped}), frozenset()
    if [t.word for t in returned] != ["return", "old" if events == {"delete"} else "new"]:
        return _ANYTHING
    if events != {"delete"} and "delete" in events:
        return _ANYTHING  # there is no NEW for a DELETE: the row would be left out
    return _assigned(assigned)


def _statements(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    statement: list[Token] = []
    for token in tokens:
        if token.text == ";":
            if statement:
                yield statement
            statement = []
        else:
            statement.append(token)
    if statement:
        yield statement


def _assigned(statements: Iterable[Sequence[Token]]) -> Changes:
    """Reads assignments of the form `new.column := expression`."""
    changed: set[str] = set()
    calls: set[Call] = set()
    for tokens in statements:
        if len(tokens) < 5 or tokens[0].word != "new" or tokens[1].text != ".":
            return _ANYTHING
        column, sign, expression = tokens[2].identifier, tokens[3].text, tokens[4:]
        if column is None or sign not in (":=", "="):
            return _ANYTHING
        if any(token.word in _QUERIES for token in expression):
            return _ANYTHING  # what it reads may raise, or call what acts
        changed.add(column)
        calls |= called(expression)
    return frozenset(changed), frozenset(calls)


_STAMP = (
    "return jsonb_populate_record ( new , jsonb_build_object"
    " ( coalesce ( tg_argv [ 0 ] , {} ) , now ( ) ) )"
)


def _stamped(tokens: Sequence[Token], arguments: Sequence[str]) -> str | None:
    """Reads the one line that stamps the column its argument names, or the usual one."""
    texts = [token.text for token in tokens]
    pattern = _STAMP.split()
    if len(texts) != len(pattern) or not texts[pattern.index("{}")].startswith("'"):
        return None
    usual = texts[pattern.index("{}")]
    if [text.lower() for text in texts] != [usual.lower() if p == "{}" else p for p in pattern]:
        return None
    return arguments[0] if arguments else usual[1:-1].replace("''", "'")


async def known_triggers(
    transaction: Transaction, triggers: Sequence[Trigger]
) -> tuple[Trigger, ...]:
    """Returns triggers with those that call what may act taken for unknown.

    A function that is not declared VOLATILE is taken to write nothing, though it may call one
    that does: the policies that are asked after it find what they would have found before.
    """
    wanted = sorted({_qualified(call) for trigger in triggers for call in trigger.calls})
    quiet: set[tuple[str, str]] = set()
    if wanted:
        query = sql.SQL(
            "select n.nspname, p.proname from pg_catalog.pg_proc p"
            " join pg_catalog.pg_namespace n on n.oid = p.pronamespace"
            " where (n.nspname::text, p.proname::text) in ({})"
            " group by n.nspname, p.proname having not pg_catalog.bool_or(p.provolatile = 'v')"
        ).format(
            sql.SQL(", ").join(
                sql.SQL("({}, {})").format(sql.Literal(schema), sql.Literal(name))
                for schema, name in wanted
            )
        )
        quiet = {(str(s), str(n)) for s, n in (await transaction.texts(query)).rows}
    quiet |= {("pg_catalog", name) for name in HARMLESS | _GRAMMAR}
    return tuple(
        trigger
        if all(_qualified(call) in quiet for call in trigger.calls)
        else Trigger(trigger.name, trigger.events, trigger.columns, None)
        for trigger in triggers
    )


def _qualified(call: Call) -> tuple[str, str]:
    schema, name = call
    return schema if schema is not None else "pg_catalog", name
