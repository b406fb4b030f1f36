"""redact_telemetry_metadata and its trigger: no secret is stored, and nothing else is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.schema.world import ADA, Connection, acting, insert

SENSITIVE_KEYS = [
    *("password", "PASSWORD", "Password", "userPassword", "user_password", "passwd", "pwd"),
    *("token", "accessToken", "refresh_token", "APIToken", "secret", "clientSecret"),
    *("api_key", "apiKey", "API-KEY", "apikey", "X-Api-Key", "private_key", "accessKeyId"),
    *("authorization", "Authorization", "Proxy-Authorization", "cookie", "Set-Cookie", "cookies"),
    *("credit_card", "creditCard", "creditcard", "CREDIT CARD", "cardNumber", "cvv"),
    *("ssn", "SSN", "userSSN", "user_ssn", " password ", "credentials", "jwt", "passphrase"),
]
INNOCENT_KEYS = [
    *("path", "durationMs", "appId", "author", "className", "monkey", "keyboard", "keyCount"),
    *("passenger", "compass", "opinion", "spinner", "classNames", "business", "session", "assn"),
]
SECRETS = [
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    "Bearer abcdefghijklmnop",
    "basic dXNlcjpwYXNzd29yZA==",
    "sk_" + "live_abcdefghijklmnopqrst",
    "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
    "xoxb-123456789012-abcdefghijkl",
    "AKIAIOSFODNN7EXAMPLE",
    "AIzaSyA1234567890abcdefghijklmnopqrstuv",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIE",
    "postgresql://ada:hunter2@db.example/app",
    "123-45-6789",
    "his number is 123-45-6789.",
    "4111 1111 1111 1111",
    "4111-1111-1111-1111",
    "4111111111111111",
    "paid with 5500005555555559",
    "password=hunter2",
    "PASSWORD: hunter2",
    'api_key = "x1"',
    "run --token=abc",
]
INNOCENT_VALUES: list[Any] = [
    *("", "hello", "/home/ada/password_reset.py", "2025-01-15T10:00:00Z", "2025-01-15"),
    *("3bfc55ab-a577-5f31-9cf6-756848af25d9", "https://example.org/a?b=c", "a@b.example"),
    *("https://example.org:8080/x", "+41 44 668 18 00", "10.0.0.1", "v1.2.3", "forgot password?"),
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    *(0, 1, -1.5, 1700000000, 1700000000000, 1700000000000000, True, False, None),
]


def redact(db: Connection, value: object) -> Any:
    """Returns the redacted value."""
    query = "select public.redact_telemetry_metadata(%s::jsonb)"
    [[redacted]] = db.execute(query, (json.dumps(value),)).fetchall()
    return redacted


def nested(value: object, depth: int) -> object:
    """Buries a value under objects and arrays in turn."""
    for level in range(depth):
        value = {"inner": value, "level": level} if level % 2 else [level, value]
    return value


@pytest.mark.parametrize("key", SENSITIVE_KEYS)
def test_sensitive_key_goes_whatever_it_holds(db: Connection, key: str) -> None:
    for held in ("x", 1, None, {"deep": ["x"]}, ["x"]):
        assert redact(db, {key: held, "kept": 1}) == {"kept": 1}


@pytest.mark.parametrize("key", INNOCENT_KEYS)
def test_innocent_key_stays(db: Connection, key: str) -> None:
    assert redact(db, {key: "x"}) == {key: "x"}


@pytest.mark.parametrize("depth", [1, 2, 3, 10, 60])
def test_depth_and_arrays_do_not_hide(db: Connection, depth: int) -> None:
    raw = nested({"Password": "hunter2", "note": "Bearer abcdefghijkl", "kept": [1, {}]}, depth)
    assert redact(db, raw) == nested({"note": "[redacted]", "kept": [1, {}]}, depth)


@pytest.mark.parametrize("secret", SECRETS)
def test_value_that_looks_like_a_secret_is_replaced(db: Connection, secret: str) -> None:
    assert redact(db, {"note": secret, "list": ["a", secret]}) == {
        "note": "[redacted]",
        "list": ["a", "[redacted]"],
    }
    assert redact(db, secret) == "[redacted]"


def test_card_number_as_a_number_is_replaced(db: Connection) -> None:
    assert redact(db, {"n": 4111111111111111}) == {"n": "[redacted]"}


@pytest.mark.parametrize("value", INNOCENT_VALUES)
def test_innocent_value_stays(db: Connection, value: object) -> None:
    assert redact(db, {"v": value, "l": [value]}) == {"v": value, "l": [value]}


@pytest.mark.parametrize("value", [{}, [], {"a": {}}, [[]], None, [3, 1, 2], "x", 7])
def test_shape_and_order_are_kept(db: Connection, value: object) -> None:
    assert redact(db, value) == value


def test_null_stays_null(db: Connection) -> None:
    assert db.execute("select public.redact_telemetry_metadata(null)").fetchall() == [(None,)]


def test_it_may_be_used_in_an_index_since_it_is_immutable(db: Connection) -> None:
    db.execute("create index on public.events (public.redact_telemetry_metadata(metadata))")


NAMES = st.text(alphabet="aeiou ", max_size=6)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=12,
)


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    document=st.dictionaries(NAMES, VALUES, max_size=3),
    key=st.sampled_from(SENSITIVE_KEYS),
    data=st.data(),
)
def test_planted_secret_goes_and_the_rest_stays(
    db: Connection, document: dict[str, Any], key: str, data: st.DataObject
) -> None:
    assert redact(db, document) == document
    planted = json.loads(json.dumps(document))
    data.draw(st.sampled_from(list(_objects(planted))))[key] = {"planted": "hunter2"}
    assert redact(db, planted) == document


def _objects(document: Any) -> Iterator[dict[str, Any]]:
    """Yields every object in a document, itself first."""
    if isinstance(document, dict):
        yield document
        document = list(document.values())
    if isinstance(document, list):
        for item in document:
            yield from _objects(item)


# The trigger -----------------------------------------------------------------------------------

RAW = {"password": "hunter2", "window": {"title": "Bearer abcdefghijkl", "token": 1}, "n": [1]}
CLEAN = {"window": {"title": "[redacted]"}, "n": [1]}


def telemetry(metadata: object) -> dict[str, object]:
    """A telemetry row of Ada's."""
    json_text = None if metadata is None else json.dumps(metadata)
    return {"userId": ADA, "appId": "x", "eventType": "y", "metadataRedactedJson": json_text}


