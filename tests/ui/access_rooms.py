"""A database whose access is the same every time, for the views of the access pane."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg

from console import assets
from console.access.persona import Persona
from console.connection.embedded import EmbeddedServer
from console.connection.profile import Profile
from tests.access import cast

ADA = cast.user(cast.ADA)
BERT = cast.user(cast.BERT)

ROOMS = f"""
create table users (id uuid primary key, email text, name text);
insert into users values ('{cast.ADA}', 'ada@example.com', 'Ada'),
                         ('{cast.BERT}', 'bert@example.com', 'Bert');
create table notes (id int primary key, owner uuid, title text);
create table rooms (id int primary key, owner uuid, size int);
create table prices (id int primary key, divisor int);
create table audit (id int primary key);
create table news (id int primary key);
create table empty (id int primary key);
insert into notes select n, case when n % 3 = 0 then '{cast.ADA}'::uuid
                              when n % 3 = 1 then '{cast.BERT}'::uuid end, 'note ' || n
  from generate_series(1, 40) n;
insert into rooms select n, case when n < 9 then '{cast.ADA}'::uuid end, n * 10
  from generate_series(1, 12) n;
insert into prices select n, n - 3 from generate_series(1, 5) n;
insert into audit select generate_series(1, 7);
insert into news select generate_series(1, 3);
create index on notes (owner);
create index on rooms (owner);
do $$
declare name text;
begin
  foreach name in array array['users', 'notes', 'rooms', 'prices', 'audit', 'news', 'empty']
  loop
    execute format('alter table %I enable row level security', name);
  end loop;
end $$;
grant select on users, news, prices, empty to anon, authenticated;
grant select, insert, update, delete on notes, rooms to authenticated;
create policy users_own on users for select to authenticated using (id = (select auth.uid()));
create policy notes_read on notes for select to authenticated using (owner = (select auth.uid()));
create policy notes_write on notes for insert to authenticated
  with check (owner = (select auth.uid()));
create policy notes_change on notes for update to authenticated using (id > 30);
create policy rooms_own on rooms to authenticated using (owner = (select auth.uid()));
create policy prices_read on prices for select to authenticated using (10 / divisor > 0);
create policy news_read on news for select to anon, authenticated using (true);
create policy empty_read on empty for select to authenticated using (true);
analyze;
"""

SLOW = """
create function drag() returns boolean language plpgsql stable as
  'begin perform pg_sleep(60); return true; end';
create table quick (id int primary key);
create table slow (id int primary key);
insert into quick values (1), (2);
insert into slow values (1);
alter table quick enable row level security;
alter table slow enable row level security;
grant select on quick, slow to authenticated;
create policy p on quick to authenticated using (id < 5);
create policy p on slow to authenticated using (drag());
analyze;
"""


def made(server: EmbeddedServer, name: str, script: str) -> Iterator[Profile]:
    """Makes a database of a fixed name, and drops it."""
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        connection.execute(f"drop database if exists {name} with (force)".encode())
        connection.execute(f"create database {name} template template0".encode())
    with psycopg.connect(server.dsn(name), autocommit=True) as connection:
        connection.execute(assets.schema_file(assets.PLAIN_POSTGRES).read_bytes())
        connection.execute(script.encode())
    yield server.profile(name)
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        connection.execute(f"drop database {name} with (force)".encode())


def named(role: str) -> Persona:
    """A persona of a role."""
    from console.access.persona import of_role

    return of_role(role)
