"""What may come next in a statement: tables, columns and keywords."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import chain

from console.browse.completion import Completion, written_name
from console.catalog.relations import Relation, folded

MOST = 200
"""Choices that are offered at most."""

_KEYWORDS = """
select from where and or not null is in exists between like ilike distinct as on using join
left right full inner cross lateral group by having order asc desc nulls first last limit
offset union all intersect except with recursive case when then else end cast interval
count sum avg min max coalesce explain analyze values table true false
"""
_WORDS = tuple(word for line in _KEYWORDS.splitlines() for word in line.split())
_NAME = r'(?:"(?:[^"]|"")*"|[A-Za-z_\u0080-\U0010ffff][\w$]*)'
_TOKEN = re.compile(
    rf"--[^\n]*|/\*.*?(?:\*/|\Z)|'(?:[^']|'')*(?:'|\Z)|(?P<name>{_NAME})|(?P<sign>[.,()])|\S",
    re.DOTALL,
)
_TYPED = re.compile(r'(?:(?P<before>(?:"(?:[^"]|"")*"|[\w$]+))\s*\.\s*)?(?P<word>"[^"]*|[\w$]*)\Z')
_TABLES_FOLLOW = frozenset({"from", "join", "table", "only"})
_NO_ALIAS = frozenset(_WORDS) | {"natural", "window", "for", "fetch", "tablesample"}


def named_relations(text: str, relations: Sequence[Relation]) -> dict[str, Relation]:
    """Finds the relations that a statement reads, under the names it knows them by.

    Returns:
        Alias, or name where it has none, with the relation.
    """
    by_name: dict[str, Relation] = {}
    for relation in relations:
        by_name.setdefault(relation.name, relation)
        by_name[f"{relation.schema}.{relation.name}"] = relation
    tokens = [match for match in _TOKEN.finditer(text) if match["name"] or match["sign"]]
    words = [folded(match["name"]) if match["name"] else match["sign"] for match in tokens]
    found: dict[str, Relation] = {}
    position = 0
    expected = False
    while position < len(words):
        word = words[position]
        position += 1
        if word in _TABLES_FOLLOW:
            expected = True
            continue
        if not expected or word in "()":
            expected = expected and word == ","
            continue
        name = word
        if words[position : position + 1] == ["."] and position + 1 < len(words):
            name = f"{word}.{words[position + 1]}"
            position += 2
        alias = name.rpartition(".")[2]
        if words[position : position + 1] == ["as"]:
            position += 1
        if position < len(words) and words[position] not in _NO_ALIAS | set(".,()"):
            alias = words[position]
            position += 1
        if name in by_name:
            found[alias] = by_name[name]
        expected = words[position : position + 1] == [","]
        position += expected
    return found


def suggest(
    text: str,
    cursor: int,
    relations: Sequence[Relation],
    columns: Mapping[str, Sequence[str]],
) -> Completion:
    """Finds what may stand at the cursor.

    Args:
        text: The statement so far.
        cursor: Where the cursor is, in characters from 0.
        relations: What there is to read.
        columns: The columns of those relations the statement names, by identity.
    """
    match = _TYPED.search(text[:cursor])
    assert match is not None
    word, before = match["word"], match["before"]
    named = named_relations(text, relations)
    choices: list[str]
    if before is not None:
        owner = named.get(folded(before))
        choices = [written_name(name) for name in columns.get(owner.identity, ())] if owner else []
        choices += [written_name(r.name) for r in relations if r.schema == folded(before)]
    elif _last_word(text[: match.start("word")]) in _TABLES_FOLLOW:
        choices = _tables(relations)
    else:
        known = chain.from_iterable(columns.get(one.identity, ()) for one in named.values())
        aliases = [written_name(alias) for alias in named]
        choices = [*map(written_name, dict.fromkeys(known)), *aliases, *_WORDS]
        if word:
            choices += _tables(relations)
    return Completion(match.start("word"), cursor, _fitting(word, choices))


def _tables(relations: Sequence[Relation]) -> list[str]:
    """Writes tables with their schema, except where that is public."""
    return [
        written_name(one.name)
        if one.schema == "public"
        else f"{written_name(one.schema)}.{written_name(one.name)}"
        for one in relations
    ]


def _last_word(text: str) -> str:
    words = re.findall(r"\w+|[^\w\s]", text[-200:])
    return words[-1].lower() if words else ""


def _fitting(word: str, choices: Sequence[str]) -> tuple[str, ...]:
    wanted = word.strip('"').lower()
    plain = [(choice, choice.replace('"', "").lower()) for choice in dict.fromkeys(choices)]
    first = [choice for choice, text in plain if text.startswith(wanted)]
    # A table may be looked for without its schema.
    inside = [c for c, text in plain if not text.startswith(wanted) and f".{wanted}" in text]
    found = [choice for choice in first + inside if choice != word]
    return tuple(found[:MOST])
