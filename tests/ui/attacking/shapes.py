"""What is typed for an attack, where more than the bare words belongs there."""

from __future__ import annotations

import json
from collections.abc import Iterator

from tests.access.attacks import FOREVER
from tests.access.scene import EVE


def compared(attack: str) -> Iterator[str]:
    """An attack as a filter of rows, and as a value to compare with."""
    yield attack
    yield f"note={attack}"
    yield f"id>{attack} note~{attack}"


def selected(attack: str) -> Iterator[str]:
    """An attack as a statement, and in one."""
    yield attack
    if attack not in STATEMENTS:
        yield f"select {attack}"
        yield f"select id from public.prey where {attack}"


def measured(attack: str) -> Iterator[str]:
    """An attack in a statement to be explained, and one to be measured."""
    yield f"select {attack}"
    yield f"explain analyze select {attack}"


def claimed(attack: str) -> Iterator[str]:
    """An attack as claims, and as each part of them."""
    yield attack
    yield json.dumps({"role": "authenticated", "sub": attack, attack: [attack]})
    yield json.dumps({"role": attack, "sub": EVE.user_id})


def tried(attack: str) -> Iterator[str]:
    """An attack as a row, as a value of it and as the name of a column."""
    yield attack
    yield json.dumps({"id": 3, "note": attack})
    yield json.dumps({attack: 1})


def keyed(attack: str) -> Iterator[str]:
    """An attack as what names a row."""
    yield attack
    yield f"note='{attack}'"


def logged(attack: str) -> Iterator[str]:
    """An attack as words of the logs' filter, and as each of its terms."""
    yield attack
    yield f"user={attack}"
    yield f"action={attack} resource={attack}"
    yield f"since={attack} source={attack}"


def in_a_folder(attack: str) -> Iterator[str]:
    """An attack as a file, as a folder, and as somebody's home."""
    yield attack
    yield f"{attack}/x.csv"
    yield f"~{attack}/x.csv"
    yield f"{attack}{'x' * 300}.csv"


STATEMENTS = (
    "delete from public.ledger",
    "with d as (delete from public.ledger returning 1) table d",
    "explain analyze delete from public.ledger",
    "explain (analyze) with d as (delete from public.ledger returning 1) table d",
    "explain analyze select public.evil_write()",
    "table public.ledger; commit; delete from public.ledger",
    "select 1; reset role",
    "select 1 into evil",
    "create table evil as table public.ledger",
    "copy public.ledger to program 'true'",
    "copy (select public.evil_write()) to stdout",
    "do $$ begin delete from public.ledger; end $$",
    "lock table public.ledger",
    "prepare evil as select 1",
    "declare evil cursor with hold for table public.ledger",
    "begin; savepoint evil",
    "rollback; begin read write",
    "set transaction read write",
    "set session authorization anon",
    "show search_path; commit",
    "listen evil",
    "notify evil",
    "vacuum",
    "alter system set work_mem = '1MB'",
    "call public.evil_write()",
    "select public.evil_delete(), public.evil_sequence(), public.evil_prepare()",
    "select public.evil_temp(), public.evil_commit(), public.evil_raise()",
    "select public.evil_reset(), public.evil_read_write(), public.evil_session()",
    FOREVER,
    "select set_config('default_transaction_read_only', 'off', false), public.evil_write()",
    "select set_config('role', 'anon', false), 'secret'",
    "select set_config('session_authorization', 'anon', true)",
    "select * from public.evil_view, public.evil_rows",
    "select 1 fetch first (select nextval('public.counter')) rows only",
)
"""What somebody might type where whole statements are."""
