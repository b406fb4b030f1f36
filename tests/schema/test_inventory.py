"""The specification's inventory against the live catalog: all of it, and nothing unexpected."""

from __future__ import annotations

import pytest

from tests.schema.inventory import (
    ALL_TABLES,
    ALWAYS_ENABLED,
    DEFINER_FUNCTIONS,
    DOCUMENTED_KEYS,
    EXTRA_FUNCTIONS,
    EXTRA_INDEXES,
    EXTRA_TABLES,
    EXTRA_TRIGGERS,
    FOREIGN_KEYS,
    FUNCTIONS,
    INDEXES,
    POLICIES,
    RULES,
    SEQUENCES,
    TABLES,
    TRIGGERS,
    UNIQUE,
    ZERO_TRUST,
)
from tests.schema.world import Connection


def test_counts_are_those_of_the_specification() -> None:
    assert len(TABLES) == 30
    assert sum(len(columns.split()) for columns in TABLES.values()) == 232
    assert len(ALL_TABLES) == 31
    assert (len(INDEXES), len(FUNCTIONS), len(TRIGGERS), len(RULES)) == (21, 18, 12, 13)


def test_relations(db: Connection) -> None:
    relations = db.execute("""
        select relnamespace::regnamespace::text, relkind::text, relname from pg_class
        where relnamespace in ('public'::regnamespace, 'private'::regnamespace)
          and relkind not in ('i', 'I')
    """).fetchall()
    assert set(relations) == {("public", "r", table) for table in TABLES | EXTRA_TABLES} | {
        ("public", "S", sequence) for sequence in SEQUENCES
    }


def test_schemas(db: Connection) -> None:
    schemas = db.execute("select nspname from pg_namespace where nspname !~ '^pg_'").fetchall()
    assert {name for (name,) in schemas} == {
        "public",
        "private",
        "auth",
        "extensions",
        "information_schema",
    }


@pytest.mark.parametrize("table", ALL_TABLES)
def test_columns_in_order(db: Connection, table: str) -> None:
    columns = db.execute(
        """
        select attname from pg_attribute
        where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped order by attnum
        """,
        (f"public.{table}",),
    ).fetchall()
    assert [name for (name,) in columns] == ALL_TABLES[table].split()


def test_types_of_keys_and_times(db: Connection) -> None:
    columns = db.execute("""
        select c.relname, a.attname, format_type(a.atttypid, null)
        from pg_attribute a join pg_class c on c.oid = a.attrelid
        where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attnum > 0
    """).fetchall()
    types = {f"{table}.{column}": type_ for table, column, type_ in columns}
    assert {name for name, type_ in types.items() if type_ == "bigint"} == {
        "audit_log.id",
        "metrics_log.id",
    }
    for table in set(ALL_TABLES) - {"audit_log", "metrics_log"}:
        assert types[f"{table}.id"] == "uuid"
    users = [name for name in types if name.endswith((".userId", ".user_id"))]
    assert {types[name] for name in users} == {"uuid"}
    times = {
        name
        for name in types
        if name.endswith(("At", "_at", ".timestamp", ".ts", ".lastUsed", ".lastSeen", ".lastRun"))
    }
    assert {types[name] for name in times} == {"timestamp with time zone"}
    assert "timestamp without time zone" not in types.values()
    assert "json" not in types.values()


def test_foreign_keys(db: Connection) -> None:
    keys = db.execute("""
        select format('%s.%s', c.conrelid::regclass, a.attname),
          format('%s.%s on delete %s', c.confrelid::regclass, f.attname, case c.confdeltype
            when 'c' then 'cascade' when 'n' then 'set null' else c.confdeltype::text end),
          c.convalidated
        from pg_constraint c
        join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
        join pg_attribute f on f.attrelid = c.confrelid and f.attnum = c.confkey[1]
        where c.contype = 'f' and c.connamespace = 'public'::regnamespace
          and cardinality(c.conkey) = 1
    """).fetchall()
    assert {key: target for key, target, _ in keys} == FOREIGN_KEYS
    assert len(keys) == len(FOREIGN_KEYS)
    assert all(validated for _, _, validated in keys)


def test_primary_and_unique_keys(db: Connection) -> None:
    keys = db.execute("""
        select c.conrelid::regclass::text, c.contype::text, c.conname, (
          select string_agg(a.attname, ' ' order by k.place)
          from unnest(c.conkey) with ordinality as k (attnum, place)
          join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.attnum)
        from pg_constraint c
        where c.contype in ('p', 'u') and c.connamespace = 'public'::regnamespace
    """).fetchall()
    expected = {(table, "p", f"{table}_pkey", "id") for table in ALL_TABLES}
    for table, uniques in UNIQUE.items():
        for columns in uniques:
            name = f"{table}_{columns.replace(' ', '_')}_key"
            expected.add((table, "u", DOCUMENTED_KEYS.get(table, name), columns))
    assert set(keys) == expected


def test_indexes(db: Connection) -> None:
    indexes = db.execute("""
        select i.indexrelid::regclass::text, i.indrelid::regclass::text, i.indisvalid
        from pg_index i join pg_class c on c.oid = i.indexrelid
        where c.relnamespace in ('public'::regnamespace, 'private'::regnamespace)
          and c.relname !~ '_(pkey|key)$'
    """).fetchall()
    assert {name: table for name, table, _ in indexes} == INDEXES | EXTRA_INDEXES
    assert all(valid for _, _, valid in indexes)


