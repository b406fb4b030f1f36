"""The language of filters: what parses, what it becomes, and where an error points."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.browse.filter import FilterError, Term, compile_filter, parse
from console.catalog.relations import Column


def column(name: str, category: str = "S") -> Column:
    return Column(name, "text", category, False, None, 1, None, None)


COLUMNS = [
    column("status"),
    column("name"),
    column("createdAt", "D"),
    column("tool"),
    column("amount", "N"),
    column('odd "name" %s {}'),
    column("Case"),
    column("case"),
]


def sql_of(text: str) -> str:
    return compile_filter(text, COLUMNS).where.as_string(None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("   ", ""),
        ("status=failed", "\"status\" = 'failed'"),
        ("status!=failed", "\"status\" <> 'failed'"),
        ("amount<1", "\"amount\" < '1'"),
        ("amount<=1", "\"amount\" <= '1'"),
        ("amount>-1", "\"amount\" > '-1'"),
        ("amount>=1e3", "\"amount\" >= '1e3'"),
        ("tool:null", '"tool" is null'),
        ("tool:NotNull", '"tool" is not null'),
        ("status:in(a,b)", "\"status\" in ('a', 'b')"),
        ("status:in( a b , 'c,)' ,\"d\")", "\"status\" in ('a b', 'c,)', 'd')"),
        ("name~ada", "\"name\"::text ilike '%ada%'"),
        ("name~50%_", "\"name\"::text ilike  E'%50\\\\%\\\\_%'"),
        ("name=''", "\"name\" = ''"),
        ("name='a ''b'' c'", "\"name\" = 'a ''b'' c'"),
        ('name="a ""b"" c"', '"name" = \'a "b" c\''),
        ("name=O'Brien", "\"name\" = 'O''Brien'"),
        ("name==x", "\"name\" = '=x'"),
        ("status=null", "\"status\" = 'null'"),
        ("STATUS=x", "\"status\" = 'x'"),
        ("Case=x", "\"Case\" = 'x'"),
        ("CASE=x", "\"case\" = 'x'"),
        ('"odd ""name"" %s {}"=%s{}', '"odd ""name"" %s {}" = \'%s{}\''),
        (
            "createdAt>-1h",
            "\"createdAt\" > (pg_catalog.now() + '-1 hours'::pg_catalog.interval)",
        ),
        (
            '"createdAt"<=+2w',
            "\"createdAt\" <= (pg_catalog.now() + '+2 weeks'::pg_catalog.interval)",
        ),
        ("createdAt>2026-11-20T10:00Z", "\"createdAt\" > '2026-11-20T10:00Z'"),
        ("name=-1h", "\"name\" = '-1h'"),
    ],
)
def test_a_filter_becomes_sql(text: str, expected: str) -> None:
    assert sql_of(text) == (f" where {expected}" if expected else "")


def test_terms_are_anded_in_their_order() -> None:
    text = 'status=failed "createdAt">-1h name~ada tool:null'
    assert [term.operator for term in parse(text)] == ["=", ">", "~", ":null"]
    assert sql_of(text).count(" and ") == 3


def test_a_term_knows_where_it_stands() -> None:
    text = '  status=x   "tool":in(a, b)'
    first, second = parse(text)
    assert first == Term("status", False, "=", ("x",), 2, 10)
    assert second.quoted
    assert text[second.start : second.end] == '"tool":in(a, b)'


@pytest.mark.parametrize(
    ("text", "start", "end", "words"),
    [
        ("status", 0, 6, "no operator"),
        ("status=x name", 9, 13, "no operator"),
        ("status = x", 0, 6, "no operator"),
        ("status=x name=", 9, 14, "missing"),
        ("name='ada", 0, 9, "not closed"),
        ("name='ada'x", 0, 11, "not closed"),
        ("=x", 0, 2, "begins with a column"),
        ('""=x', 0, 4, "begins with a column"),
        ("(status=x)", 0, 10, "begins with a column"),
        ("tool:nul", 0, 8, "no operator"),
        ("tool:nullx", 0, 10, "no operator"),
        ("tool:in()", 0, 9, "a list is written"),
        ("tool:in(a,,b)", 0, 13, "a list is written"),
        ("tool:in(a", 0, 9, "a list is written"),
        ("tool:in(a)b", 0, 11, "a list is written"),
        ("status=x nosuch=1 tool:null", 9, 17, "no column nosuch"),
        ('"STATUS"=x', 0, 10, "no column STATUS"),
        ("createdAt>-999999999w", 0, 21, "hundred years"),
        ("status=a\0b", 8, 9, "NUL"),
    ],
)
def test_an_error_points_at_the_term(text: str, start: int, end: int, words: str) -> None:
    with pytest.raises(FilterError) as caught:
        compile_filter(text, COLUMNS)
    assert words in caught.value.message
    assert (caught.value.start, caught.value.end) == (start, end)
    assert caught.value.exit_code == 2
    marked = caught.value.detail.splitlines()[1]
    assert (len(marked) - len(marked.lstrip()), len(marked)) == (start, end)


def test_an_unknown_column_is_answered_with_near_ones() -> None:
    with pytest.raises(FilterError) as caught:
        compile_filter("statsu=x", COLUMNS)
    assert "did you mean status?" in caught.value.hint


@given(st.text())
def test_anything_typed_parses_or_is_refused_with_a_place_in_it(text: str) -> None:
    try:
        terms = parse(text)
    except FilterError as error:
        place = (error.start, error.end)
    else:
        starts = [term.start for term in terms] + [len(text)]
        ends = [0] + [term.end for term in terms]
        for end, start in zip(ends, starts, strict=True):
            assert not text[end:start].strip(), "nothing typed is dropped"
        return
    assert 0 <= place[0] < place[1] <= len(text)


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_a_quoted_value_comes_through_as_it_is(value: str) -> None:
    for quote in "'\"":
        quoted = quote + value.replace(quote, quote * 2) + quote
        assert [term.values for term in parse(f"name={quoted}")] == [(value,)]
        assert [term.values for term in parse(f"name:in({quoted},{quoted})")] == [(value, value)]


@pytest.mark.parametrize(
    ("text", "said", "blamed"),
    [
        ('"a', "the quote of a column's name is not closed", '"a'),
        ("status=a or name=b", "or is not written in a filter", "or"),
        ("status=a AND name=b", "AND is not written in a filter", "AND"),
        ("not status=a", "not is not written in a filter", "not"),
    ],
)
def test_what_is_written_otherwise_than_in_sql_is_told(text: str, said: str, blamed: str) -> None:
    with pytest.raises(FilterError, match=said) as caught:
        parse(text)
    assert text[caught.value.start : caught.value.end] == blamed
    assert caught.value.hint


@pytest.mark.parametrize("word", ["invoice", "ada@example.com", "0053aaa3-1744"])
def test_a_single_word_is_told_how_it_is_looked_for(word: str) -> None:
    with pytest.raises(FilterError, match="comes no operator") as caught:
        parse(f" {word} ")
    assert caught.value.hint == f"column~{word} looks for it in a column"


def test_a_column_may_be_called_like_a_joining_word() -> None:
    assert [term.column for term in parse('or=1 "and"=2')] == ["or", "and"]


def test_a_time_of_day_is_not_so_far_from_now() -> None:
    opens = Column("opens", "time without time zone", "D", False, None, 1, None, None)
    opens = opens._replace(base=opens.type)
    with pytest.raises(FilterError) as caught:
        compile_filter("status=x opens>-1h", [*COLUMNS, opens])
    assert caught.value.message == "-1h is so far from now, and opens holds a time of day"
    assert (caught.value.start, caught.value.end) == (9, 18)
    assert compile_filter("opens>12:00", [opens]).conditions
