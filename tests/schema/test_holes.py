"""Holes that must not come back, and corners the permission matrix doesn't reach."""

from __future__ import annotations

import json

import psycopg
import pytest
from psycopg import sql

from tests.schema.inventory import ALL_TABLES, ZERO_TRUST
from tests.schema.permissions import MATRIX, cells
from tests.schema.world import (
    ACME,
    ADA,
    GLOBEX,
    MIA,
    NELL,
    OWN_WORKFLOW,
    ROOT,
    STAN,
    Connection,
    attempt,
    become,
    give_to_keeper,
    insert,
    table_of,
)

NOTHING = sql.SQL("select").format()
PUBLIC_READ = {"feature_flags", "offers", "roles"}
MOVABLE = [
    line
    for line, row in cells(MATRIX).items()
    if row["owner"][2] == "+" and {"userId", "user_id"} & set(ALL_TABLES[table_of(line)].split())
]


def does(db: Connection, caller: str, statement: str, *values: object) -> str:
    """Tries a statement with `{}` for values; returns a letter of the matrix."""
    return attempt(db, caller, sql.SQL(statement).format(*map(sql.Literal, values)), NOTHING)


@pytest.fixture(autouse=True)
def _world(world: dict[str, object]) -> None:
    """Every test here happens among the people of `world`."""


@pytest.mark.parametrize("role", ["owner", "admin", "member"])
@pytest.mark.parametrize(
    ("caller", "user"), [("newcomer", NELL), ("stranger", STAN), ("claim", ROOT)]
)
def test_nobody_inserts_himself_into_an_organization(
    db: Connection, caller: str, user: object, role: str
) -> None:
    row = {"organizationId": ACME, "userId": user, "role": role}
    assert attempt(db, caller, insert("organization_members", row), NOTHING) == "x"


def test_nobody_but_the_service_founds_an_organization(db: Connection) -> None:
    row = insert("organizations", {"name": "Mine", "slug": "mine"})
    assert attempt(db, "newcomer", row, NOTHING) == "-"
    assert attempt(db, "service", row, NOTHING) == "+"


def test_member_cannot_promote_himself(db: Connection) -> None:
    promote = "update public.organization_members set role = 'owner' where \"userId\" = {}"
    assert does(db, "member", promote, MIA) == "."
    assert does(db, "admin", promote, MIA) == "+"


def test_admin_of_another_organization_is_a_stranger(db: Connection) -> None:
    assert (
        does(db, "stranger", "update public.organizations set name = '' where id = {}", ACME) == "."
    )
    move = (
        'update public.organization_members set "organizationId" = {} where "organizationId" = {}'
    )
    assert does(db, "stranger", move, ACME, GLOBEX) == "x"
    assert does(db, "admin", move, GLOBEX, ACME) == "x"


def test_former_member_sees_nothing_of_the_organization(db: Connection) -> None:
    db.execute('delete from public.organization_members where "userId" = %s', (MIA,))
    assert does(db, "member", "select id from public.organizations") == "."
    assert does(db, "member", "select id from public.organization_members") == "."
    assert does(db, "member", "select id from public.workflows") == "."
    assert does(db, "member", "select id from public.user_integrations") == "."


def test_user_cannot_change_his_subscription(db: Connection) -> None:
    assert does(db, "owner", "update public.subscriptions set plan = 'enterprise'") == "-"
    assert does(db, "owner", "delete from public.subscriptions") == "-"
    upgrade = (
        "insert into public.subscriptions (\"userId\", plan) values ({}, 'enterprise')"
        ' on conflict ("userId") do update set plan = excluded.plan'
    )
    assert does(db, "owner", upgrade, ADA) == "-"


def test_admin_cannot_change_what_the_organization_pays_for(db: Connection) -> None:
    assert does(db, "owner", "update public.organizations set plan = 'enterprise'") == "-"
    assert does(db, "admin", "update public.organizations set plan = 'enterprise'") == "-"


@pytest.mark.parametrize("line", MOVABLE)
def test_row_cannot_be_moved_to_another_user(
    db: Connection, world: dict[str, object], line: str
) -> None:
    table = table_of(line)
    column = "user_id" if "user_id" in ALL_TABLES[table].split() else "userId"
    move = sql.SQL("update {} set {} = {} where id = {}").format(
        sql.Identifier("public", table),
        sql.Identifier(column),
        sql.Literal(STAN),
        sql.Literal(world[line]),
    )
    if table == "organization_members":  # to swap people is an admin's business
        assert attempt(db, "owner", move, NOTHING) == "+"
    else:
        assert attempt(db, "owner", move, NOTHING) in ("x", "-")


def test_user_cannot_become_another(db: Connection) -> None:
    assert does(db, "owner", "update public.users set id = {}", STAN) == "-"
    assert (
        does(
            db, "newcomer", "insert into public.users (id, email) values ({}, 'x@y.example')", STAN
        )
        == "x"
    )


