"""Target 9: what the shape of a policy costs on a million rows.

Each pair counts the same rows as the same person, once with the policy as shipped and once
with the form it avoids: a function call per row, an auth call per row. Everything runs in
one transaction per form and is rolled back.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

import psycopg

from tests.benchmarks.database import benchmark_database

ORGANIZATIONS = 1000
USERS = 5000

FILL = """
insert into public.users (id, email, name)
select md5('u' || n)::uuid, 'user' || n || '@example.test', 'User ' || n
  from generate_series(1, %(users)s) n;
insert into public.organizations (id, name, slug)
select md5('o' || n)::uuid, 'Organization ' || n, 'organization-' || n
  from generate_series(1, %(organizations)s) n;
insert into public.organization_members ("organizationId", "userId", role)
select md5('o' || (1 + n %% %(organizations)s))::uuid, md5('u' || n)::uuid, 'member'
  from generate_series(1, %(users)s) n;
insert into public.workflows ("userId", "organizationId", name)
select md5('u' || (1 + n %% %(users)s))::uuid,
       md5('o' || (1 + (n * 7) %% %(organizations)s))::uuid, 'Workflow ' || n
  from generate_series(1, %(workflows)s) n;
insert into public.events ("userId", "filePath", "eventType", tool)
select md5('u' || (1 + n %% %(users)s))::uuid, '/f/' || n, 'modified', 'editor'
  from generate_series(1, %(workflows)s) n;
"""

PER_ROW_MEMBERSHIP = """
drop policy workflows_select on public.workflows;
create policy workflows_select on public.workflows for select to authenticated
using ("userId" = (select auth.uid()) or public.is_org_member("organizationId"))
"""

NO_INDEX = """
do $$
declare name text;
begin
  for name in select indexrelid::regclass::text from pg_index i
               where indrelid = 'public.events'::regclass and not indisprimary
  loop execute 'drop index ' || name; end loop;
end $$
"""

UNWRAPPED = """
drop policy events_select on public.events;
create policy events_select on public.events for select to authenticated
using ("userId" = auth.uid())
"""


def count_as(
    connection: psycopg.Connection[Any], table: str, prepare: list[str], repeats: int
) -> tuple[float, int]:
    """Counts a table as one person; median seconds and the count. Always rolled back."""
    times: list[float] = []
    seen = 0
    with connection.transaction(force_rollback=True):
        for statement in prepare:
            connection.execute(statement.encode())
        connection.execute("select set_config('request.jwt.claims', %s, true)", [CLAIMS])
        connection.execute("set local role authenticated")
        for _ in range(repeats):
            started = time.perf_counter()
            row = connection.execute(f"select count(*) from public.{table}").fetchone()
            times.append(time.perf_counter() - started)
            assert row is not None
            seen = row[0]
    return statistics.median(times), seen


CLAIMS = '{"role": "authenticated", "sub": "%s"}'


def main() -> None:
    global CLAIMS
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workflows", type=int, default=1_000_000)
    options = parser.parse_args()
    with benchmark_database() as (connection, _):
        volumes = {
            "users": USERS,
            "organizations": ORGANIZATIONS,
            "workflows": options.workflows,
        }
        for statement in FILL.strip().split(";\n"):
            connection.execute(statement.encode(), volumes)
        connection.execute("vacuum analyze")
        user = connection.execute("select md5('u42')::uuid::text").fetchone()
        assert user is not None
        CLAIMS = CLAIMS % user[0]
        pairs = {
            "organization table, shipped": ("workflows", [], 15),
            "organization table, per-row helper": ("workflows", [PER_ROW_MEMBERSHIP], 1),
            "own rows without index, shipped": ("events", [NO_INDEX], 5),
            "own rows without index, unwrapped": ("events", [NO_INDEX, UNWRAPPED], 2),
        }
        results = {name: count_as(connection, *how) for name, how in pairs.items()}
        print("| count as one person | ms | rows |\n| --- | --- | --- |")
        for name, (seconds, rows) in results.items():
            print(f"| {name} | {seconds * 1000:.1f} | {rows} |")
        values = [seconds for seconds, _ in results.values()]
        print(f"\norganization table: 1/{values[1] / values[0]:.0f} of the per-row helper")
        print(f"own rows without index: 1/{values[3] / values[2]:.1f} of the unwrapped form")


if __name__ == "__main__":
    main()
