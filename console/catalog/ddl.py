"""A relation as the statements that make it, written from the catalog.

What it stands on (types, functions, other tables, roles) is taken to be there. Names are
qualified, so the text means the same whatever the search path.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql

from console.catalog.reading import elements, query, read
from console.catalog.relations import Relation
from console.catalog.structure import Structure, quoted, read_structure
from console.errors import NotFound

if TYPE_CHECKING:
    from console.connection.session import Session

_REPLICA_IDENTITY = {"n": "nothing", "f": "full"}
_TABLES = ("table", "partitioned", "foreign table")


@dataclass(frozen=True, slots=True)
class _Facts:
    """What there is to know of the relation as a whole."""

    persistence: str | None
    owner: str | None
    options: str | None
    tablespace: str | None
    method: str | None
    partition_key: str | None
    bound: str | None
    parents: str | None
    query: str | None
    server: str | None
    server_options: str | None
    replica_identity: str | None
    replica_index: str | None
    of_type: str | None
    secured: str | None
    forced: str | None
    comment: str | None


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    type: str | None
    collation: str | None
    not_null: str | None
    default: str | None
    generated: str | None
    identity: str | None
    local: str | None
    storage: str | None
    compression: str | None
    statistics: str | None
    options: str | None
    server_options: str | None
    comment: str | None


@dataclass(frozen=True, slots=True)
class _Sequence:
    column: str
    identity: bool
    name: str
    options: str


async def read_ddl(session: Session, relation: Relation) -> str:
    """Writes the statements that make a relation, each ended by a semicolon.

    Raises:
        NotFound: It is gone.
        ConsoleError: The connection is gone, or the server refused.
    """
    structure = await read_structure(session, relation)
    names = {"schema": relation.schema, "name": relation.name}
    parts = ("ddl_relation", "ddl_columns", "ddl_sequences", "ddl_extras")
    facts, columns, sequences, extras = await read(
        session,
        *(query("console.catalog", part, **names) for part in parts),
        search_path="",
        lock_timeout=2.0,
    )
    if not facts.rows:
        raise NotFound(f"there is no table or view {relation.identity} any more")
    writer = _Writer(
        structure,
        _Facts(*facts.rows[0]),
        [_Column(row[0] or "", *row[1:]) for row in columns.rows],
        [
            _Sequence(column or "", identity == "t", name or "", options or "")
            for column, identity, name, options in sequences.rows
        ],
        [row[0] or "" for row in extras.rows],
    )
    return "".join(f"{statement};\n" for statement in writer.statements())


class _Writer:
    def __init__(
        self,
        structure: Structure,
        facts: _Facts,
        columns: list[_Column],
        sequences: list[_Sequence],
        extras: list[str],
    ) -> None:
        self.structure = structure
        self.relation = structure.relation
        self.name = structure.relation.identity
        self.facts = facts
        self.columns = columns
        self.sequences = sequences
        self.extras = extras

    def statements(self) -> Iterator[str]:
        """Yields the statements in an order that works."""
        owned = [sequence for sequence in self.sequences if not sequence.identity]
        for sequence in owned:
            yield f"create sequence {sequence.name} {sequence.options}".rstrip()
        if self.relation.kind in _TABLES:
            yield self._table()
        else:
            yield self._view()
        yield f"alter {self._kind} {self.name} owner to {self.facts.owner}"
        for sequence in owned:
            column = f"{self.name}.{quoted(sequence.column)}"
            yield f"alter sequence {sequence.name} owned by {column}"
        yield from self._column_settings()
        yield from self._constraints()
        if self.facts.bound is not None:
            # A partition's own indexes must be there before those of its parent ask for one.
            yield from self._indexes()
            parent = elements(self.facts.parents)[0]
            yield f"alter table {parent} attach partition {self.name} {self.facts.bound}"
        else:
            yield from self._indexes()
        yield from self.extras
        yield from self._replica_identity()
        yield from self._triggers()
        yield from self._security()
        for grant in self.structure.grants:
            if not grant.owner:
                yield from grant.statements(self.relation)
        yield from self._comments()

    @property
    def _kind(self) -> str:
        kind = self.relation.kind
        return "table" if kind == "partitioned" else kind

    def _table(self) -> str:
        persistence = "unlogged " if self.facts.persistence == "u" else ""
        foreign = "foreign " if self.relation.kind == "foreign table" else ""
        partition = self.facts.bound is not None
        own = [c for c in self.columns if partition or c.local == "t"]
        items = [f"  {self._column(column)}" for column in own]
        if self.facts.of_type is not None:
            body = f" of {self.facts.of_type}"
            kept = [text for text in map(self._of_type, own) if text]
            body += " (\n" + ",\n".join(kept) + "\n)" if kept else ""
        else:
            body = " (\n" + ",\n".join(items) + "\n)" if items else " ()"
        parts = [f"create {persistence}{foreign}table {self.name}{body}"]
        if parents := () if partition else elements(self.facts.parents):
            parts.append(f"inherits ({', '.join(parents)})")
        if self.facts.partition_key:
            parts.append(f"partition by {self.facts.partition_key}")
        if self.facts.server:
            parts.append(f"server {self.facts.server}")
            if self.facts.server_options:
                parts.append(_options(self.facts.server_options))
        if self.facts.method:
            parts.append(f"using {self.facts.method}")
        parts += self._storage()
        return " ".join(parts)

    def _storage(self) -> list[str]:
        parts = []
        if self.facts.options:
            parts.append(_with(self.facts.options))
        if self.facts.tablespace:
            parts.append(f"tablespace {self.facts.tablespace}")
        return parts

    def _view(self) -> str:
        head = [f"create {self._kind} {self.name}"]
        if self.columns:
            head.append("(" + ", ".join(quoted(column.name) for column in self.columns) + ")")
        if self.facts.method:
            head.append(f"using {self.facts.method}")
        head += self._storage()
        text = (self.facts.query or "").rstrip().removesuffix(";")
        return f"{' '.join(head)} as\n{text}"

    def _column(self, column: _Column) -> str:
        parts = [quoted(column.name), column.type or ""]
        if column.compression:
            parts.append(f"compression {column.compression}")
        if column.server_options:
            parts.append(_options(column.server_options))
        if column.collation:
            parts.append(f"collate {column.collation}")
        return " ".join([*parts, *self._rest(column)])

    def _of_type(self, column: _Column) -> str:
        rest = self._rest(column)
        return f"  {quoted(column.name)} with options {' '.join(rest)}" if rest else ""

    def _rest(self, column: _Column) -> list[str]:
        parts = []
        if column.generated:
            kept = "stored" if column.generated == "s" else "virtual"
            parts.append(f"generated always as ({column.default}) {kept}")
        elif column.identity:
            when = "always" if column.identity == "a" else "by default"
            made = [s for s in self.sequences if s.identity and s.column == column.name]
            options = f" (sequence name {made[0].name} {made[0].options})" if made else ""
            parts.append(f"generated {when} as identity{options.replace(' )', ')')}")
        elif column.default is not None:
            parts.append(f"default {column.default}")
        later = any(
            constraint.kind == "not null" and not constraint.validated
            for constraint in self.structure.constraints
            if constraint.columns == (column.name,)
        )
        if column.not_null == "t" and not later:
            parts.append("not null")
        return parts

    def _column_settings(self) -> Iterator[str]:
        for column in self.columns:
            alter = f"alter {self._kind} {self.name} alter column {quoted(column.name)}"
            if column.storage:
                yield f"{alter} set storage {column.storage}"
            if column.statistics:
                yield f"{alter} set statistics {column.statistics}"
            if column.options:
                yield f"{alter} set {_with(column.options).removeprefix('with ')}"

    def _constraints(self) -> Iterator[str]:
        for constraint in self.structure.constraints:
            if constraint.kind == "constraint trigger":
                continue
            if constraint.kind == "not null" and constraint.validated:
                continue
            # A partition has its parent's for itself once it is attached; before that, a
            # check of its own must be there.
            if constraint.inherited and (self.facts.bound is None or constraint.kind != "check"):
                continue
            name = quoted(constraint.name)
            yield f"alter {self._kind} {self.name} add constraint {name} {constraint.definition}"

    def _indexes(self) -> Iterator[str]:
        for index in self.structure.indexes:
            if not (index.constraint or index.inherited):
                yield index.definition.replace("INDEX", "index", 1).replace("CREATE", "create", 1)

    def _replica_identity(self) -> Iterator[str]:
        how = self.facts.replica_identity
        if how == "i" and self.facts.replica_index:
            yield f"alter table {self.name} replica identity using index {self.facts.replica_index}"
        elif how in _REPLICA_IDENTITY:
            yield f"alter table {self.name} replica identity {_REPLICA_IDENTITY[how]}"

    def _triggers(self) -> Iterator[str]:
        states = {"disabled": "disable", "on replicas only": "enable replica"}
        for trigger in self.structure.triggers:
            if trigger.inherited:
                continue
            yield trigger.definition
            if trigger.enabled != "enabled":
                state = states.get(trigger.enabled, "enable always")
                yield f"alter {self._kind} {self.name} {state} trigger {quoted(trigger.name)}"

    def _security(self) -> Iterator[str]:
        if self.facts.secured == "t":
            yield f"alter table {self.name} enable row level security"
        if self.facts.forced == "t":
            yield f"alter table {self.name} force row level security"
        for policy in self.structure.policies:
            yield policy.statement(self.relation)

    def _comments(self) -> Iterator[str]:
        def comment(on: str, text: str | None) -> Iterator[str]:
            if text is not None:
                yield f"comment on {on} is {sql.Literal(text).as_string(None)}"

        yield from comment(f"{self._kind} {self.name}", self.facts.comment)
        for column in self.columns:
            yield from comment(f"column {self.name}.{quoted(column.name)}", column.comment)
        for constraint in self.structure.constraints:
            on = f"constraint {quoted(constraint.name)} on {self.name}"
            yield from comment(on, constraint.comment)
        for index in self.structure.indexes:
            name = f"{quoted(self.relation.schema)}.{quoted(index.name)}"
            yield from comment(f"index {name}", index.comment)
        for trigger in self.structure.triggers:
            yield from comment(f"trigger {quoted(trigger.name)} on {self.name}", trigger.comment)
        for policy in self.structure.policies:
            yield from comment(f"policy {quoted(policy.name)} on {self.name}", policy.comment)


def _pairs(array: str) -> Iterable[tuple[str, str]]:
    for element in elements(array):
        name, _, value = element.partition("=")
        yield name, sql.Literal(value).as_string(None).strip()


def _with(array: str) -> str:
    return f"with ({', '.join(f'{name} = {value}' for name, value in _pairs(array))})"


def _options(array: str) -> str:
    return f"options ({', '.join(f'{quoted(name)} {value}' for name, value in _pairs(array))})"
