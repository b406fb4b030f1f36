"""Personas: what they are called, what their tokens say, what is refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.access.persona import (
    Named,
    of_role,
    of_user,
    parse_claims,
    parse_named,
    remarks,
    replace_claims,
    with_aal,
    with_claims,
)
from console.errors import UsageError

ADA = "ee6976a3-df28-5083-fdb7-9b5626be80a3"


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("ada@example.com", "email", "ada@example.com"),
        ("  ada@example.com ", "email", "ada@example.com"),
        (ADA, "id", ADA),
        ("user_2aBc", "id", "user_2aBc"),
        ("anon", "role", "anon"),
        ("service_role", "role", "service_role"),
        ("role:Analyst %s", "role", "Analyst %s"),
        ("role:anon", "role", "anon"),
    ],
)
def test_a_name_is_read(text: str, kind: str, value: str) -> None:
    named = parse_named(text)
    assert (named.kind, named.value) == (kind, value)
    assert parse_named(str(named)) == named


@pytest.mark.parametrize(
    "text",
    ["", "authenticated", "two words", "role:", "role:none", "role:NONE", "role:a\0b", "a\0b"],
)
def test_what_names_nobody_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as refusal:
        parse_named(text)
    assert refusal.value.hint


def test_a_role_name_has_63_bytes_at_most() -> None:
    assert parse_named("role:" + "é" * 31).value == "é" * 31
    with pytest.raises(UsageError):
        parse_named("role:" + "é" * 32)


def test_a_user_comes_with_the_claims_the_sign_in_service_issues() -> None:
    ada = of_user(ADA, email="ada@example.com", app_metadata={"role": "admin"}, now=1_700_000_000)
    expected = (
        "sub aud role exp iat iss email phone app_metadata user_metadata aal amr session_id"
        " is_anonymous"
    )
    assert sorted(ada.claims) == sorted(expected.split())
    assert ada.claims["sub"] == ada.user_id == ADA
    assert ada.claims["aud"] == ada.claims["role"] == ada.role == "authenticated"
    assert ada.claims["exp"] - ada.claims["iat"] == 3600
    assert ada.claims["app_metadata"] == {"role": "admin"}
    assert ada.claims["is_anonymous"] is False
    assert str(ada) == "ada@example.com · authenticated · aal1"
    assert of_user(ADA, email="ada@example.com", now=5).claims_json == ada.claims_json.replace(
        "1700000000", "5"
    ).replace("1700003600", "3605").replace(
        '{"role":"admin"}', '{"provider":"email","providers":["email"]}'
    )


def test_keys_and_other_roles_come_with_little() -> None:
    assert set(of_role("anon").claims) == {"role", "iss", "iat", "exp"}
    assert of_role("anon").user_id is None
    assert of_role("analyst").claims == {"role": "analyst"}
    assert str(of_role("analyst")) == "role:analyst · analyst"


def test_the_assurance_level_can_be_set_and_taken_back() -> None:
    ada = of_user(ADA, email="ada@example.com")
    second = with_aal(ada, 2)
    assert second.aal == "aal2"
    assert [entry["method"] for entry in second.claims["amr"]] == ["password", "totp"]
    assert with_aal(second, 1).claims == ada.claims
    with pytest.raises(UsageError):
        with_aal(ada, 3)


def test_claims_are_merged_key_by_key_and_null_takes_one_away() -> None:
    ada = of_user(ADA, app_metadata={"provider": "email", "tier": 1})
    changed = with_claims(ada, '{"app_metadata": {"tier": 2}, "aal": null, "org": ["x"]}')
    assert changed.claims["app_metadata"] == {"provider": "email", "tier": 2}
    assert "aal" not in changed.claims
    assert changed.claims["org"] == ["x"]
    assert changed.label == ada.label


def test_the_role_claim_decides_the_role() -> None:
    assert with_claims(of_user(ADA), '{"role": "service_role"}').role == "service_role"
    for text in ('{"role": 5}', '{"role": "none"}', '{"role": ""}'):
        with pytest.raises(UsageError):
            with_claims(of_user(ADA), text)


def test_who_is_somebody_else_by_the_claims_is_not_called_by_the_old_name() -> None:
    ada = of_user(ADA, email="ada@example.com")
    assert with_claims(ada, '{"aal": "aal2", "role": "service_role"}').label == "ada@example.com"
    assert with_claims(ada, '{"sub": "x"}').label == "sub x"
    assert with_claims(ada, '{"sub": "x", "email": "bert@example.com"}').label == "bert@example.com"
    assert with_claims(ada, '{"sub": null}').label == "nobody"
    assert replace_claims(ada, '{"sub": 7}').label == "sub 7"
    assert replace_claims(ada, "{}").named == ada.named


def test_edited_claims_replace_all_others() -> None:
    assert replace_claims(of_user(ADA), '{"sub": "x"}').claims == {"sub": "x"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '"x"',
        "null",
        '{"a": NaN}',
        '{"a": Infinity}',
        '{"a": "\\u0000"}',
        '{"a": {"\\u0000": 1}}',
        '{"a": "\\ud800"}',
        "[" * 100_000,
        '{"a": "' + "x" * 70_000 + '"}',
    ],
    ids=lambda text: text[:20],
)
def test_claims_that_no_server_takes_are_refused(text: str) -> None:
    with pytest.raises(UsageError) as refusal:
        parse_claims(text)
    assert refusal.value.hint


def test_a_claim_may_hold_what_looks_like_an_escape() -> None:
    assert parse_claims('{"a": "\\\\u0000"}') == {"a": "\\u0000"}


texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(texts, values, max_size=4))
def test_any_object_of_json_comes_through(claims: dict[str, object]) -> None:
    claims.pop("role", None)
    assert replace_claims(of_user(ADA), json.dumps(claims)).claims == claims


def test_odd_claims_are_remarked_upon() -> None:
    ada = of_user(ADA)
    assert remarks(ada) == ()
    assert "auth.uid() raises" in remarks(with_claims(ada, '{"sub": "user_2aBc"}'))[0]
    assert "nobody had signed in" in remarks(with_claims(ada, '{"sub": null}'))[0]
    assert "not a text" in " ".join(remarks(with_claims(ada, '{"sub": 7}')))
    assert "aal" in remarks(with_claims(ada, '{"aal": "aal9"}'))[0]
    assert remarks(of_role("anon")) == ()


def test_how_it_was_named_is_kept() -> None:
    assert of_user(ADA, email="ada@example.com").named == Named("email", "ada@example.com")
    assert of_user(ADA).named == Named("id", ADA)
    assert str(of_role("analyst").named) == "role:analyst"
