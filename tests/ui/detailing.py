"""A database with rows worth looking into, and the way into them."""

from __future__ import annotations

from typing import Any

from textual.pilot import Pilot

from console.browse.source import open_source
from console.browse.window import Window
from console.catalog.relations import find_relation
from console.connection.session import Session
from console.ui.connections import BROWSE
from console.ui.tables.pane import TablesPane
from console.ui.tables.record import Record
from console.ui.tables.view import View
from tests.ui.screen import until

LIBRARY = """
create schema lib;
create table lib.authors (
  id int primary key, name text not null, email text, born date,
  about text, notes jsonb, face bytea, tags text[], shelf text[][]);
comment on column lib.authors.about is 'As the publisher tells it';
create table lib.books (
  id int primary key, author int not null references lib.authors on delete cascade,
  title text default 'untitled', price numeric(8,2));
create index on lib.books (author);
create table lib.loans (
  book int references lib.books, reader text, since date default '2026-01-01',
  primary key (book, reader));
insert into lib.authors values
  (1, 'Ada', 'ada@example.test', '1815-12-10',
   repeat('It is desirable to guard against the possibility of exaggerated ideas. ', 40),
   '{"id": 1, "tags": ["a", "b"], "address": {"city": "London", "geo": [51.50, -0.1200]},
     "note": null, "active": true, "big": 12345678901234567890.10}',
   decode('48656c6c6f2c20776f726c6421000102ff', 'hex'), '{one,"two, three",NULL}',
   '[0:1][5:6]={{a,b},{c,d}}'),
  (2, 'Bert', null, 'infinity', '', '[]', '', '{}', null),
  (3, 'Carol', 'carol@example.test', '0044-03-15 BC', E'line one\\nline two', 'null',
   null, null, null);
insert into lib.books select n, 1 + n % 2, 'Book ' || n, n * 1.5 from generate_series(1, 12) n;
insert into lib.loans select n, 'reader ' || n from generate_series(1, 12) n;
insert into lib.loans select 1, 'more ' || n from generate_series(1, 1100) n;
alter table lib.books enable row level security;
create policy everybody_reads on lib.books for select using (true);
create policy cheap_ones on lib.books as restrictive for update to postgres
  using (price < 100) with check (price > 0);
comment on policy everybody_reads on lib.books is 'A library is for reading';
alter table lib.books add constraint fair check (price > 0) not valid;
create index pricey on lib.books (price) where price > 3;
create function lib.touched() returns trigger language plpgsql as $$ begin return new; end $$;
create trigger touched before update or delete on lib.books
  for each row execute function lib.touched();
alter table lib.books disable trigger touched;
grant select, insert on lib.books to public;
create view lib.shelf as select title, price from lib.books;
create view lib.slow as select pg_sleep(60)::text as slept;
create table lib.nothing ();
insert into lib.nothing default values;
create table lib.people (id uuid primary key, email text, code text);
insert into lib.people values
  ('5b7e4b4e-0000-4000-8000-000000000001', 'ada@example.test', '[red]x[/] \\x1b');
create table lib.huge (id int primary key, words text, doc json, bytes bytea);
alter table lib.huge alter words set storage external;
insert into lib.huge select 1, repeat('0123456789', 10000000),
  (select json_agg(json_build_object('id', g, 'name', 'name ' || g, 'tags', '[1,2]'::json))
   from generate_series(1, 200000) g),
  decode(repeat('00112233445566778899aabbccddeeff', 100000), 'hex');
analyze;
"""


async def laid_over(pilot: Pilot[Any], view: View) -> None:
    """Lays a view over the rows."""
    await pilot.app.screen.query_one(TablesPane).contents.show_view(view)
    await pilot.pause()


async def look_into(pilot: Pilot[Any], table: str, index: int = 0) -> Record:
    """Opens a row in full and waits until it is read."""
    await until(pilot, lambda: any(pane.listed for pane in pilot.app.screen.query(TablesPane)))
    pane = pilot.app.screen.query_one(TablesPane)

    async def eyes() -> Session:
        return await pane.connections.open(BROWSE)

    session = await eyes()
    window = Window(await open_source(session, await find_relation(session, table)))
    await window.open()
    record = Record(pane.connections, window, index, eyes, own=True)
    await laid_over(pilot, record)
    await until(pilot, lambda: record.read is not None and not record.is_busy)
    return record