def test_definitions_of_the_two_indexes_over_user_and_time(db: Connection) -> None:
    [[by_time], [covering]] = db.execute("""
        select pg_get_indexdef(name::regclass) from unnest(array[
          'idx_events_user_id_timestamp', 'idx_events_user_timestamp']) as name
    """).fetchall()
    assert by_time.endswith('("userId", "timestamp" DESC)')
    assert covering.endswith('("userId", "timestamp") INCLUDE ("eventType")')


def test_functions(db: Connection) -> None:
    functions = db.execute("""
        select format('%s.%s', n.nspname, p.proname), pg_get_function_identity_arguments(p.oid)
        from pg_proc p join pg_namespace n on n.oid = p.pronamespace
        where n.nspname in ('public', 'private')
           or p.oid = to_regprocedure('auth.uid()')
    """).fetchall()
    assert dict(functions) == FUNCTIONS | EXTRA_FUNCTIONS
    assert len(functions) == len(FUNCTIONS | EXTRA_FUNCTIONS)


def test_results_of_functions(db: Connection) -> None:
    results: dict[str, str] = dict(
        db.execute("""
            select proname, pg_get_function_result(oid) from pg_proc
            where pronamespace = 'public'::regnamespace
        """).fetchall()
    )
    assert results["is_admin"] == results["is_org_member"] == results["is_org_admin"] == "boolean"
    assert results["upsert_events"] == results["upsert_spend"] == "integer"
    assert results["redact_telemetry_metadata"] == "jsonb"
    assert results["cleanup_retention_data"] == (
        "TABLE(table_name text, rows_deleted bigint, status text)"
    )
    assert results["cleanup_telemetry_by_retention"] == "TABLE(user_id uuid, deleted_count bigint)"
    assert results["update_updated_at_column"] == results["auto_redact_telemetry"] == "trigger"


def test_definer_functions(db: Connection) -> None:
    definers = db.execute("""
        select format('%s.%s', pronamespace::regnamespace, proname) from pg_proc
        where prosecdef and pronamespace in ('public'::regnamespace, 'private'::regnamespace)
    """).fetchall()
    assert {name for (name,) in definers} == DEFINER_FUNCTIONS


def test_volatility_that_is_promised(db: Connection) -> None:
    volatility: dict[str, str] = dict(
        db.execute("""
            select format('%s.%s', pronamespace::regnamespace, proname), provolatile::text
            from pg_proc where pronamespace in ('public'::regnamespace, 'private'::regnamespace)
        """).fetchall()
    )
    assert volatility["public.redact_telemetry_metadata"] == "i"
    for name in ("public.is_admin", "public.is_org_member", "private.my_org_ids"):
        assert volatility[name] == "s"


def test_triggers(db: Connection) -> None:
    triggers = db.execute("""
        select t.tgname, t.tgrelid::regclass::text, t.tgenabled::text
        from pg_trigger t join pg_class c on c.oid = t.tgrelid
        where not t.tgisinternal
          and c.relnamespace in ('public'::regnamespace, 'auth'::regnamespace)
    """).fetchall()
    assert {name: table for name, table, _ in triggers} == TRIGGERS | EXTRA_TRIGGERS
    assert len(triggers) == len(TRIGGERS | EXTRA_TRIGGERS)
    assert {name for name, _, enabled in triggers if enabled == "A"} == ALWAYS_ENABLED
    assert {enabled for _, _, enabled in triggers} == {"A", "O"}


def test_policies(db: Connection) -> None:
    policies = db.execute("""
        select tablename, policyname, cmd, permissive, roles::text[] from pg_policies
        where schemaname in ('public', 'private')
    """).fetchall()
    expected = {}
    for table, commands in POLICIES.items():
        for command in commands.split():
            expected[table, f"{table}_{command}"] = (command.upper(), ["authenticated"])
        if table not in ZERO_TRUST:
            expected[table, f"{table}_service"] = ("ALL", ["service_role"])
    for table in ("feature_flags", "offers", "roles"):
        expected[table, f"{table}_select"] = ("SELECT", ["anon", "authenticated"])
    expected["privacy_transparency_log", "privacy_transparency_log_insert"] = (
        "INSERT",
        ["pg_database_owner"],
    )
    assert {
        (table, name): (command, sorted(roles)) for table, name, command, _, roles in policies
    } == expected
    assert {permissive for *_, permissive, _ in policies} == {"PERMISSIVE"}


def test_row_level_security_is_on_everywhere_and_forced_where_trust_is_zero(db: Connection) -> None:
    tables = db.execute("""
        select relname, relrowsecurity, relforcerowsecurity from pg_class
        where relnamespace in ('public'::regnamespace, 'private'::regnamespace) and relkind = 'r'
    """).fetchall()
    assert {name for name, on, _ in tables if on} == set(ALL_TABLES)
    assert {name for name, _, forced in tables if forced} == ZERO_TRUST


def test_seeds_are_the_three_roles_alone(db: Connection) -> None:
    roles = db.execute("select name from public.roles").fetchall()
    assert {name for (name,) in roles} == {"owner", "admin", "member"}
    for table in set(ALL_TABLES) - {"roles"}:
        assert db.execute(f"select 1 from public.{table}".encode()).fetchall() == [], table