def stored(db: Connection) -> list[Any]:
    """Metadata of what the tests below inserted."""
    query = 'select "metadataRedactedJson" from public.telemetry_events where "appId" = \'x\''
    return [value for (value,) in db.execute(query).fetchall()]


def test_telemetry_is_redacted_on_its_way_in(db: Connection, world: dict[str, object]) -> None:
    with acting(db, "owner"):
        db.execute(insert("telemetry_events", telemetry(RAW)))
        db.execute(insert("telemetry_events", telemetry(None)))
        db.execute(
            'insert into public.telemetry_events ("userId", "appId", "eventType",'
            ' "metadataRedactedJson") select %s, %s, %s, %s from generate_series(1, 2)',
            (ADA, "x", "y", json.dumps(RAW)),
        )
    assert stored(db) == [CLEAN, None, CLEAN, CLEAN]


def test_copy_and_replication_are_redacted_too(db: Connection, world: dict[str, object]) -> None:
    columns = '"userId", "appId", "eventType", "metadataRedactedJson"'
    with db.cursor().copy(f"copy public.telemetry_events ({columns}) from stdin".encode()) as copy:
        copy.write_row((ADA, "x", "y", json.dumps(RAW)))
    db.execute("set local session_replication_role = replica")
    db.execute(insert("telemetry_events", telemetry(RAW)))
    assert stored(db) == [CLEAN, CLEAN]
