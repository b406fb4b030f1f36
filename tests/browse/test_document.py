"""Documents and arrays as trees: nothing converted, nothing too deep, nothing scanned in vain."""

from __future__ import annotations

import json
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.browse.document import Document, Value, read_array, read_document
from console.errors import ConsoleError


def unfolded(document: Document, value: Value | None = None) -> object:
    """Everything a tree holds, as lists of names and texts."""
    value = value or document.whole
    if not document.is_branch(value):
        return document.written(value)
    return [(child.key, unfolded(document, child)) for child in document.children(value)]


def test_values_keep_their_own_text() -> None:
    document = read_document(
        ' {"a": [1, 2.50, {"x":"y\\"}z"}], "big":12345678901234567890.10, "a" : null,\n'
        ' "é\\u0041 {": "q:{,}", "": true, "e": {}, "l": [ ]} '
    )
    assert unfolded(document) == [
        ("a", [(None, "1"), (None, "2.50"), (None, [("x", '"y\\"}z"')])]),
        ("big", "12345678901234567890.10"),
        ("a", "null"),
        ("é\\u0041 {", '"q:{,}"'),
        ("", "true"),
        ("e", []),
        ("l", []),
    ]
    first = next(iter(document.children(document.whole)))
    assert document.is_list(first)
    assert [value.path for value in document.children(first)] == ["$.a[0]", "$.a[1]", "$.a[2]"]


@pytest.mark.parametrize("text", ['"just text"', "12", "null", "[]", "{}", "1e400", '"}{"'])
def test_a_document_may_be_one_value(text: str) -> None:
    document = read_document(text)
    assert document.written(document.whole) == text
    assert list(document.children(document.whole)) == []


def test_what_is_no_document_is_refused() -> None:
    with pytest.raises(ConsoleError):
        read_document("")
    with pytest.raises(ConsoleError):
        read_document("}")


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=30,
)


@settings(max_examples=60, deadline=None)
@given(values, st.sampled_from([None, 2]))
def test_every_json_document_is_read_as_python_reads_it(value: object, indent: int | None) -> None:
    def again(document: Document, at: Value) -> object:
        if not document.is_branch(at):
            return json.loads(document.written(at))
        children = list(document.children(at))
        if document.is_list(at):
            assert [child.number for child in children] == list(range(len(children)))
            return [again(document, child) for child in children]
        return {json.loads(f'"{child.key}"'): again(document, child) for child in children}

    document = read_document(json.dumps(value, indent=indent))
    assert again(document, document.whole) == value


def test_no_depth_is_too_deep_and_only_what_is_opened_is_looked_into() -> None:
    depth = 50_000
    document = read_document("[" * depth + "1" + "]" * depth)
    value = document.whole
    for _ in range(25):
        (value,) = document.children(value)
    assert value.depth == 25
    # Broken far behind what is asked for: nobody looks there.
    wide = read_document("[" + "1," * 100_000 + "}")
    assert len(list(islice(wide.children(wide.whole), 1000))) == 1000


def test_search_goes_both_ways_and_around() -> None:
    document = read_document('{"a": {"London": 1}, "b": ["x", "london"], "c": "LONDON bridge"}')
    paths = []
    value = document.whole
    for _ in range(4):
        found = document.find("london", value)
        assert found is not None
        value = found
        paths.append(value.path)
    assert paths == ["$.a.London", "$.b[1]", "$.c", "$.a.London"]
    back = document.find("london", value, forwards=False)
    assert back is not None
    assert back.path == "$.c"
    assert document.find("Paris", value) is None
    assert document.find("[.*", value) is None


@pytest.mark.parametrize(
    ("text", "base", "found"),
    [
        ("{}", "int4[]", []),
        ('{1,NULL,"NULL"}', "text[]", [(1, "1"), (2, "NULL"), (3, '"NULL"')]),
        ('{"a,b","c\\"d}","e\\\\"}', "text[]", [(1, '"a,b"'), (2, '"c\\"d}"'), (3, '"e\\\\"')]),
        ("[-2:-1]={x,y}", "text[]", [(-2, "x"), (-1, "y")]),
        (
            "[2:3][0:1]={{a,b},{c,d}}",
            "text[]",
            [(2, [(0, "a"), (1, "b")]), (3, [(0, "c"), (1, "d")])],
        ),
        ("{(2,2),(1,1);(3,3),(0,0)}", "box[]", [(1, "(2,2),(1,1)"), (2, "(3,3),(0,0)")]),
        ('{"(1,\\"a b\\")"}', "pair[]", [(1, '"(1,\\"a b\\")"')]),
    ],
)
def test_arrays_with_their_bounds(text: str, base: str, found: object) -> None:
    document = read_array(text, base)

    def numbered(value: Value) -> object:
        if not document.is_branch(value):
            return document.written(value)
        return [(child.number, numbered(child)) for child in document.children(value)]

    assert numbered(document.whole) == found
