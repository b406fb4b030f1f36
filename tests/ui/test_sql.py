"""SQL in colour, and two texts side by side."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.content import Content

from console.ui.widgets.sides import side_by_side
from console.ui.widgets.sql import highlighted
from console.visible import is_unsafe, visible_lines

SQL = "create policy \"from where\" on a.b using (x = 'it''s' -- select\n and n > 12.5) /* or */;"


def coloured(content: Content) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for start, end, style in content.spans:
        found.setdefault(str(style), []).append(content.plain[start:end])
    return found


def test_each_kind_of_token_has_its_colour() -> None:
    found = coloured(highlighted(SQL))
    assert found["$sql-keyword"] == ["create", "policy", "on", "using", "and"]
    assert found["$sql-string"] == ["'it''s'"]
    assert found["$sql-number"] == ["12.5"]
    assert found["$sql-comment italic"] == ["-- select", "/* or */"]


def test_code_between_dollar_quotes_is_code() -> None:
    found = coloured(highlighted("as $body$ begin return new; end $body$"))
    assert found["$sql-keyword"] == ["as", "begin", "return", "end"]
    assert found["$sql-string"] == ["$body$", "$body$"]


@given(st.text())
def test_any_text_comes_through_whole_and_safe(text: str) -> None:
    plain = highlighted(text).plain
    assert plain == visible_lines(text)
    assert not any(is_unsafe(character) for character in plain.replace("\n", ""))


def test_differing_lines_are_marked_and_equal_ones_are_not() -> None:
    lines = side_by_side("a\nsame\nb", "a\nsame\nc\nd", 43).plain.split("\n")
    assert [line.split() for line in lines] == [
        ["expected", "│", "actual"],
        ["a", "│", "a"],
        ["same", "│", "same"],
        ["~", "b", "│", "~", "c"],
        ["│", "+", "d"],
    ]


def test_a_side_that_is_not_there_is_named() -> None:
    assert side_by_side("drop it", None, 40).plain == "expected\ndrop it\n\nactual\nnothing"
    assert side_by_side(None, "extra", 40).plain == "expected\nnothing\n\nactual\nextra"


@given(st.text(), st.text(), st.integers(30, 120))
def test_sides_keep_to_their_width(left: str, right: str, width: int) -> None:
    for line in side_by_side(left, right, width).plain.split("\n"):
        assert cell_len(line) <= width
