"""Writes one side of a difference as text a person can read: SQL, or `attribute: value`."""

from __future__ import annotations

from console.migration.difference import Drift
from console.migration.expected import Expected
from console.migration.model import CatalogObject, DriftState


def sides(drift: Drift, expected: Expected) -> tuple[str | None, str | None]:
    """Returns what is expected and what there is, each with what hangs on it.

    A missing table is shown as the statement that makes it.
    """
    wanted = _side(drift, expected) if drift.expected is not None else None
    found = _side(drift, None) if drift.actual is not None else None
    return wanted, found


def _side(drift: Drift, expected: Expected | None) -> str:
    item = drift.actual if expected is None else drift.expected
    assert item is not None
    if expected is not None and item.kind == "table" and drift.state is DriftState.MISSING:
        return ";\n".join(expected.text(s) for s in expected.statements_for(item.key)[:1])
    if item.kind == "grant":
        return describe(item)
    return "\n".join([describe(item), *(_side(part, expected) for part in drift.folded)])


def describe(item: CatalogObject) -> str:
    """Writes one object as SQL where SQL says it all, else as lines of attributes."""
    definition = item.definition
    match item.kind:
        case "index":
            valid = "" if definition["valid"] else "\n-- invalid: the server does not use it"
            return f"{definition['definition']}{valid}"
        case "constraint":
            return _constraint(item)
        case "policy":
            return policy(item)
        case "trigger":
            return f"{definition['definition']}{_firing(item)}"
        case "function":
            owner = definition["owner"]
            return str(definition["definition"]).rstrip("\n") + (
                "" if owner == "owner" else f"\n-- owner: {owner}"
            )
        case "rule":
            return str(definition["definition"])
        case "grant":
            option = " with grant option" if definition["grantable"] else ""
            return f"grant {item.identity}{option}"
        case "comment":
            return f"comment on {item.identity} is {literal(str(definition['text']))}"
        case "column":
            return f"{column_name(item)} {column_type(item)}"
        case "column order":
            return _words(definition["columns"])
        case "default privileges":
            return "\n".join(f"grant {grant}" for grant in _items(definition["grants"]))
        case "publication":
            return f"publication {definition['publication']} (through {definition['through']})"
        case _:
            return "\n".join(
                f"{name.replace('_', ' ')}: {_words(value)}"
                for name, value in item.compared.items()
            )


def policy(item: CatalogObject) -> str:
    """Writes a policy as the CREATE POLICY that makes it."""
    definition = item.definition
    kind = "permissive" if definition["permissive"] else "restrictive"
    lines = [
        f"create policy {item.identity} as {kind} for {definition['command']}"
        f" to {_words(definition['roles'])}"
    ]
    for word, attribute in (("using", "using"), ("with check", "check")):
        if attribute in definition:
            lines.append(f"  {word} ({definition[attribute]})")
    return "\n".join(lines)


def column_name(item: CatalogObject) -> str:
    """Returns a column's own name, quoted where needed."""
    return item.identity.removeprefix(f"{item.table}.")


def column_type(item: CatalogObject) -> str:
    """Writes a column's type and properties as CREATE TABLE does."""
    definition = item.definition
    words = [str(definition["type"])]
    if "collation" in definition:
        words.append(f"collate {definition['collation']}")
    if definition["not_null"]:
        words.append("not null")
    if "default" in definition:
        words.append(f"default {definition['default']}")
    if "identity" in definition:
        words.append(f"generated {definition['identity']} as identity")
    if "generated" in definition:
        words.append(f"generated always as ({definition['expression']}) {definition['generated']}")
    if definition.get("not_null_pending"):
        words.append("-- not null is not validated")
    return " ".join(words)


def literal(text: str) -> str:
    """Quotes a text as an SQL literal, whatever standard_conforming_strings says."""
    quoted = text.replace("'", "''")
    if "\\" not in quoted:
        return f"'{quoted}'"
    return "E'" + quoted.replace("\\", "\\\\") + "'"


def _constraint(item: CatalogObject) -> str:
    definition = item.definition
    name = item.identity.removesuffix(f" on {item.table}")
    notes = [
        words
        for attribute, words in (
            ("validated", "not validated"),
            ("enforced", "not enforced"),
            ("index_valid", "its index is invalid"),
            ("triggers_enabled", "its triggers are disabled: nothing checks it"),
        )
        if definition.get(attribute) is False
    ]
    remark = f"\n-- {', '.join(notes)}" if notes else ""
    return f"constraint {name} {definition['definition']}{remark}"


def _firing(item: CatalogObject) -> str:
    mode = item.definition["enabled"]
    name = item.identity.removesuffix(f" on {item.table}")
    match mode:
        case "origin":
            return ""
        case "disabled":
            return f";\nalter table {item.table} disable trigger {name}"
        case _:
            return f";\nalter table {item.table} enable {mode} trigger {name}"


def _items(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _words(value: object) -> str:
    match value:
        case True:
            return "yes"
        case False:
            return "no"
        case None | []:
            return "none"
        case list():
            return ", ".join(map(str, value))
        case _:
            return str(value)
