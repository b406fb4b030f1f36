"""What a database linter looks for, as queries: none of them may find anything.

The questions are those of Supabase's own linter, with the bars of the schema's design. Each
comes with a statement that breaks the schema so that it must find something.
"""

from __future__ import annotations

import pytest

from tests.schema.world import Connection

LINTS = {
    "foreign key without an index that it leads": (
        """
        select c.conname from pg_constraint c
        where c.contype = 'f' and c.connamespace = 'public'::regnamespace
          and not exists (
            select from pg_index i
            where i.indrelid = c.conrelid and i.indpred is null and i.indisvalid
              and (i.indkey::int2[])[0:cardinality(c.conkey) - 1] operator(pg_catalog.@>) c.conkey)
        """,
        "drop index public.idx_workflows_user_id",
    ),
    "auth.* or current_setting() evaluated for every row of a policy": (
        r"""
        select policyname from pg_policies
        where schemaname = 'public' and regexp_replace(
          coalesce(qual, '') || ' ' || coalesce(with_check, ''),
          '\( *SELECT (auth\.(uid|jwt|role|email)\(\)|current_setting\([^()]*\))', '', 'gi'
        ) ~* '(auth\.(uid|jwt|role|email)|current_setting) *\('
        """,
        'alter policy events_select on public.events using ("userId" = auth.uid())',
    ),
    "function evaluated for every row of a policy": (
        r"""
        select policyname from pg_policies
        where schemaname = 'public' and regexp_replace(
          coalesce(qual, '') || ' ' || coalesce(with_check, ''),
          '\( *SELECT [a-z_.]+\([^()]*\)', '', 'gi'
        ) ~* '(is_org_member|is_org_admin|is_admin|my_org_ids|my_admin_org_ids) *\('
        """,
        "alter policy organizations_select on public.organizations using (is_org_member(id))",
    ),
    "table without row-level security": (
        """
        select relname from pg_class
        where relkind in ('r', 'p') and not relrowsecurity
          and relnamespace in ('public'::regnamespace, 'private'::regnamespace)
        """,
        "alter table public.spend disable row level security",
    ),
    "policies on a table whose row-level security is off": (
        """
        select distinct c.relname from pg_policy p join pg_class c on c.oid = p.polrelid
        where not c.relrowsecurity
        """,
        "alter table public.spend disable row level security",
    ),
    "row-level security without a policy": (
        """
        select relname from pg_class c
        where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and relrowsecurity
          and not exists (select from pg_policy p where p.polrelid = c.oid)
        """,
        "drop policy spend_service on public.spend",
    ),
    "several permissive policies for one role and command": (
        """
        select c.relname, r.rolname, command
        from pg_policy p
        join pg_class c on c.oid = p.polrelid
        cross join unnest(array['r', 'a', 'w', 'd']) as command
        join pg_roles r on r.rolname !~ '^pg_' and not r.rolsuper
          and (p.polroles = '{0}' or r.oid = any (p.polroles))
        where p.polpermissive and p.polcmd::text in (command, '*')
        group by 1, 2, 3 having count(*) > 1
        """,
        "create policy extra on public.events for select to authenticated using (false)",
    ),
    "policy to everybody": (
        """
        select polname from pg_policy where polroles = '{0}'
        """,
        "create policy extra on public.events for select using (false)",
    ),
    "policy that is always true for a role that is not the service's": (
        """
        select policyname from pg_policies
        where schemaname = 'public'
          and roles <> '{service_role}' and tablename not in ('feature_flags', 'roles')
          and 'true' in (qual, with_check)
        """,
        "alter policy events_insert on public.events with check (true)",
    ),
    "policy that trusts what a user can edit": (
        """
        select policyname from pg_policies
        where concat(qual, with_check) ~ 'user_metadata'
        """,
        """
        alter policy events_select on public.events
          using ((select auth.jwt()) -> 'user_metadata' ->> 'role' = 'admin')
        """,
    ),
    "update policy without a check": (
        """
        select policyname from pg_policies
        where schemaname = 'public' and cmd in ('UPDATE', 'ALL') and with_check is null
        """,
        "create policy extra on public.spend for update to authenticated using (false)",
    ),
    "function with a mutable search_path": (
        """
        select oid::regprocedure::text from pg_proc
        where pronamespace in ('public'::regnamespace, 'private'::regnamespace)
          and 'search_path=""' <> all (coalesce(proconfig, '{}'))
        """,
        "alter function public.is_admin() reset search_path",
    ),
    "view that runs as its owner, or any other view or materialized view": (
        """
        select relname from pg_class
        where relkind in ('v', 'm')
          and relnamespace in ('public'::regnamespace, 'private'::regnamespace)
        """,
        "create view public.extra as select id from public.users",
    ),
    "two identical indexes": (
        r"""
        select array_agg(indexname order by indexname) from pg_indexes
        where schemaname = 'public'
        group by tablename, regexp_replace(indexdef, '^CREATE (UNIQUE )?INDEX \S+ ON', '')
        having count(*) > 1
        """,
        'create index extra on public.workflows using btree ("userId")',
    ),
    "table without a primary key": (
        """
        select relname from pg_class c
        where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace
          and not exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary)
        """,
        "alter table public.spend drop constraint spend_pkey",
    ),
    "extension in schema public": (
        """
        select extname from pg_extension where extnamespace = 'public'::regnamespace
        """,
        "create extension pg_trgm schema public",
    ),
    "definer function in public that the outside world may call": (
        """
        select p.oid::regprocedure::text, r from pg_proc p, unnest('{anon,authenticated}'::text[]) r
        where p.prosecdef and p.pronamespace = 'public'::regnamespace
          and has_function_privilege(r, p.oid, 'execute')
        """,
        "grant execute on function public.cleanup_retention_data() to authenticated",
    ),
    "definer function in private that is reachable and not one of the four questions": (
        """
        select p.oid::regprocedure::text, r
        from pg_proc p, unnest('{anon,authenticated,service_role}'::text[]) r
        where p.prosecdef and p.pronamespace = 'private'::regnamespace
          and has_schema_privilege(r, 'private', 'usage')
          and has_function_privilege(r, p.oid, 'execute')
          and (r <> 'authenticated' or p.proname not in (
            'my_org_ids', 'my_admin_org_ids', 'is_org_member', 'is_org_admin'))
        """,
        "grant execute on function private.log_privacy_change() to authenticated",
    ),
    "anything in public that refers to auth.users": (
        """
        select c.conname from pg_constraint c
        where c.confrelid = to_regclass('auth.users') and c.connamespace = 'public'::regnamespace
        """,
        "alter table public.spend add foreign key (id) references auth.users (id)",
    ),
    "constraint that is not validated, or index that is not valid": (
        """
        select conname from pg_constraint
        where not convalidated and connamespace = 'public'::regnamespace
        union all
        select indexrelid::regclass::text from pg_index where not indisvalid
        """,
        "alter table public.spend add constraint extra check (clicks < 9) not valid",
    ),
    "rule on one of our tables": (
        """
        select rulename from pg_rules where schemaname in ('public', 'private')
        """,
        "create rule extra as on insert to public.spend do also select 1",
    ),
    "zero-trust table in a publication": (
        """
        select tablename from pg_publication_tables
        where tablename in ('privacy_prefs', 'telemetry_events', 'privacy_transparency_log')
        """,
        "create publication extra for table public.telemetry_events",
    ),
}


@pytest.mark.parametrize("lint", LINTS)
def test_lint_finds_nothing(db: Connection, lint: str) -> None:
    query, _ = LINTS[lint]
    assert db.execute(query.encode()).fetchall() == []


@pytest.mark.parametrize("lint", LINTS)
def test_lint_would_find_it(db: Connection, lint: str) -> None:
    query, breakage = LINTS[lint]
    db.execute(breakage.encode())
    assert db.execute(query.encode()).fetchall() != []
