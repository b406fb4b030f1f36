"""Compares a snapshot with the expected catalog: what is missing, changed or extra.

One cause makes one drift. What can't exist without something that is missing (the columns of
a missing table, the index of a missing column, the grants of a missing function) is folded
into it: it is missing by necessity, and comes back with the same mend.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from console.migration.expected import API_ROLES, Expected
from console.migration.model import CatalogObject, DriftState, Key
from console.migration.snapshot import Snapshot

OUTSIDERS = frozenset({"PUBLIC", *API_ROLES})
"""Grantees through whom anybody on the network acts."""

_PRIVILEGES = (
    *("SELECT", "INSERT", "UPDATE", "DELETE"),
    *("TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN"),
)
# Who holds these was granted ALL, which has meant MAINTAIN too since PostgreSQL 17: it is not
# spelled out, so that ALL reads the same on every version.
_OF_ALL = frozenset({"TRUNCATE", "REFERENCES", "TRIGGER"})


@dataclass(frozen=True, slots=True)
class Drift:
    """One object that is not what it should be, and what went with it.

    Attributes:
        expected: What the migration says, or None when the object is extra.
        actual: What the database has, or None when it is missing.
        folded: Drifts of objects that can't exist without this one, or the privileges
            that make up one grant.
    """

    expected: CatalogObject | None
    actual: CatalogObject | None
    folded: tuple[Drift, ...] = ()

    @property
    def item(self) -> CatalogObject:
        """Either side, for what both have in common."""
        item = self.expected or self.actual
        assert item is not None
        return item

    @property
    def state(self) -> DriftState:
        """Whether the object is missing, changed or extra."""
        if self.actual is None:
            return DriftState.MISSING
        return DriftState.EXTRA if self.expected is None else DriftState.CHANGED

    @property
    def changed(self) -> frozenset[str]:
        """The attributes in which both sides differ; empty when there is only one side."""
        if self.expected is None or self.actual is None:
            return frozenset()
        one, other = self.expected.definition, self.actual.definition
        if self.item.kind not in {"extension", "column order"}:
            one, other = self.expected.compared, self.actual.compared
        return frozenset(
            name for name in one.keys() | other.keys() if one.get(name) != other.get(name)
        )

    @property
    def covers(self) -> tuple[Key, ...]:
        """Every object this speaks of, itself first."""
        if self.item.kind == "grant" and self.folded:
            return tuple(part.item.key for part in self.folded)
        return (self.item.key, *(key for part in self.folded for key in part.covers))


def find_drifts(expected: Expected, snapshot: Snapshot) -> list[Drift]:
    """Compares a live catalog with the expected one.

    Returns:
        One drift for each cause, in no particular order.
    """
    live = {key: item for key, item in snapshot.objects.items() if _concerns_us(item, expected)}
    drifts: dict[Key, Drift] = {}
    for key, wanted in expected.objects.items():
        found = live.get(key)
        if found is None:
            if wanted.kind != "extension" or wanted.identity in snapshot.available:
                drifts[key] = Drift(wanted, None)
        elif wanted.compared != found.compared:
            drifts[key] = Drift(wanted, found)
    for key, found in live.items():
        if key not in expected.objects:
            drifts[key] = Drift(None, found)
    folded = _fold(drifts)
    return [*_group_grants(folded), *_column_orders(expected, live), *_outdated(live, snapshot)]


def _concerns_us(item: CatalogObject, expected: Expected) -> bool:
    """Leaves out what is nobody's business: others' use of public, ordinary publications."""
    match item.kind:
        case "grant" if item.key not in expected.objects:
            place = str(item.definition["on"])
            if place.startswith("schema ") and ("schema", place[7:]) not in expected.objects:
                return (
                    item.definition["privilege"] == "CREATE" and item.definition["to"] in OUTSIDERS
                )
        case "publication":
            return item.definition["through"] == "table" or item.table in expected.zero_trust
    return True


def _fold(drifts: Mapping[Key, Drift]) -> list[Drift]:
    children: dict[Key, list[Drift]] = {}
    roots = []
    for drift in drifts.values():
        parent = _parent(drift, drifts)
        if parent is None:
            roots.append(drift)
        else:
            children.setdefault(parent, []).append(drift)

    def whole(drift: Drift) -> Drift:
        below = children.get(drift.item.key, ())
        return replace(drift, folded=tuple(whole(child) for child in below))

    return [whole(root) for root in roots]


def _parent(drift: Drift, drifts: Mapping[Key, Drift]) -> Key | None:
    """Finds the missing (or extra) object that this one can't exist without.

    A missing table answers for its columns and constraints alone: its policies, grants and
    indexes are worth seeing one by one, so the columns they need don't count then.
    """
    for key in _required(drift.item, drift.state):
        cause = drifts.get(key)
        if cause is None or not cause.state is drift.state is not DriftState.CHANGED:
            continue
        table = drifts.get(("table", cause.item.table or ""))
        if key[0] != "column" or table is None or table.state is not DriftState.MISSING:
            return key
    return None


def _required(item: CatalogObject, state: DriftState) -> Iterator[Key]:
    definition = item.definition
    match item.kind:
        case "comment":
            kind, _, identity = item.identity.partition(" ")
            yield kind, identity
        case "column":
            yield "table", str(item.table)
        case "grant" if item.table is None:
            kind, _, identity = str(definition["on"]).partition(" ")
            yield kind, identity
        case "grant" if "column" in definition:
            yield "column", f"{item.table}.{definition['column']}"
        case "constraint" | "index" | "policy" | "trigger":
            # An extra policy or trigger on an extra column is a finding of its own.
            if state is DriftState.EXTRA and item.kind in {"policy", "trigger"}:
                return
            if item.kind == "constraint":
                yield "table", str(item.table)
            needs = definition.get("needs")
            for column in needs if isinstance(needs, list) else ():
                yield "column", str(column)


def _group_grants(drifts: Iterable[Drift]) -> Iterator[Drift]:
    """Joins the privileges one grantee has too many, or too few, on one object."""
    groups: dict[tuple[object, ...], list[Drift]] = {}
    for drift in drifts:
        if drift.item.kind != "grant" or drift.state is DriftState.CHANGED:
            yield drift
            continue
        definition = drift.item.definition
        group = definition["on"], definition["to"], definition["grantable"], drift.state
        groups.setdefault(group, []).append(drift)
    for parts in groups.values():
        first = parts[0]
        if len(parts) == 1:
            yield first
            continue
        held = {part.item.definition["privilege"] for part in parts}
        privileges = privilege_list(
            part.item
            for part in parts
            if part.item.definition["privilege"] != "MAINTAIN" or not held >= _OF_ALL
        )
        definition = {**first.item.definition, "privilege": privileges}
        identity = f"{privileges} on {definition['on']} to {definition['to']}"
        whole = CatalogObject("grant", identity, first.item.table, definition)
        missing = first.state is DriftState.MISSING
        yield Drift(whole if missing else None, None if missing else whole, tuple(parts))


def privilege_list(grants: Iterable[CatalogObject]) -> str:
    """Writes privileges on one object as GRANT does: `SELECT, UPDATE (name, image)`."""
    columns: dict[str, list[str] | None] = {}
    for grant in grants:
        name = str(grant.definition["privilege"])
        if "column" not in grant.definition:
            columns[name] = None
        elif (listed := columns.setdefault(name, [])) is not None:
            listed.append(str(grant.definition["column"]))

    def place(name: str) -> int:
        return _PRIVILEGES.index(name) if name in _PRIVILEGES else len(_PRIVILEGES)

    return ", ".join(
        name if columns[name] is None else f"{name} ({', '.join(sorted(columns[name] or ()))})"
        for name in sorted(columns, key=place)
    )


def _column_orders(expected: Expected, live: Mapping[Key, CatalogObject]) -> Iterator[Drift]:
    for key, wanted in expected.objects.items():
        found = live.get(key)
        if wanted.kind != "table" or found is None:
            continue
        one, other = _columns(wanted), _columns(found)
        ours = [name for name in one if name in other]
        theirs = [name for name in other if name in one]
        if ours != theirs:
            yield Drift(
                CatalogObject("column order", wanted.identity, wanted.identity, {"columns": ours}),
                CatalogObject(
                    "column order", wanted.identity, wanted.identity, {"columns": theirs}
                ),
            )


def _columns(table: CatalogObject) -> list[str]:
    columns = table.definition.get("columns")
    return columns if isinstance(columns, list) else []


def _outdated(live: Mapping[Key, CatalogObject], snapshot: Snapshot) -> Iterator[Drift]:
    """Finds extensions older than what the server has on its disk."""
    for item in live.values():
        offered = snapshot.available.get(item.identity)
        if item.kind == "extension" and offered not in {None, item.definition["version"]}:
            wanted = {**item.definition, "version": offered}
            yield Drift(replace(item, definition=wanted), item)
