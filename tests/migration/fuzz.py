"""Random things to do to a good database, and what each makes wrong.

What a deed touches is worked out here from the expected catalog, not by asking verify.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from console.migration.expected import API_ROLES, Expected
from console.migration.model import CatalogObject, Key

PRIVILEGES = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")


@dataclass
class Damage:
    """A database as it stands after the deeds so far.

    Attributes:
        touched: Every object that is missing, changed or extra.
        gone: Those of them that are missing.
        extra: Those of them that should not be there, with what they go with.
    """

    expected: Expected
    touched: set[Key] = field(default_factory=set)
    gone: set[Key] = field(default_factory=set)
    extra: dict[Key, set[Key]] = field(default_factory=dict)

    def do(self, deed: Deed, item: CatalogObject) -> str | None:
        """Notes what a deed makes wrong; returns its SQL, or None where it can't be done."""
        upon = {item.key, *(("column", column) for column in needs(item))}
        if item.table is not None:
            upon.add(("table", item.table))
        spoilt = self.gone if deed in DESTRUCTIVE else self.gone | {item.key} & self.touched
        done = None if upon & spoilt else deed(self, item)
        if done is None:
            return None
        statement, keys = done
        if deed in DESTRUCTIVE:
            self.gone |= keys
            for key in [key for key, hook in self.extra.items() if hook & keys]:
                del self.extra[key]
                self.touched.remove(key)
        elif keys & self.touched:
            return None
        elif deed in ADDING:
            self.extra |= dict.fromkeys(keys, upon if deed is not overload else set())
        self.touched |= keys
        return statement


Deed = Callable[[Damage, CatalogObject], tuple[str, set[Key]] | None]


def needs(item: CatalogObject) -> list[str]:
    """Returns the columns an object can't exist without."""
    columns = item.definition.get("needs")
    return [str(column) for column in columns] if isinstance(columns, list) else []


def name_of(item: CatalogObject) -> str:
    """Returns the name of something on a table, without the table."""
    return item.identity.removesuffix(f" on {item.table}").removeprefix(f"{item.table}.")


def row_security_off(damage: Damage, item: CatalogObject) -> tuple[str, set[Key]] | None:
    return f"alter table {item.identity} disable row level security", {item.key}


def storage_parameter(damage: Damage, item: CatalogObject) -> tuple[str, set[Key]] | None:
    return f"alter table {item.identity} set (fillfactor = 50)", {item.key}


def extra_policy(damage: Damage, item: CatalogObject) -> tuple[str, set[Key]] | None:
    key = ("policy", f'"it\'s %s {{}}" on {item.identity}')
    return f"create policy {key[1]} using (true)", {key}


def extra_column(damage: Damage, item: CatalogObject) -> tuple[str, set[Key]] | None:
    column = f'{item.identity}."new\nline"'
    return f'alter table {item.identity} add column "new\nline" integer', {("column", column)}


def comment(damage: Damage, item: CatalogObject) -> tuple[str, set[Key]] | None:
    key = ("comment", f"{item.kind} {item.identity}")
    return f"comment on {key[1]} is $$it's $$", {key}


def drop(damage: Damage, item: CatalogObject) -> tuple[str, set[Key]] | None:
    return f"drop {item.kind} {item.identity}", {item.key}


def policy_true(damage: Damage, item: CatalogObject) -> tuple[str, set[Key]] | None:
    if item.definition.get("using") in {None, "true"}:
        return None
    return f"alter policy {item.identity} using (true)", {item.key}


def policy_to_public(damage: Damage, item: CatalogObject) -> tuple[str, set[Key]] | None:
    return f"alter policy {item.identity} to public", {item.key}


def disable_trigger(damage: Damage, item: CatalogObject) -> tuple[str, set[Key]] | None:
    return f"alter table {item.table} disable trigger {name_of(item)}", {item.key}


def drop_constraint(damage: Damage, item: CatalogObject) -> tuple[str, set[Key]] | None:
    """Keys that foreign keys rest on take those along."""
    leaning = {
        other.key
        for other in damage.expected.objects.values()
        if other.kind == "constraint"
        and f" REFERENCES {item.table}(" in str(other.definition["definition"])
        and item.definition["type"] in {"primary key", "unique"}
        and set(needs(item)) <= set(needs(other))
    }
    statement = f"alter table {item.table} drop constraint {name_of(item)} cascade"
    return statement, {item.key} | leaning


def drop_column(damage: Damage, item: CatalogObject) -> tuple[str, set[Key]] | None:
    """Takes along whatever can't exist without the column.

    public.roles holds rows: a column without a default does not come back there.
    """
    filled = {"default", "identity"} & item.definition.keys()
    if item.table == "public.roles" and item.definition["not_null"] and not filled:
        return None
    along = {
        other.key
        for other in damage.expected.objects.values()
        if item.identity in needs(other)
        or (
            other.kind == "grant"
            and other.table == item.table
            and other.definition.get("column") == name_of(item)
        )
    }
    return f"alter table {item.table} drop column {name_of(item)} cascade", {item.key} | along


