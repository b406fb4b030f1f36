"""Nothing that data holds reaches a terminal as anything but what a person can see."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.visible import is_unsafe, json_text, visible, visible_lines

UNSAFE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
ANY_TEXT = st.text(st.characters(exclude_categories=()))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", "␛[31mred"),
        ("\x1b]52;c;Zm9v\x07", "␛]52;c;Zm9v␇"),
        ("a\nb\tc\r", "a␊b␉c␍"),
        ("\x00", "␀"),
        ("\x7f", "␡"),
        ("\x9b31m", "⟨009B⟩31m"),
        ("\u202eevil", "⟨202E⟩evil"),
        ("zero\u200bwidth", "zero⟨200B⟩width"),
        ("soft\u00adhyphen", "soft⟨00AD⟩hyphen"),
        ("\u2028line", "⟨2028⟩line"),
        ("\ufeffbom", "⟨FEFF⟩bom"),
        ("\ud800", "⟨D800⟩"),
        ("\U000e0041tag", "⟨E0041⟩tag"),
        ("\ue000", "⟨E000⟩"),
        ("\U0001f600 Ünïcödé 漢字 [b]%s{}", "\U0001f600 Ünïcödé 漢字 [b]%s{}"),
        ("no\u00a0break", "no\u00a0break"),
    ],
)
def test_what_is_unsafe_becomes_a_mark_and_the_rest_stays(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_every_character_there_is_comes_out_safe_or_as_itself() -> None:
    for code in range(0x110000):
        character = chr(code)
        shown = visible(character)
        if unicodedata.category(character) in UNSAFE:
            assert shown != character
            assert not any(map(is_unsafe, shown))
        else:
            assert shown == character


@given(ANY_TEXT)
def test_visible_text_is_one_safe_line(text: str) -> None:
    shown = visible(text)
    assert not any(unicodedata.category(character) in UNSAFE for character in shown)
    assert visible(shown) == shown


@given(ANY_TEXT)
def test_lines_stay_and_hold_nothing_unsafe(text: str) -> None:
    shown = visible_lines(text)
    assert shown.count("\n") == text.count("\n")
    assert not any(map(is_unsafe, shown.replace("\n", "")))


def test_tabs_become_spaces_in_prose() -> None:
    assert visible_lines("if\n\treturn") == "if\n    return"


@given(st.recursive(ANY_TEXT | st.none() | st.integers(), lambda v: st.dictionaries(ANY_TEXT, v)))
def test_json_is_safe_to_print_and_parses_back_to_the_same(value: object) -> None:
    for indent in (None, 2):
        text = json_text(value, indent=indent)
        assert not any(map(is_unsafe, text.replace("\n", "")))
        assert json.loads(text) == _joined(value)


def _joined(value: object) -> object:
    """What JSON can't tell apart: two lone surrogates in a row are one character."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    if isinstance(value, dict):
        return {_joined(key): _joined(part) for key, part in value.items()}
    return value


def test_json_escapes_what_could_act_on_a_terminal() -> None:
    text = json_text({"\x1b": "\u202e\U000e0041"})
    assert text == '{"\\u001b": "\\u202e\\udb40\\udc41"}'
