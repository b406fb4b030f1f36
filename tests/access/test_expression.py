"""Expressions: tokens as the server's scanner has them, parts that decide, what may be typed."""

from __future__ import annotations

import random

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.access.doubt import Doubt, Reason
from console.access.evaluation import State, Value, joined
from console.access.expression import Node, check_expression, conjuncts, split, unwrap
from console.connection.embedded import EmbeddedServer
from console.errors import UsageError
from console.tokens import behind_dots, called, names, scan
from tests.conftest import superuser


def shape(node: Node) -> object:
    return node.text if node.kind == "leaf" else (node.kind, *map(shape, node.parts))


BETWEEN = ("x between 1 and 2", "y between 3 and 4")
CASE = "case when a and b then c or d else e end"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("true", "true"),
        ("((true))", "true"),
        ("((a = 1) OR (b = 2))", ("or", "a = 1", "b = 2")),
        ("a and b or c and not d", ("or", ("and", "a", "b"), ("and", "c", ("not", "d")))),
        ("(a AND (b OR c))", ("and", "a", ("or", "b", "c"))),
        ("(NOT (a OR b))", ("not", ("or", "a", "b"))),
        ("x between 1 and 2 and y", ("and", "x between 1 and 2", "y")),
        (
            "x between 1 and 2 or y between 3 and 4",
            ("or", "x between 1 and 2", "y between 3 and 4"),
        ),
        (
            "case when a and b then c or d else e end and f",
            ("and", "case when a and b then c or d else e end", "f"),
        ),
        ("(a = 1) = (b = 2)", "(a = 1) = (b = 2)"),
        ("( SELECT auth.uid() AS uid)", "( SELECT auth.uid() AS uid)"),
        ("(a, b) = (1, 2)", "(a, b) = (1, 2)"),
        ("(a, b)", "(a, b)"),
        ("a IS NOT NULL", "a IS NOT NULL"),
        ("\"and\" or 'or'", ("or", '"and"', "'or'")),
        ("a = 'x or y' AND b", ("and", "a = 'x or y'", "b")),
        ("a or", "a or"),
        ("f(a and b)", "f(a and b)"),
        ("exists (select from t where a and b)", "exists (select from t where a and b)"),
        ("a = any (array[b or c])", "a = any (array[b or c])"),
        ("", ""),
        ("'unfinished", "'unfinished"),
    ],
)
def test_an_expression_is_split_where_it_is_decided(text: str, expected: object) -> None:
    assert shape(split(text)) == expected


def test_what_must_hold_together_is_flattened() -> None:
    node = split("a and (b and c) and not (d or e) and not f")
    # NOT (d OR e) is one part of the AND here; by itself it is two that must be false.
    assert [(n.text, wanted) for n, wanted in conjuncts(node)] == [
        ("a", True),
        ("b", True),
        ("c", True),
        ("d", False),
        ("e", False),
        ("not f", True),
    ]


WORDS = ["true", "false", "null::boolean", "1 between 0 and 2", "3 between 0 and 2", "null is null"]
WORDS += ["case when true and false then null else 1 = 1 or false end", "(select true and false)"]


def random_expression(source: random.Random, depth: int = 0) -> str:
    if depth > 3 or source.random() < 0.2:
        return source.choice(WORDS)
    parts = [random_expression(source, depth + 1) for _ in range(source.randint(2, 3))]
    match source.randint(0, 4):
        case 0:
            return f"not {source.choice(['', '('])}".rstrip("(") + f" ({parts[0]})"
        case 1:
            return f"({' and '.join(parts)})"
        case 2:
            return f"({' or '.join(parts)})"
        case 3:
            return " and ".join(f"({part})" for part in parts)
    return " or ".join(f"({part})" for part in parts)


def test_parts_make_the_whole_as_the_server_makes_it(server: EmbeddedServer) -> None:
    source, states = random.Random(5), {True: "true", False: "false", None: "null"}
    with superuser(server) as connection:

        def ask(text: str) -> Value:
            row = connection.execute(f"select ({text})::boolean".encode()).fetchone()
            assert row is not None
            state: State = states[row[0]]  # type: ignore[assignment]
            return Value(state)

        def put_together(node: Node) -> Value:
            if node.kind == "leaf":
                return ask(node.text)
            return joined(node.kind, [put_together(part) for part in node.parts])

        for _ in range(300):
            text = random_expression(source)
            assert put_together(split(text)).state == ask(text).state, text


@pytest.mark.parametrize(
    ("parts", "of_and", "of_or"),
    [
        ("true true", "true", "true"),
        ("true null", "null", "true"),
        ("null false", "false", "null"),
        ("false error", "false", "error"),
        ("error false", "error", "error"),
        ("true error", "error", "true"),
        ("null error", "error", "error"),
    ],
)
def test_values_are_joined_from_the_left(parts: str, of_and: str, of_or: str) -> None:
    values = [Value(state) for state in parts.split()]  # type: ignore[arg-type]
    assert joined("and", values).state == of_and
    assert joined("or", values).state == of_or