def drop_table(damage: Damage, item: CatalogObject) -> tuple[str, set[Key]] | None:
    """Takes along its own things, and what looks into it from elsewhere."""
    objects = damage.expected.objects.values()
    own = {other.key for other in objects if other.table == item.identity}
    columns = {identity for kind, identity in own if kind == "column"}
    return f"drop table {item.identity} cascade", own | {
        other.key for other in objects if columns & set(needs(other))
    }


def drop_function(damage: Damage, item: CatalogObject) -> tuple[str, set[Key]] | None:
    """Takes along its grants, the triggers that run it and the policies that call it."""
    name = item.identity.partition("(")[0]

    def goes(other: CatalogObject) -> bool:
        definition = other.definition
        called = f"{definition.get('using')} {definition.get('check')}"
        return (
            (other.kind == "grant" and definition["on"] == f"function {item.identity}")
            or (other.kind == "trigger" and definition["function"] == item.identity)
            or (other.kind == "policy" and f"{name}(" in called)
        )

    along = {other.key for other in damage.expected.objects.values() if goes(other)}
    return f"drop function {item.identity} cascade", {item.key} | along


def change_default(damage: Damage, item: CatalogObject) -> tuple[str, set[Key]] | None:
    if "identity" in item.definition or "default" not in item.definition:
        return None
    return f"alter table {item.table} alter column {name_of(item)} drop default", {item.key}


def nullable(damage: Damage, item: CatalogObject) -> tuple[str, set[Key]] | None:
    in_key = any(
        item.identity in needs(other) and other.definition.get("type") == "primary key"
        for other in damage.expected.objects.values()
    )
    if in_key or "identity" in item.definition or not item.definition["not_null"]:
        return None
    return f"alter table {item.table} alter column {name_of(item)} drop not null", {item.key}


def extra_index(damage: Damage, item: CatalogObject) -> tuple[str, set[Key]] | None:
    schema, name = str(item.table).partition(".")[0], f"fuzz_{len(damage.touched)}"
    key = ("index", f"{schema}.{name}")
    return f"create index {name} on {item.table} ({name_of(item)})", {key}


def change_function(damage: Damage, item: CatalogObject) -> tuple[str, set[Key]] | None:
    return f"alter function {item.identity} reset all", {item.key}


def toggle_definer(damage: Damage, item: CatalogObject) -> tuple[str, set[Key]] | None:
    word = "invoker" if item.definition["security_definer"] else "definer"
    return f"alter function {item.identity} security {word}", {item.key}


def overload(damage: Damage, item: CatalogObject) -> tuple[str, set[Key]] | None:
    name = item.identity.partition("(")[0] + "(money,money)"
    public = ("grant", f"EXECUTE on function {name} to PUBLIC")
    return f"create function {name} returns money language sql as 'select $1'", {
        ("function", name),
        public,
    }


def revoke(damage: Damage, item: CatalogObject) -> tuple[str, set[Key]] | None:
    place, grantee = item.definition["on"], item.definition["to"]
    privilege = item.identity.removesuffix(f" on {place} to {grantee}")
    return f"revoke {privilege} on {place} from {grantee}", {item.key}


def grant_more(damage: Damage, item: CatalogObject) -> tuple[str, set[Key]] | None:
    """Grants what nobody should have on the table: a table's grants only, not a column's."""
    held = {key for key in damage.expected.objects if key[0] == "grant"}
    for role in ("PUBLIC", *API_ROLES):
        for privilege in PRIVILEGES[len(damage.touched) % 5 :]:
            key = ("grant", f"{privilege} on {item.identity} to {role}")
            if key not in held | damage.touched:
                return f"grant {privilege} on {item.identity} to {role}", {key}
    return None


DESTRUCTIVE = {drop, drop_table, drop_column, drop_constraint, drop_function, revoke}
ADDING = {extra_policy, extra_column, extra_index, comment, overload, grant_more}

DEEDS: tuple[tuple[str, Deed], ...] = (
    ("table", drop_table),
    ("table", row_security_off),
    ("table", storage_parameter),
    ("table", extra_policy),
    ("table", extra_column),
    ("table", comment),
    ("table", grant_more),
    ("policy", drop),
    ("policy", policy_true),
    ("policy", policy_to_public),
    ("policy", comment),
    ("trigger", drop),
    ("trigger", disable_trigger),
    ("index", drop),
    ("constraint", drop_constraint),
    ("column", drop_column),
    ("column", change_default),
    ("column", nullable),
    ("column", extra_index),
    ("column", comment),
    ("function", drop_function),
    ("function", change_function),
    ("function", toggle_definer),
    ("function", overload),
    ("grant", revoke),
)
