"""What may come next in a statement."""

from __future__ import annotations

import pytest

from console.browse.suggestions import named_relations, suggest
from console.catalog.relations import Relation


def relation(schema: str, name: str, identity: str = "") -> Relation:
    identity = identity or f"{schema}.{name}"
    return Relation(identity, schema, name, "table", None, None, False, False, 0, "", None)


RELATIONS = [
    relation("app", "people"),
    relation("app", "pets"),
    relation("public", "orders"),
    relation("public", "Odd Name", 'public."Odd Name"'),
]
COLUMNS = {
    "app.people": ["id", "name", "eMail"],
    "public.orders": ["id", "total", "person"],
    'public."Odd Name"': ["x"],
}


def choices(text: str) -> tuple[str, ...]:
    """What is offered at the mark."""
    cursor = text.index("|")
    return suggest(text.replace("|", ""), cursor, RELATIONS, COLUMNS).choices


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("select * from |", ["app.people", "app.pets", "orders", '"Odd Name"']),
        ("select * from pe|", ["app.people", "app.pets"]),
        ("select * from app.|", ["people", "pets"]),
        ("select * from a join or|", ["orders"]),
        ("select p.| from app.people p", ["id", "name", '"eMail"']),
        ("select p.e| from app.people as p", ['"eMail"']),
        ("select to| from orders o", ["total"]),
        ("select x. |, 1 from orders x", ["id", "total", "person"]),
        ('select | from "Odd Name"', ["x", '"Odd Name"', "select"]),
        ("select o.t| from app.people p, orders o where 'from app.pets q'=''", ["total"]),
        ("sel|", ["select"]),
        ('select * from "o|', ["orders", '"Odd Name"']),
        ("select nothing.|", []),
    ],
)
def test_what_fits_is_offered_the_likeliest_first(text: str, first: list[str]) -> None:
    assert list(choices(text))[: len(first)] == first
    if not first:
        assert choices(text) == ()


def test_relations_are_known_by_their_aliases() -> None:
    text = """
        with x as (select * from pets) -- from orders o
        select (select count(*) from orders) from only app.people as "P 1"
        left join "Odd Name" on true, app.pets natural join nothing
    """
    found = {alias: one.identity for alias, one in named_relations(text, RELATIONS).items()}
    assert found == {
        "pets": "app.pets",
        "orders": "public.orders",
        "P 1": "app.people",
        "Odd Name": 'public."Odd Name"',
    }


def test_the_replaced_part_is_the_word_at_the_cursor() -> None:
    completion = suggest("select o.to from orders o", 11, RELATIONS, COLUMNS)
    assert (completion.start, completion.end) == (9, 11)
