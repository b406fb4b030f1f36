"""encrypt_telemetry_metadata: real and reversible where pgcrypto is, clear where it is not."""

from __future__ import annotations

import base64
import json

import psycopg
import pytest

from tests.schema.conftest import SERVERS
from tests.schema.world import Connection, acting

PLAINTEXT = {"app": "editor", "keys": [1, 2, {"ü": None}]}
with_pgcrypto = pytest.mark.parametrize("schema_server", SERVERS[1:], indirect=True)


def encrypt(db: Connection, key: str | None, plaintext: object = PLAINTEXT) -> str:
    """Encrypts as a signed-in user."""
    with acting(db, "owner"):
        [[text]] = db.execute(
            "select public.encrypt_telemetry_metadata(%s, %s)", (json.dumps(plaintext), key)
        ).fetchall()
    return str(text)


def decrypt(db: Connection, text: str, key: str, schema: str = "extensions") -> object:
    """Undoes it with what pgcrypto offers."""
    query = f"select {schema}.pgp_sym_decrypt({schema}.dearmor(%s), %s)::jsonb"
    [[value]] = db.execute(query.encode(), (text, key)).fetchall()
    return value


def test_says_what_is_missing(db: Connection) -> None:
    db.execute("drop extension if exists pgcrypto")
    with pytest.raises(psycopg.errors.FeatureNotSupported, match="pgcrypto is not installed"):
        encrypt(db, "key")


@with_pgcrypto
def test_round_trip(db: Connection) -> None:
    text = encrypt(db, "correct horse")
    assert decrypt(db, text, "correct horse") == PLAINTEXT
    assert "editor" not in text


@with_pgcrypto
def test_same_plaintext_never_looks_the_same(db: Connection) -> None:
    assert encrypt(db, "key") != encrypt(db, "key")


@with_pgcrypto
def test_wrong_key_opens_nothing(db: Connection) -> None:
    with pytest.raises(psycopg.errors.ExternalRoutineInvocationException, match="Wrong key"):
        decrypt(db, encrypt(db, "key"), "Key")


@with_pgcrypto
def test_cipher_is_aes_256(db: Connection) -> None:
    armored = encrypt(db, "key").split("\n\n", 1)[1].split("\n=")[0]
    packet = base64.b64decode(armored)
    # RFC 4880: packet 3 in the new format, its length, version 4, cipher 9
    assert (packet[0], packet[2], packet[3]) == (0xC3, 4, 9)


@with_pgcrypto
def test_pgcrypto_is_found_wherever_it_lives(db: Connection) -> None:
    db.execute('create schema "odd Place"; grant usage on schema "odd Place" to public')
    db.execute('alter extension pgcrypto set schema "odd Place"')
    assert decrypt(db, encrypt(db, "key"), "key", '"odd Place"') == PLAINTEXT


@with_pgcrypto
@pytest.mark.parametrize("key", ["", None])
def test_no_key_is_refused(db: Connection, key: str | None) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        encrypt(db, key)