def test_what_is_not_known_stays_so_unless_another_part_decides() -> None:
    unknown = Value("error", doubt=Doubt(Reason.TRIGGER, ""))
    assert joined("or", [unknown, Value("true")]).state == "true"
    assert joined("and", [unknown, Value("false")]).state == "false"
    assert joined("and", [unknown, Value("true")]).unknown
    assert joined("or", [Value("null"), unknown]).unknown
    assert joined("not", [unknown]).unknown
    assert joined("or", [unknown, Value("error")]).unknown
    assert not joined("or", [Value("error"), unknown]).unknown


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("'it''s'", ["string"]),
        (r"E'a\'b'", ["string"]),
        (r"'a\'", ["string"]),
        ("E'a'\n'\\'', f", ["string", "mark", "name"]),
        ("e'a' -- b'\r\n--\n '\\'' || f", ["string", "operator", "name"]),
        ("'a'\n'\\', f", ["string", "string", "mark", "name"]),
        ("E'a' '\\', f", ["string", "string", "mark", "name"]),
        ("$$ ; $x$ $$", ["dollar"]),
        ("$a$ $b$ $$ $a$", ["dollar"]),
        ('"a""b"', ["quoted"]),
        ("$1", ["parameter"]),
        ("a$1", ["name"]),
        ("1e5 .5", ["number", "number"]),
        ("type'x'", ["name", "string"]),
        ("a::text", ["name", "cast", "name"]),
        ("a->>'b'", ["name", "operator", "string"]),
        ("a--b", ["name", "comment"]),
        ("a/*b/*c*/*/d", ["name", "comment", "name"]),
        ("a-/**/b", ["name", "operator", "comment", "name"]),
        ("é\u00a0x", ["name"]),
        ("U&'\\0041'", ["string"]),
        ("x'1f' b'01' n'a'", ["string", "string", "string"]),
        ("f(a)[1]", ["name", "open", "name", "close", "open", "number", "close"]),
    ],
)
def test_tokens_are_the_servers(text: str, kinds: list[str]) -> None:
    tokens = scan(text)
    assert [token.kind for token in tokens] == kinds
    for token in tokens:
        assert text[token.start : token.end] == token.text


@pytest.mark.parametrize("text", ["'", '"', '""', "$$", "/*", "$a$ $b$", "\x01", "E'\\'", "\\"])
def test_what_does_not_end_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        scan(text)


@given(st.text(alphabet="()[]'\"$ae;-/*.,: \n\\1=", max_size=30))
def test_anything_that_passes_stays_inside_its_brackets(text: str) -> None:
    try:
        tokens = check_expression(text)
    except UsageError:
        return
    whole = scan(f"({text})")
    assert [token.text for token in whole[1:-1]] == [token.text for token in tokens]
    if "," not in text:  # which makes a row of it
        assert unwrap(f"({text})") == unwrap(text)
    assert not any(token.text == ";" or token.kind == "comment" for token in tokens)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "true; select 1",
        "true) or (true",
        "(true",
        "true]",
        "(true]",
        "true -- x",
        "true /* x */",
        "$1",
        "'x",
        "select true",
        "with x as (select 1) select true",
        "values (true)",
        'U&"\\0061"',
        "U&'\\0061' = 'a'",
        "true\0",
    ],
)
def test_what_is_no_single_expression_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as refusal:
        check_expression(text)
    assert refusal.value.hint


def test_what_an_expression_calls_is_found() -> None:
    tokens = scan('a.F(b) and "Set_Config"(x) or (t.g) and h (1) and public."I j" ( )')
    assert called(tokens) == {("a", "f"), (None, "Set_Config"), (None, "h"), ("public", "I j")} | {
        (None, "or")
    }
    assert behind_dots(tokens) == {"f", "g", "I j"}
    assert {"a", "f", "b", "Set_Config", "t", "g"} <= names(tokens)


def test_nothing_ends_for_the_scanner_that_does_not_end_for_the_server(
    server: EmbeddedServer,
) -> None:
    source = random.Random(7)
    pieces = ["'", '"', "$$", "$a$", "E'", "\\", "a", " ", "''", "--", "\n", "/*", "*/", "1"]
    open_ends = 0
    with superuser(server) as connection:
        for _ in range(600):
            text = "".join(source.choices(pieces, k=source.randint(1, 6)))
            try:
                connection.execute(b"explain select " + text.encode())
            except psycopg.Error as error:
                if "unterminated" in str(error):
                    open_ends += 1
                    with pytest.raises(UsageError):
                        scan(text)
    assert open_ends > 100
