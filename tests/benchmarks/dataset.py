"""Makes the database the paging benchmarks read: ten million rows of `events`.

    python -m tests.benchmarks.dataset FOLDER [--rows N] [--serve]

The data stays in FOLDER, about 3 GB, and an interrupted run goes on where it was. With
`--serve` the server runs until it is interrupted, and its address is printed. The table is the
schema's own, with the key and two indexes: those over one and two columns that orders and
filters are measured with. `notes` is a copy of a fifth of it without any key, its rows numbered
in the order they were written.
"""

from __future__ import annotations

import argparse
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg

from console import assets
from console.connection.embedded import EmbeddedServer

DATABASE = "events"
ROWS = 10_000_000
BATCH = 500_000
USERS = 1_000

SETTINGS = {
    "shared_buffers": "1GB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "30min",
    "synchronous_commit": "off",
    "maintenance_work_mem": "512MB",
    "max_parallel_maintenance_workers": "2",
    "autovacuum": "off",
}

EMPTIED = """
create schema benchmark;
create table benchmark.step (name text primary key);
do $$
declare name text;
begin
  for name in select indexrelid::regclass::text from pg_index
               where indrelid = 'public.events'::regclass and not indisprimary
  loop execute 'drop index ' || name; end loop;
end $$;
alter table public.events drop constraint events_pkey;
insert into public.users (id, email, name)
select md5('u' || n)::uuid, 'user' || n || '@example.test', 'User ' || n
  from generate_series(1, %(users)s) n;
create table public.notes (n int not null, path text, kind text);
"""

FILLED = """
insert into public.events (id, "userId", "filePath", "eventType", tool, "timestamp", metadata)
select gen_random_uuid(), md5('u' || (1 + (random() * random() * (%(users)s - 1))::int))::uuid,
       '/home/user/project/' || n %% 997 || '/file' || n || '.py',
       (array['modified', 'modified', 'accessed', 'created', 'modified', 'deleted'])[1 + n %% 6],
       case when n %% 10 > 0 then (array['editor', 'shell', 'agent'])[1 + n %% 3] end,
       timestamptz '2024-01-01' + (n + random() * 20) * interval '3 seconds',
       jsonb_build_object('size', n %% 4096, 'branch', 'main')
  from generate_series(%(first)s::int, %(last)s::int) n
"""

FINISHED = (
    "alter table public.events add constraint events_pkey primary key (id)",
    'create index events_timestamp on public.events ("timestamp")',
    'create index events_user_timestamp on public.events ("userId", "timestamp" desc)',
    "insert into public.notes select row_number() over (), e.* from"
    ' (select "filePath", "eventType" from public.events limit %(notes)s) e',
    "vacuum (analyze, freeze)",
)


@contextmanager
def dataset(
    folder: Path, rows: int = ROWS, progress: Callable[[str], None] = print
) -> Iterator[EmbeddedServer]:
    """Starts the server on a folder and makes there what is still missing.

    Args:
        folder: Where the data is, or is to be.
        rows: Rows of `events`; of no effect on a folder that has them.
        progress: Told in words what happens.
    """
    with EmbeddedServer(keep=folder, settings=SETTINGS) as server:
        if server.create_database(DATABASE):
            progress("making the schema")
        with psycopg.connect(server.dsn(DATABASE), autocommit=True) as connection:
            _make(connection, rows, progress)
        yield server


def _make(connection: psycopg.Connection[Any], rows: int, progress: Callable[[str], None]) -> None:
    connection.execute("set session_replication_role = replica")
    [(begun,)] = connection.execute("select to_regclass('benchmark.step') is not null").fetchall()
    if not begun:
        with connection.transaction():
            connection.execute(assets.schema_file(assets.PLAIN_POSTGRES).read_bytes())
            connection.execute(assets.schema_file(assets.MASTER_MIGRATION).read_bytes())
            cursor = psycopg.ClientCursor(connection)
            cursor.execute(EMPTIED, {"users": USERS})
    done = {name for (name,) in connection.execute("select name from benchmark.step")}
    if "whole" in done:
        return
    for first in range(1, rows + 1, BATCH):
        if f"rows from {first}" not in done:
            progress(f"rows from {first:,}")
            with connection.transaction():
                last = min(first + BATCH - 1, rows)
                connection.execute(FILLED, {"users": USERS, "first": first, "last": last})
                _note(connection, f"rows from {first}")
    for statement in FINISHED:
        if statement not in done:
            progress(statement)
            cursor = psycopg.ClientCursor(connection)
            cursor.execute(statement, {"notes": rows // 5} if "%(" in statement else None)
            _note(connection, statement)
    _note(connection, "whole")


def _note(connection: psycopg.Connection[Any], name: str) -> None:
    connection.execute("insert into benchmark.step values (%s)", [name])


def main() -> None:
    """Makes the data set, and serves it if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--serve", action="store_true")
    options = parser.parse_args()
    with dataset(options.folder, options.rows) as server, suppress(KeyboardInterrupt):
        print(f"dsn: {server.dsn(DATABASE)}", flush=True)
        while options.serve:
            signal.pause()


if __name__ == "__main__":
    main()
