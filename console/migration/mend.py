"""Writes the SQL that mends a drift.

What is missing comes back by the file's own statements; what changed is altered to what the
expected catalog says. A function is always replaced with its full header, because CREATE OR
REPLACE silently resets SECURITY DEFINER and search_path when they are left out. Nothing here
loses data: where only that would mend, there is no mend, and a note says so.

Identities are quoted by the server when a catalog is read, so they are SQL as they stand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from console.migration import mend_table
from console.migration.difference import Drift, privilege_list
from console.migration.expected import Expected, Statement
from console.migration.model import CatalogObject, Difference, DriftState, Key
from console.migration.render import literal

# tables → columns → constraints → indexes → functions → triggers → RLS and policies → revoke, grant
# A table is made with its foreign keys: what they rest on in other tables has to be there by then.
_ORDER = (
    *("role", "schema", "extension", "sequence", "lost column", "lost key", "table", "column"),
    *("constraint", "index", "function", "trigger", "row security", "policy", "rule", "grant"),
    *("publication", "comment"),
)
_STEP = 1_000_000

_ROLE_WORDS = {
    "superuser": "superuser",
    "bypass_rls": "bypassrls",
    "create_role": "createrole",
    "create_database": "createdb",
    "replication": "replication",
    "login": "login",
}


class Mend(NamedTuple):
    """A statement that mends.

    Attributes:
        rank: Its place in the order of mending; statements of one rank run as they come.
        of: What it mends, or makes.
    """

    rank: int
    of: Difference | CatalogObject
    sql: str


@dataclass(frozen=True, slots=True)
class Mender:
    """What mending needs to know beside the drift.

    Attributes:
        owner: The role our objects belong to, quoted; None when there are none.
    """

    expected: Expected
    owner: str | None

    def mend(self, drift: Drift) -> tuple[tuple[str, ...], str]:
        """Returns the statements that mend a drift in order, and a note.

        The statements are empty where mending is not possible; the note then says why.
        """
        match drift.state:
            case DriftState.MISSING:
                return tuple(self._missing(drift)), _note_on_missing(drift)
            case DriftState.EXTRA:
                return self._extra(drift)
        statements, note = self._changed(drift)
        return tuple(statements), note

    def steps(self, difference: Difference) -> Iterator[Mend]:
        """Yields what mends a difference, for running it together with others' mends."""
        if difference.kind == "column" and difference.state is DriftState.MISSING:
            # What went with it may need other columns too, and has to wait for all of them.
            yield from self.make(self.expected.objects[key] for key in difference.covers)
            return
        for statement in difference.mend:
            yield Mend(difference.order, difference, statement)

    def make(self, objects: Iterable[CatalogObject]) -> Iterator[Mend]:
        """Yields what makes objects of which there is nothing."""
        for item in objects:
            drift = Drift(item, None)
            for statement in self.mend(drift)[0]:
                yield Mend(self.order(drift), item, statement)

    def order(self, drift: Drift) -> int:
        """Ranks a drift in the order of mending; ties are broken by the file's own order."""
        item, kind = drift.item, drift.item.kind
        if (
            kind == "table"
            and drift.changed
            and drift.changed <= {"row_security", "force_row_security"}
        ):
            kind = "row security"
        extra = drift.state is DriftState.EXTRA
        if kind == "grant" and extra and str(item.definition["on"]).startswith("sequence "):
            kind = "sequence"  # it may go when its column is mended
        if drift.state is DriftState.MISSING and kind == "column":
            kind = "lost column"
        if drift.state is DriftState.MISSING and mend_table.is_key(item):
            kind = "lost key"
        step = _ORDER.index(kind) if kind in _ORDER else len(_ORDER)
        rank = step * _STEP
        if kind == "constraint":
            rank += mend_table.order_of_constraint(item) * (_STEP // 10)
        if kind == "grant" and not extra:
            rank += _STEP // 2
        return rank + min((s.number for s in self._statements(drift)), default=0)

    def _statements(self, drift: Drift) -> Iterable[Statement]:
        keys = drift.covers if drift.item.kind == "grant" else (drift.item.key,)
        return (s for key in keys for s in self.expected.statements_for(key))

    def _own_text(self, key: Key) -> list[str]:
        return [self.expected.text(s) for s in self.expected.statements_for(key)]

    def _missing(self, drift: Drift) -> Iterator[str]:
        item = drift.item
        match item.kind:
            case "column":
                yield mend_table.add_column(item)
            case "constraint":
                name = item.identity.removesuffix(f" on {item.table}")
                definition = item.definition["definition"]
                yield f"alter table {item.table} add constraint {name} {definition}"
            case "grant":
                yield _grant(item)
            case "comment":
                yield f"comment on {item.identity} is {literal(str(item.definition['text']))}"
            case "role":
                yield _role(item)
            case _:
                yield from self._own_text(item.key)
        if item.kind == "table":
            return  # its own statements bring its columns and constraints along
        if item.kind != "grant":
            for part in sorted(drift.folded, key=self.order):
                yield from self._missing(part)

    def _extra(self, drift: Drift) -> tuple[tuple[str, ...], str]:
        item = drift.item
        match item.kind:
            case "policy" | "trigger" | "rule":
                return (f"drop {item.kind} {item.identity}",), ""
            case "index":
                return (f"drop index {item.identity}",), ""
            case "function":
                return (f"drop routine {item.identity}",), ""
            case "constraint":
                name = item.identity.removesuffix(f" on {item.table}")
                return (f"alter table {item.table} drop constraint {name}",), ""
            case "comment":
                return (f"comment on {item.identity} is null",), ""
            case "column":
                name = item.identity.removeprefix(f"{item.table}.")
                drop = f"alter table {item.table} drop column {name}"
                return (), f"only dropping it would mend, and lose its values: {drop}"
            case "publication":
                if item.definition["through"] == "table":
                    publication = item.definition["publication"]
                    return (f"alter publication {publication} drop table {item.table}",), ""
                through = item.definition["through"]
                return (), f"it is published through {through}: narrow the publication yourself"
            case "default privileges":
                return tuple(_revoke_defaults(item)), ""
            case "grant":
                return tuple(self._revoke(drift)), ""
        return (), ""

    def _changed(self, drift: Drift) -> tuple[list[str], str]:
        item, wanted, found = drift.item, drift.expected, drift.actual
        assert wanted is not None
        assert found is not None
        match item.kind:
            case "table":
                statements = list(mend_table.change_table(drift, self.owner))
                kind = found.definition["kind"]
                return statements, "" if statements else f"a {kind} stands where the table belongs"
            case "column":
                return mend_table.change_column(drift, self.expected)
            case "constraint":
                return mend_table.change_constraint(drift, self.expected)
            case "index":
                if drift.changed == {"valid"}:
                    return [f"reindex index {item.identity}"], ""
                return [f"drop index {item.identity}", *self._own_text(item.key)], ""
            case "policy":
                own = self._own_text(item.key)
                drops = own[0].lower().startswith("drop policy")
                return own if drops else [f"drop policy {item.identity}", *own], ""
            case "trigger":
                return self._trigger(drift), ""
            case "function":
                return list(self._function(drift)), ""
            case "comment":
                return list(self._missing(drift)), ""
            case "schema":
                return [f"alter schema {item.identity} owner to {self.owner}"], ""
            case "extension":
                if "schema" in drift.changed:
                    target = wanted.definition["schema"]
                    return [f"alter extension {item.identity} set schema {target}"], ""
                return [f"alter extension {item.identity} update"], ""
            case "role":
                return list(_role_back(wanted, found)), ""
            case "grant":
                return [_option(wanted)], ""
        return [], ""

    def _trigger(self, drift: Drift) -> list[str]:
        item = drift.item
        if drift.changed != {"enabled"} and drift.changed != {"function", "enabled"}:
            return [f"drop trigger {item.identity}", *self._own_text(item.key)]
        name = item.identity.removesuffix(f" on {item.table}")
        mode = {"origin": "enable", "disabled": "disable"}.get(
            str(item.definition["enabled"]), f"enable {item.definition['enabled']}"
        )
        return [f"alter table {item.table} {mode} trigger {name}"]

    def _function(self, drift: Drift) -> Iterator[str]:
        item, changed = drift.item, drift.changed
        if {"arguments", "result"} & changed:
            # Neither can be replaced. The grants go with the old one.
            yield f"drop routine {item.identity}"
            yield from self._own_text(item.key)
            place = f"function {item.identity}"
            for grant in self.expected.objects.values():
                if grant.kind == "grant" and grant.definition["on"] == place:
                    yield _grant(grant)
        elif changed != {"owner"}:
            yield str(item.definition["definition"]).rstrip("\n")
        if "owner" in changed and self.owner is not None:
            yield f"alter routine {item.identity} owner to {self.owner}"

    def _revoke(self, drift: Drift) -> Iterator[str]:
        item = drift.item
        parts = [part.item for part in drift.folded] or [item]
        place, grantee = item.definition["on"], item.definition["to"]
        cascade = " cascade" if item.definition["grantable"] else ""
        yield f"revoke {privilege_list(parts)} on {place} from {grantee}{cascade}"
        # Revoking a privilege on a table revokes it on the columns too.
        whole = {part.definition["privilege"] for part in parts if "column" not in part.definition}
        lost = [
            grant
            for grant in self.expected.objects.values()
            if grant.kind == "grant"
            and "column" in grant.definition
            and grant.definition["privilege"] in whole
            and (grant.definition["on"], grant.definition["to"]) == (place, grantee)
        ]
        if lost:
            yield f"grant {privilege_list(lost)} on {place} to {grantee}"


def _note_on_missing(drift: Drift) -> str:
    item = drift.item
    notes = []
    if item.kind not in {"table", "grant"} and drift.folded:
        along = ", ".join(f"{kind} {identity}" for kind, identity in drift.covers[1:])
        notes.append(f"with it went {along}")
    filled = {"default", "identity", "generated"} & item.definition.keys()
    if item.kind == "column" and item.definition["not_null"] and not filled:
        notes.append("only an empty table takes it: it has no default for rows that are there")
    return "; ".join(notes)


def _grant(item: CatalogObject) -> str:
    option = " with grant option" if item.definition["grantable"] else ""
    return f"grant {item.identity}{option}"


def _option(wanted: CatalogObject) -> str:
    if wanted.definition["grantable"]:
        return _grant(wanted)
    privilege = privilege_list([wanted])
    place, grantee = wanted.definition["on"], wanted.definition["to"]
    return f"revoke grant option for {privilege} on {place} from {grantee} cascade"


def _revoke_defaults(item: CatalogObject) -> Iterator[str]:
    definition = item.definition
    schema = f" in schema {definition['schema']}" if "schema" in definition else ""
    grants = definition["grants"]
    for grant in grants if isinstance(grants, list) else ():
        privileges, _, grantee = str(grant).rpartition(" to ")
        yield (
            f"alter default privileges for role {definition['role']}{schema}"
            f" revoke {privileges} on {definition['objects']} from {grantee}"
        )


def _role(wanted: CatalogObject) -> str:
    """Creates a role unless it is there by now: it belongs to every database of the server."""
    bypass = " bypassrls" if wanted.definition["bypass_rls"] else ""
    return (
        f"do $$ begin if to_regrole({literal(wanted.identity)}) is null"
        f" then create role {wanted.identity} nologin noinherit{bypass}; end if; end $$"
    )


def _role_back(wanted: CatalogObject, found: CatalogObject) -> Iterator[str]:
    words = [
        word if wanted.definition[name] else f"no{word}"
        for name, word in _ROLE_WORDS.items()
        if wanted.definition[name] != found.definition[name]
    ]
    if words:
        yield f"alter role {wanted.identity} {' '.join(words)}"
    joined, belongs = found.definition["member_of"], wanted.definition["member_of"]
    assert isinstance(joined, list)
    assert isinstance(belongs, list)
    for group in joined:
        if group not in belongs:
            yield f"revoke {group} from {wanted.identity}"