@pytest.mark.parametrize("table", ["workflows", "user_integrations"])
def test_nothing_is_put_into_a_foreign_organization(db: Connection, table: str) -> None:
    row: dict[str, object] = {"userId": STAN, "name": "Trojan"}
    if table == "user_integrations":
        row["provider"] = "git"
    assert attempt(db, "stranger", insert(table, row | {"organizationId": ACME}), NOTHING) == "x"
    assert attempt(db, "stranger", insert(table, row | {"organizationId": GLOBEX}), NOTHING) == "+"
    db.execute(insert(table, row))
    move = f"update public.{table} set \"organizationId\" = {{}} where name = 'Trojan'"
    assert does(db, "stranger", move, ACME) == "x"
    assert does(db, "stranger", move, GLOBEX) == "+"


@pytest.mark.parametrize("table", ["workflow_versions", "workflow_executions"])
def test_nothing_is_hung_on_a_foreign_workflow(db: Connection, table: str) -> None:
    [[theirs]] = db.execute(
        "insert into public.workflows (\"userId\", name) values (%s, 'Theirs') returning id",
        (STAN,),
    ).fetchall()
    row = {"workflowId": theirs} | ({"version": 7} if table == "workflow_versions" else {})
    db.execute(insert(table, row))
    move = f'update public.{table} set "workflowId" = {{}} where "workflowId" = {{}}'
    assert does(db, "stranger", move, OWN_WORKFLOW, theirs) == "x"


def test_audit_log_is_signed_and_dated_by_the_server(db: Connection) -> None:
    write = "insert into public.audit_log (user_id, action) values ({}, 'x')"
    assert does(db, "owner", write, ADA) == "+"
    assert does(db, "owner", write, STAN) == "x"
    assert does(db, "owner", write, None) == "x"
    assert (
        does(
            db,
            "owner",
            "insert into public.audit_log (user_id, action, ts) values ({}, 'x', now())",
            ADA,
        )
        == "-"
    )


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"role": "service_role"},
        {"user_metadata": {"role": "admin"}, "email": "ada@acme.example"},
    ],
    ids=["none", "service_role", "no sub"],
)
def test_claims_without_a_subject_open_nothing(db: Connection, claims: dict[str, object]) -> None:
    db.execute("select set_config('request.jwt.claims', %s, true)", (json.dumps(claims),))
    db.execute("set local role authenticated")
    for table, row in cells(MATRIX).items():
        if row["owner"][0] == "+" and table_of(table) not in PUBLIC_READ:
            query = sql.SQL("select id from {}").format(sql.Identifier("public", table_of(table)))
            assert db.execute(query).fetchall() == [], table


@pytest.mark.parametrize("caller", ["owner", "stranger", "member", "admin", "claim", "newcomer"])
def test_everybody_sees_himself_alone_in_the_zero_trust_tables(db: Connection, caller: str) -> None:
    db.execute(
        'insert into public.privacy_prefs ("userId") select id from public.users'
        ' on conflict ("userId") do nothing'
    )
    become(db, caller)
    [[me]] = db.execute("select auth.uid()").fetchall()
    for table in ZERO_TRUST:
        query = sql.SQL('select distinct "userId" from {}').format(sql.Identifier("public", table))
        seen = {user for (user,) in db.execute(query).fetchall()}
        assert seen == ({me} if table != "telemetry_events" or me == ADA else set()), table


@pytest.mark.parametrize("replication_role", ["origin", "replica"])
@pytest.mark.parametrize(
    "statement",
    [
        "update public.privacy_transparency_log set action = 'nothing'",
        "delete from public.privacy_transparency_log",
        "truncate public.privacy_transparency_log",
        "truncate public.users cascade",
        "insert into public.privacy_transparency_log select * from public.privacy_transparency_log"
        " on conflict (id) do update set action = 'nothing'",
        "merge into public.privacy_transparency_log as l using public.users as u"
        ' on u.id = l."userId" when matched then delete',
    ],
)
def test_transparency_log_is_immutable_even_for_a_superuser(
    db: Connection, statement: str, replication_role: str
) -> None:
    before = db.execute("select count(*) from public.privacy_transparency_log").fetchall()
    db.execute(f"set local session_replication_role = {replication_role}".encode())
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"), db.transaction():
        db.execute(statement.encode())
    assert db.execute("select count(*) from public.privacy_transparency_log").fetchall() == before


def test_owner_without_bypassrls_is_bound_too(db: Connection) -> None:
    """FORCE: he who owns the tables sees no row of the zero-trust ones, and can't forge the log."""
    give_to_keeper(db)
    db.execute("set local role keeper")
    for table in ZERO_TRUST:
        query = sql.SQL("select id from {}").format(sql.Identifier("public", table))
        assert db.execute(query).fetchall() == [], table
    forged = insert("privacy_transparency_log", {"userId": ADA, "action": "forged"})
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level"), db.transaction():
        db.execute(forged)
    assert db.execute("delete from public.privacy_transparency_log").rowcount == 0
    with pytest.raises(psycopg.errors.InsufficientPrivilege), db.transaction():
        db.execute("truncate public.privacy_transparency_log")
